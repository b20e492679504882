/** IP addresses and CIDR ranges as users write them. */
import { type Address, parseAddress } from '../../core/net/address.js';
import { isIp } from './address.js';

export interface IpRange {
  /** An IP. */
  readonly address: Address;
  /** Bits that count. */
  readonly prefix: number;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone; undefined for anything else. */
export function parseIpRange(given: string): IpRange | undefined {
  const [host = '', bits, ...more] = given.trim().split('/');
  if (more.length > 0 || !isIp(host)) return undefined;
  const address = parseAddress(host);
  const longest = address.kind === 'ipv4' ? 32 : 128;
  if (bits === undefined) return { address, prefix: longest };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > longest) return undefined;
  return { address, prefix: Number(bits) };
}
