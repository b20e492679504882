/** Packets with their own addresses as segments of a byte stream (v2ray-core 5.52). */

import { packetAddrStreamHost } from '../../contract/magic-hosts.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink, PacketSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { decodePacketAddr, maxSegmentBytes, packetAddrHeader, SegmentDecoder } from './codec.js';

/** What such a stream is addressed to. */
export const packetAddrStreamDestination: Destination = {
  network: 'tcp',
  address: { kind: 'domain', host: packetAddrStreamHost },
  port: 0,
};

/** Either end: the form is the same in both directions. */
export class PacketAddrStreamLink implements PacketLink {
  readonly #link: Link;
  readonly #segments = new SegmentDecoder();
  #blocked = false;
  #over = false;
  /** Packets not sent or not understood. */
  dropped = 0;

  /** Owns `link`. */
  constructor(link: Link) {
    this.#link = link;
  }

  start(sink: PacketSink): void {
    this.#link.start({
      data: (bytes) => this.#received(bytes, sink),
      end: () => this.#ended(),
      drain: () => {
        this.#blocked = false;
      },
      closed: (error) => {
        this.#over = true;
        sink.closed(error);
      },
    });
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    const header = packetAddrHeader(remote.address, remote.port);
    const length = (header?.length ?? 0) + bytes.length;
    if (this.#over || this.#blocked || header === undefined || length > maxSegmentBytes) {
      this.dropped += 1;
      return false;
    }
    const scratch = takeScratch(2 + length);
    try {
      scratch[0] = length >>> 8;
      scratch[1] = length & 0xff;
      scratch.set(header, 2);
      scratch.set(bytes, 2 + header.length);
      if (!this.#link.write(scratch.subarray(0, 2 + length))) this.#blocked = true;
      return true;
    } finally {
      releaseScratch();
    }
  }

  ref(): void {
    this.#link.ref();
  }

  unref(): void {
    this.#link.unref();
  }

  close(): void {
    this.#over = true;
    this.#link.close();
  }

  destroy(error?: TsrayError): void {
    this.#over = true;
    this.#link.destroy(error);
  }

  #received(bytes: Uint8Array, sink: PacketSink): void {
    if (this.#over) return;
    try {
      this.#segments.push(bytes, (segment) => {
        if (this.#over) return;
        const packet = decodePacketAddr(segment);
        if (packet === undefined) this.dropped += 1;
        else sink.packet(packet.payload, { network: 'udp', address: packet.address, port: packet.port });
      });
    } catch (thrown) {
      this.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    }
  }

  #ended(): void {
    if (this.#segments.atBoundary) this.close();
    else this.destroy(new TsrayError('ERR_TRUNCATED', 'the packet stream ended in the middle of a packet'));
  }
}
