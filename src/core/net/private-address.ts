/** Tells addresses that lead into this machine or its network from those of the internet. */
import { BlockList } from 'node:net';
import { type Address, addressBytes, ipv4FromBytes } from './address.js';

/** Ranges of the IANA special-purpose registry that are no hosts of the internet, and cloud metadata services. */
const ipv4Ranges: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // "this network"; 0.0.0.0 reaches this machine
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT; holds Alibaba's metadata, 100.100.100.200
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure's metadata and DNS
  ['169.254.0.0', 16], // link-local; holds the metadata of most clouds, 169.254.169.254
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments; holds Oracle's metadata, 192.0.0.192
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarking; used for made-up addresses by TUN clients
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
];

const ipv6Ranges: readonly (readonly [network: string, prefix: number])[] = [
  ['::', 128], // unspecified
  ['::1', 128], // loopback
  ['64:ff9b:1::', 48], // NAT64 of a local network: where it leads is not ours to know
  ['100::', 64], // discard-only
  ['fc00::', 7], // unique local; holds AWS's metadata, fd00:ec2::254
  ['fe80::', 10], // link-local
  ['fec0::', 10], // site-local, the predecessor of unique local
  ['ff00::', 8], // multicast
];

/** Prefixes in front of 4 bytes of IPv4; what counts is where those lead. */
const embeddings: readonly (readonly [prefixHex: string, offset: number])[] = [
  ['000000000000000000000000', 12], // IPv4-compatible, ::/96
  ['00000000000000000000ffff', 12], // IPv4-mapped, ::ffff:0:0/96
  ['0000000000000000ffff0000', 12], // IPv4-translated, ::ffff:0:0:0/96
  ['0064ff9b0000000000000000', 12], // NAT64, 64:ff9b::/96
  ['2002', 2], // 6to4
];

/** An interface identifier of ISATAP (RFC 5214): these 4 bytes at 8, the first two's universal bit aside, IPv4 at 12. */
const isatap = /^.{16}0[02]005efe/;

/** Teredo (RFC 4380): 2001::/32, the client's IPv4 at 12 with all bits inverted, the server's at 4. */
const teredo = /^20010000/;

const blocked = new BlockList();
for (const [network, prefix] of ipv4Ranges) blocked.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of ipv6Ranges) blocked.addSubnet(network, prefix, 'ipv6');

/**
 * Whether an IP address is loopback, private, CGNAT, link-local, unique local, multicast, unspecified, broadcast,
 * reserved, or a cloud's metadata service, in any of the forms in which IPv6 carries IPv4. Names must be resolved
 * first: for a name the answer is true.
 */
export function isPrivateAddress(address: Address): boolean {
  if (address.kind === 'domain') return true;
  if (blocked.check(address.host, address.kind)) return true;
  return address.kind === 'ipv6' && embeddedIPv4(addressBytes(address)!).some(isPrivateAddress);
}

/** IPv4 addresses that an IPv6 address (16 bytes) may lead to. */
function embeddedIPv4(bytes: Uint8Array): Address[] {
  const hex = Buffer.from(bytes).toString('hex');
  const found: Address[] = [];
  for (const [prefix, offset] of embeddings) {
    if (hex.startsWith(prefix)) found.push(ipv4FromBytes(bytes.subarray(offset, offset + 4)));
  }
  if (isatap.test(hex)) found.push(ipv4FromBytes(bytes.subarray(12)));
  if (teredo.test(hex)) {
    found.push(ipv4FromBytes(bytes.subarray(12).map((byte) => byte ^ 0xff)));
    found.push(ipv4FromBytes(bytes.subarray(4, 8)));
  }
  return found;
}
