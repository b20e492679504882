/** An IP address as the numbers that ranges are compared with. */
import { type Address, addressBytes } from '../../../core/net/address.js';

export interface IpNumber {
  readonly family: 4 | 6;
  /** 32 bits each, the highest first: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
}

/** `address` is an IP. An IPv4 address written as IPv6 (`::ffff:1.2.3.4`) counts as IPv4, as in V2Ray. */
export function ipNumberOf(address: Address): IpNumber {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new RangeError(`no IP address: ${address.host}`);
  return ipNumberOfBytes(bytes);
}

/** Of 4 or 16 bytes. */
export function ipNumberOfBytes(bytes: Uint8Array): IpNumber {
  if (bytes.length === 4) return { family: 4, words: [wordAt(bytes, 0)] };
  const words = [wordAt(bytes, 0), wordAt(bytes, 4), wordAt(bytes, 8), wordAt(bytes, 12)];
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return { family: 4, words: [words[3]!] };
  return { family: 6, words };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
