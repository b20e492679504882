/** A UDP session inside Mux as a PacketLink: to one destination, or (XUDP) with an address in every frame. */
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import type { Carrier } from './carrier.js';
import type { CarrierSession } from './carrier-session.js';
import { encodeFrameHeader } from './frame.js';

/** V2Ray's reader takes packets of one buffer and loses step over a longer one. */
export const plainPacketBytes = 2048;

/** Xray drops packets that with 666 bytes of headers exceed its buffer of 8192. */
export const xudpPacketBytes = 8192 - 666;

export interface PacketSessionOptions {
  readonly carrier: Carrier;
  readonly id: number;
  /** The session's destination: the source of packets that come without one (client), or their goal (server). */
  readonly target: Destination;
  /** The client's: New goes with its first packet. */
  readonly isClient: boolean;
  /** Frames carry addresses. The server's always do: those who do not know them skip them. */
  readonly addressed: boolean;
  readonly maxPacketBytes: number;
  /** The client's, 8 bytes. */
  readonly globalId?: Uint8Array | undefined;
  /** The session is over. */
  readonly ended?: () => void;
}

export class PacketSession implements PacketLink, CarrierSession {
  readonly id: number;
  readonly network = 'udp';
  readonly #options: PacketSessionOptions;
  readonly #carrier: Carrier;
  #sink: PacketSink | undefined;
  #newIsDue: boolean;
  #peerEnded = false;
  #over = false;
  #closedTold = false;
  #error: TsrayError | undefined;
  /** Packets mostly go where the one before went. */
  #lastRemote: Destination | undefined;
  #lastHeader: Uint8Array | undefined;
  /** Packets not sent: empty, too large, or the carrier was full. */
  dropped = 0;

  constructor(options: PacketSessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#carrier = options.carrier;
    this.#newIsDue = options.isClient;
    this.#carrier.add(this);
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#over) later(() => this.#tellClosed());
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    const fits = bytes.length > 0 && bytes.length <= this.#options.maxPacketBytes;
    if (this.#over || !fits || !this.#carrier.sendPacket(this.#header(remote), bytes)) {
      this.dropped += 1;
      return false;
    }
    if (this.#newIsDue) {
      this.#newIsDue = false;
      this.#lastHeader = undefined;
    }
    return true;
  }

  ref(): void {
    this.#carrier.hold(this, true);
  }

  unref(): void {
    this.#carrier.hold(this, false);
  }

  close(): void {
    this.#finish(this.#newIsDue || this.#peerEnded ? undefined : 'end', undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(this.#newIsDue || this.#peerEnded ? undefined : 'error', error);
  }

  receive(bytes: Uint8Array, target: Destination | undefined): void {
    if (!this.#over) this.#sink?.packet(bytes, target ?? this.#options.target);
  }

  peerEnded(aborted: boolean): void {
    this.#peerEnded = true;
    this.#finish(
      undefined,
      aborted ? new TsrayError('ERR_RESET', 'the Mux peer aborted the session') : undefined,
    );
  }

  /** Packets that find no room are dropped: nothing waits. */
  drained(): void {}

  /** A packet session holds nothing. */
  stalled(): void {}

  carrierGone(error: TsrayError): void {
    this.#finish(undefined, error);
  }

  #header(remote: Destination): Uint8Array {
    if (this.#lastHeader !== undefined && (remote === this.#lastRemote || !this.#options.addressed)) {
      return this.#lastHeader;
    }
    const { id, isClient, addressed, globalId, target } = this.#options;
    const shown = addressed ? remote : target;
    this.#lastRemote = remote;
    this.#lastHeader = encodeFrameHeader(
      {
        id,
        status: isClient && this.#newIsDue ? 'new' : 'keep',
        ...(this.#newIsDue || addressed ? { target: shown } : {}),
        ...(this.#newIsDue && globalId !== undefined ? { globalId } : {}),
      },
      true,
    );
    return this.#lastHeader;
  }

  #finish(goodbye: 'end' | 'error' | undefined, error: TsrayError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#carrier.remove(this, goodbye);
    this.#options.ended?.();
    if (this.#sink !== undefined) later(() => this.#tellClosed());
  }

  #tellClosed(): void {
    if (this.#closedTold) return;
    this.#closedTold = true;
    this.#sink?.closed(this.#error);
  }
}
