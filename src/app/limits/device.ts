/** What counts as one device: an IPv4 address, or the /64 network of an IPv6 address, within which hosts change theirs. */
import { addressBytes, parseAddress } from '../../core/net/address.js';

export function deviceOf(host: string): string {
  const bytes = addressBytes(parseAddress(host));
  if (bytes === undefined || bytes.length !== 16) return host;
  return `${Buffer.from(bytes.subarray(0, 8)).toString('hex')}/64`;
}
