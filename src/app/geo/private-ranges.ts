/** `geoip:private`, which needs no file: the special-purpose ranges of IANA's registries that are no hosts of the internet. */
import { parseIpItem } from '../router/ip-item.js';
import { type IpRanges, IpRangesBuilder } from '../router/match/ip-ranges.js';

const ranges = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, and the metadata services of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, withdrawn
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '::/128',
  '::1/128',
  '64:ff9b:1::/48', // NAT64 of a local network
  '100::/64', // discard-only
  '2001:db8::/32', // documentation
  'fc00::/7', // unique local
  'fe80::/10', // link-local
  'ff00::/8', // multicast
] as const;

/** Code of the list. */
export const privateCode = 'PRIVATE';

let built: IpRanges | undefined;

export function privateRanges(): IpRanges {
  if (built !== undefined) return built;
  const builder = new IpRangesBuilder();
  for (const range of ranges) {
    const item = parseIpItem(range);
    if ('kind' in item && item.kind === 'prefix') builder.add(item.base, item.bits);
  }
  built = builder.build();
  return built;
}
