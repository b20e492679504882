/** What is wrong with a subscription as a whole. */
import { TsrayError } from '../../core/errors.js';

/** `found` begins with that word. */
export function subscriptionFault(found: string, hint?: string): TsrayError {
  const message = `expected a list of links, plain or as base64, or a configuration of Clash, sing-box or V2Ray, ${found}`;
  return new TsrayError('ERR_SUBSCRIPTION', message, hint === undefined ? {} : { hint });
}
