/** packetaddr on the client: an outbound whose UDP is one flow of packets with their own addresses. */
import type { ConnContext, PacketEncoding } from '../../contract/conn-context.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { PacketAddrLink, packetAddrDestination } from './link.js';
import { PacketAddrStreamLink, packetAddrStreamDestination } from './stream-link.js';

/** A packet each, or segments of a stream. */
export type PacketAddrForm = 'packet' | 'stream';

export class PacketAddrClient implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[] | undefined;
  readonly #inner: Outbound;
  readonly #form: PacketAddrForm;

  /** Owns `inner`. */
  constructor(inner: Outbound, form: PacketAddrForm) {
    this.#inner = inner;
    this.#form = form;
    this.tag = inner.tag;
    this.levels = inner.levels;
  }

  /** The form has no names. Packets to one go as plain UDP, for the server to look it up; v2ray-core looks it up here. */
  fullCone(destination: Destination): boolean {
    return destination.address.kind !== 'domain' || (this.#inner.fullCone?.(destination) ?? false);
  }

  open(context: ConnContext): Promise<Link> {
    return this.#inner.open(context);
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    if (context.destination.address.kind === 'domain') return this.#inner.openPackets(context);
    if (this.#form === 'stream') {
      return new PacketAddrStreamLink(
        await this.#inner.open({ ...context, destination: packetAddrStreamDestination }),
      );
    }
    return new PacketAddrLink(
      await this.#inner.openPackets({ ...context, destination: packetAddrDestination }),
    );
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** An outbound whose UDP is plain unless an inbound asks for packetaddr (v2ray-core 5 sets that at its inbounds). */
export class PacketAddrOffer implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[] | undefined;
  readonly #inner: Outbound;
  readonly #encoded: Readonly<Record<PacketEncoding, Outbound>>;

  /** Owns `inner`. */
  constructor(inner: Outbound) {
    this.#inner = inner;
    this.tag = inner.tag;
    this.levels = inner.levels;
    this.#encoded = {
      packetaddr: new PacketAddrClient(inner, 'packet'),
      'packetaddr-stream': new PacketAddrClient(inner, 'stream'),
    };
  }

  fullCone(destination: Destination): boolean {
    return this.#inner.fullCone?.(destination) ?? false;
  }

  packetEncoded(encoding: PacketEncoding): Outbound {
    return this.#encoded[encoding];
  }

  open(context: ConnContext): Promise<Link> {
    return this.#inner.open(context);
  }

  openPackets(context: ConnContext): Promise<PacketLink> {
    return this.#inner.openPackets(context);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
