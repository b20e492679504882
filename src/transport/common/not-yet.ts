/** Stands where a transport is still missing. */
import { TsrayError } from '../../core/errors.js';

export function notYet(network: string): never {
  throw new TsrayError('ERR_CONFIG_UNSUPPORTED', `the transport "${network}" is not supported by tsray yet`);
}
