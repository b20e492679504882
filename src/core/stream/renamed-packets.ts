/** A way for the datagrams of one destination that is opened under another name: the client knows its own address only. */
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink, PacketSink } from './link.js';

export class RenamedPackets implements PacketLink {
  readonly #link: PacketLink;
  readonly #asked: Destination;
  readonly #named: Destination;

  /** `asked`: what the client sends to and hears from; `named`: what `link` is told. */
  constructor(link: PacketLink, asked: Destination, named: Destination) {
    this.#link = link;
    this.#asked = asked;
    this.#named = named;
  }

  start(sink: PacketSink): void {
    this.#link.start({
      packet: (bytes) => sink.packet(bytes, this.#asked),
      closed: (error) => sink.closed(error),
    });
  }

  send(bytes: Uint8Array, _remote: Destination): boolean {
    return this.#link.send(bytes, this.#named);
  }

  ref(): void {
    this.#link.ref();
  }

  unref(): void {
    this.#link.unref();
  }

  close(): void {
    this.#link.close();
  }

  destroy(error?: TsrayError): void {
    this.#link.destroy(error);
  }
}
