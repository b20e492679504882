/** Addresses as users write them: whether they are valid, what to advise, and their settings. */
import { type Address, parseAddress } from '../../core/net/address.js';

const nameCharacters = /^[\p{L}\p{M}\p{N}._-]+$/u;

/** An IP; one with a zone (`%eth0`) cannot be kept and is none. */
export function isIp(given: string): boolean {
  return parseAddress(given).kind !== 'domain' && !given.includes('%');
}

/** An IP, or something that can be a name. */
export function isAddress(given: string): boolean {
  const { kind, host } = parseAddress(given);
  return kind === 'domain' ? host.length <= 253 && nameCharacters.test(host) : isIp(given);
}

export function adviseAddress(given: string): string | undefined {
  const host = given.trim();
  if (host.includes('://')) return 'Write the host alone, without scheme and path.';
  if (/^(?:\[[^\]]*\]|[^/:]+):\d+$/.test(host)) return 'Write the host alone; the port has a key of its own.';
  if (host.includes('%')) return 'Leave the zone (% and what follows) out.';
  if (host.includes('/')) return 'Write the host alone, without path or prefix length.';
  return undefined;
}

export interface Redirect {
  readonly host?: string;
  readonly port?: number;
}

/** V2Ray's freedom `redirect`: `host:port`, `:port`, `host:0`, IPv6 in brackets. Undefined if it is none of them. */
export function parseRedirect(given: string): Redirect | undefined {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(given.trim());
  if (parts === null || Number(parts[3]) > 65535) return undefined;
  const host = parts[1] ?? parts[2] ?? '';
  if (host !== '' && !isAddress(host)) return undefined;
  const port = Number(parts[3]);
  return {
    ...(host === '' ? {} : { host: parseAddress(host).host }),
    ...(port === 0 ? {} : { port }),
  };
}

/** No particular local address. */
export function isWildcard(address: Address): boolean {
  return address.host === '0.0.0.0' || address.host === '::';
}
