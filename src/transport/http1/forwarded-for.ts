/** X-Forwarded-For, for servers behind a proxy that sets it. */
import { type Address, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';

/** The first address in the header is the client, as V2Ray has it; without a usable one it stays `source`. */
export function forwardedFor(header: string | undefined, source: Destination): Destination {
  const first = header?.split(',', 1)[0]?.trim();
  const address: Address | undefined = first === undefined ? undefined : parseAddress(first);
  if (address === undefined || address.kind === 'domain') return source;
  return { network: 'tcp', address, port: 0 };
}
