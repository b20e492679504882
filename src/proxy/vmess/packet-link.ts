/** The datagrams inside a VMess connection (command UDP): one chunk each, all to one destination. */
import type { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import type { BodyDecoder } from './body/codec.js';
import { type ChannelOptions, VmessChannel } from './channel.js';

/** Takes over `options.carrier`. `remote`: the destination of the request, the source of every reply. */
export function createVmessPacketLink(options: ChannelOptions, remote: Destination): VmessPacketLink {
  return new VmessPacketLink(options, remote);
}

export class VmessPacketLink extends VmessChannel implements PacketLink {
  readonly #remote: Destination;
  #sink: PacketSink | undefined;
  #congested = false;
  /** Packets not sent: too large, or the carrier was full. */
  dropped = 0;

  /** See `createVmessPacketLink`. */
  constructor(options: ChannelOptions, remote: Destination) {
    super(options);
    this.#remote = remote;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    this.open();
  }

  send(bytes: Uint8Array, _remote: Destination): boolean {
    if (this.outputIsOver || this.#congested) {
      this.dropped += 1;
      return false;
    }
    let sent = false;
    const writable = this.transmit(this.encoder.maxWireBytes(bytes.length), (encoder, out, offset) => {
      const end = encoder.encodePacket(bytes, out, offset);
      sent = end >= 0;
      return sent ? end : offset;
    });
    if (!writable) this.#congested = true;
    if (!sent) this.dropped += 1;
    return sent;
  }

  close(): void {
    this.finish();
  }

  destroy(error?: TsrayError): void {
    this.abort(error);
  }

  override carrierDrained(): void {
    this.#congested = false;
  }

  protected override payload(bytes: Uint8Array, decoder: BodyDecoder | undefined): void {
    // What is raw has no borders: a read is taken for a packet.
    const chunkEnds = decoder?.chunkEnds ?? [bytes.length];
    let start = 0;
    for (const end of chunkEnds) {
      if (end > start) this.#sink?.packet(bytes.subarray(start, end), this.#remote);
      start = end;
    }
  }

  protected override inputEnded(): void {
    // Datagrams have no half-close: the peer is done, so are we.
    this.finish();
  }

  protected override gone(error: TsrayError | undefined): void {
    this.#sink?.closed(error);
  }
}
