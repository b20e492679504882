/** The client's end of a UDP ASSOCIATE: a packet link over a socket and the TCP connection that stands for it. */
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink, PacketSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { decodePacket, encodePacketHeader } from './packet.js';

export class SocksPacketLink implements PacketLink {
  readonly #control: Link;
  readonly #packets: PacketLink;
  readonly #relay: Destination;
  #sink: PacketSink | undefined;
  #controlGone = false;
  #packetsGone = false;
  #closing = false;
  #error: TsrayError | undefined;
  /** Packets mostly go where the one before went. */
  #lastRemote: Destination | undefined;
  #lastHeader: Uint8Array = new Uint8Array(0);

  /** Owns both links. `relay`: where the server takes datagrams. */
  constructor(control: Link, packets: PacketLink, relay: Destination) {
    this.#control = control;
    this.#packets = packets;
    this.#relay = relay;
    control.start({
      data() {},
      end: () => this.#ended(undefined),
      drain() {},
      closed: (error) => {
        this.#controlGone = true;
        this.#ended(error);
        this.#finished();
      },
    });
    packets.start({
      packet: (bytes, from) => this.#received(bytes, from),
      closed: (error) => {
        this.#packetsGone = true;
        this.#ended(error);
        this.#finished();
      },
    });
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    this.#finished();
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (this.#closing) return false;
    if (remote !== this.#lastRemote) {
      this.#lastHeader = encodePacketHeader(remote);
      this.#lastRemote = remote;
    }
    const header = this.#lastHeader;
    const length = header.length + bytes.length;
    const scratch = takeScratch(length);
    try {
      scratch.set(header);
      scratch.set(bytes, header.length);
      return this.#packets.send(scratch.subarray(0, length), this.#relay);
    } finally {
      releaseScratch();
    }
  }

  ref(): void {
    this.#control.ref();
    this.#packets.ref();
  }

  unref(): void {
    this.#control.unref();
    this.#packets.unref();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#control.close();
    this.#packets.close();
  }

  destroy(error?: TsrayError): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#error ??= error;
    this.#control.destroy(error);
    this.#packets.destroy(error);
  }

  #received(bytes: Uint8Array, from: Destination): void {
    const { address, port } = this.#relay;
    // Strangers may know the port. A name of the relay's was left to another outbound, which knows who answers.
    const known = from.port === port && (from.address.host === address.host || address.kind === 'domain');
    const packet = known ? decodePacket(bytes) : undefined;
    if (packet === undefined || this.#closing) return;
    this.#sink?.packet(packet.payload, { network: 'udp', ...packet.remote });
  }

  /** One of the two went away: so does the other. */
  #ended(error: TsrayError | undefined): void {
    if (this.#closing) return;
    const upstream = new TsrayError('ERR_UPSTREAM', 'the upstream SOCKS server ended the UDP association');
    this.destroy(error ?? upstream);
  }

  #finished(): void {
    if (!this.#controlGone || !this.#packetsGone) return;
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#sink = undefined;
    later(() => sink.closed(this.#error));
  }
}
