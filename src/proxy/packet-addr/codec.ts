/**
 * packetaddr (v2ray-core 5): a packet behind its address (docs/wire-format.md, section 14).
 *
 *     type 1 (1 IPv4, 2 IPv6) | IP | port 2, big-endian | payload
 *
 * The stream form (5.52) puts two bytes of length, not 0, in front of each.
 */
import { ByteQueue } from '../../core/bytes/queue.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, addressBytes, ipv4FromBytes, ipv6FromBytes } from '../../core/net/address.js';

export interface AddressedPacket {
  readonly address: Address;
  readonly port: number;
  /** A view. */
  readonly payload: Uint8Array;
}

const type = { ipv4: 1, ipv6: 2 } as const;

/** Bytes in front of the payload; undefined for a name, which the form cannot carry. */
export function packetAddrHeader(address: Address, port: number): Uint8Array | undefined {
  const ip = addressBytes(address);
  if (ip === undefined) return undefined;
  const header = new Uint8Array(1 + ip.length + 2);
  header[0] = ip.length === 4 ? type.ipv4 : type.ipv6;
  header.set(ip, 1);
  header[1 + ip.length] = port >>> 8;
  header[2 + ip.length] = port & 0xff;
  return header;
}

/** Undefined for one that is too short or of another type. */
export function decodePacketAddr(packet: Uint8Array): AddressedPacket | undefined {
  const ipBytes = packet[0] === type.ipv4 ? 4 : packet[0] === type.ipv6 ? 16 : 0;
  if (ipBytes === 0 || packet.length < 1 + ipBytes + 2) return undefined;
  const ip = packet.subarray(1, 1 + ipBytes);
  return {
    address: ipBytes === 4 ? ipv4FromBytes(ip) : ipv6FromBytes(ip),
    port: packet[1 + ipBytes]! * 256 + packet[2 + ipBytes]!,
    payload: packet.subarray(1 + ipBytes + 2),
  };
}

/** Longest segment of the stream form. */
export const maxSegmentBytes = 0xffff;

/** The stream form's bytes to segments: a push decoder. */
export class SegmentDecoder {
  readonly #held = new ByteQueue(2 + maxSegmentBytes);

  /** Between two segments. */
  get atBoundary(): boolean {
    return this.#held.length === 0;
  }

  /** Calls `segment` with a lent view of each that is complete. Throws ERR_PROTOCOL for one without length. */
  push(bytes: Uint8Array, segment: (bytes: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length) {
      const held = this.#held.length;
      if (held === 0 && bytes.length - at >= 2) {
        const length = lengthOf(bytes, at);
        const end = at + 2 + length;
        if (end <= bytes.length) {
          segment(bytes.subarray(at + 2, end));
          at = end;
          continue;
        }
      }
      const wanted = held < 2 ? 2 : 2 + lengthOf(this.#held.peek(), 0);
      const piece = bytes.subarray(at, at + wanted - held);
      this.#held.append(piece);
      at += piece.length;
      // A length of 0 is refused as soon as it is there.
      if (this.#held.length === 2) lengthOf(this.#held.peek(), 0);
      if (held < 2 || this.#held.length < wanted) continue;
      const whole = this.#held.peek();
      this.#held.consume(wanted);
      segment(whole.subarray(2));
    }
  }
}

function lengthOf(bytes: Uint8Array, at: number): number {
  const length = bytes[at]! * 256 + bytes[at + 1]!;
  if (length === 0) throw new TsrayError('ERR_PROTOCOL', 'packetaddr: a segment of no bytes');
  return length;
}
