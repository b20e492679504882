/** What to say when a port is taken. */
import { TsrayError } from '../core/errors.js';
import type { ListenAddress } from './listen-address.js';

/** `error`, or one with `hint` in its place if it is that the port is in use. */
export function inUseHint(error: unknown, { host, port }: ListenAddress, hint: string): unknown {
  const cause = error instanceof TsrayError ? (error.cause as { code?: string } | undefined) : undefined;
  if (cause?.code !== 'EADDRINUSE') return error;
  return new TsrayError('ERR_LISTEN', `port ${port} on ${host} is in use`, { hint, cause });
}
