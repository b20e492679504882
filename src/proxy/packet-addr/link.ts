/** Packets with their own addresses over a packet link that has one destination. */

import { packetAddrHost } from '../../contract/magic-hosts.js';
import type { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { decodePacketAddr, packetAddrHeader } from './codec.js';

/** What a flow of such packets is addressed to. */
export const packetAddrDestination: Destination = {
  network: 'udp',
  address: { kind: 'domain', host: packetAddrHost },
  port: 0,
};

/** Either end: the form is the same in both directions. */
export class PacketAddrLink implements PacketLink {
  readonly #inner: PacketLink;
  /** Packets mostly go where the one before went. */
  #lastRemote: Destination | undefined;
  #lastHeader: Uint8Array | undefined;
  /** Packets not sent or not understood. */
  dropped = 0;

  /** Owns `inner`. */
  constructor(inner: PacketLink) {
    this.#inner = inner;
  }

  start(sink: PacketSink): void {
    this.#inner.start({
      packet: (bytes) => {
        const packet = decodePacketAddr(bytes);
        if (packet === undefined) this.dropped += 1;
        else sink.packet(packet.payload, { network: 'udp', address: packet.address, port: packet.port });
      },
      closed: (error) => sink.closed(error),
    });
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (remote !== this.#lastRemote) {
      this.#lastHeader = packetAddrHeader(remote.address, remote.port);
      this.#lastRemote = remote;
    }
    const header = this.#lastHeader;
    const sent = header !== undefined && this.#sendWith(header, bytes);
    if (!sent) this.dropped += 1;
    return sent;
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  close(): void {
    this.#inner.close();
  }

  destroy(error?: TsrayError): void {
    this.#inner.destroy(error);
  }

  #sendWith(header: Uint8Array, bytes: Uint8Array): boolean {
    const length = header.length + bytes.length;
    const scratch = takeScratch(length);
    try {
      scratch.set(header);
      scratch.set(bytes, header.length);
      return this.#inner.send(scratch.subarray(0, length), packetAddrDestination);
    } finally {
      releaseScratch();
    }
  }
}
