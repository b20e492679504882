/** One list of addresses of a geoip.dat (GeoIP of V2Ray's app/router/config.proto) → ranges. Pure. */

import { FieldCursor, MalformedMessage } from '../../core/protobuf.js';
import { ipNumberOfBytes } from '../router/match/ip-number.js';
import { type IpRanges, IpRangesBuilder } from '../router/match/ip-ranges.js';

const geoipCidr = 2;
const cidrIp = 1;
const cidrPrefix = 2;

/** The field inverse_match is left alone, as V2Ray does: what is meant stands in the rule. Throws MalformedMessage. */
export function decodeAddresses(bytes: Uint8Array): IpRanges {
  const builder = new IpRangesBuilder();
  const list = new FieldCursor(bytes);
  const cidr = new FieldCursor(bytes);
  while (list.next()) {
    if (list.field !== geoipCidr) continue;
    let from = 0;
    let length = 0;
    let bits = 0;
    cidr.enter(list.from, list.to);
    while (cidr.next()) {
      if (cidr.field === cidrIp) {
        from = cidr.from;
        length = cidr.to - cidr.from;
      } else if (cidr.field === cidrPrefix) bits = cidr.value;
    }
    add(builder, bytes, from, length, bits);
  }
  return builder.build();
}

function add(builder: IpRangesBuilder, bytes: Uint8Array, from: number, length: number, bits: number): void {
  if ((length !== 4 && length !== 16) || bits > length * 8) {
    throw new MalformedMessage(`a range has ${length} bytes of address and a prefix of ${bits} bits`);
  }
  if (length === 4) {
    const word = (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
    builder.addV4(word >>> 0, bits);
    return;
  }
  const base = ipNumberOfBytes(bytes.subarray(from, from + length));
  // 96 bits of the form that carries IPv4 in IPv6 belong to the form itself.
  if (base.family === 6) builder.add(base, bits);
  else if (bits >= 96) builder.add(base, bits - 96);
  else throw new MalformedMessage('a range is partly IPv4 and partly IPv6');
}
