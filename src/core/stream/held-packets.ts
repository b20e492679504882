/** A packet link whose first datagrams can be looked at before its next owner starts it. */
import { later } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { FirstPackets } from './first-packets.js';
import type { PacketLink, PacketSink } from './link.js';
import { PendingPackets } from './pending-packets.js';

type HeldState =
  /** Nobody has looked: the link is not read. */
  | { readonly name: 'unread' }
  | { readonly name: 'holding' }
  | { readonly name: 'started'; readonly sink: PacketSink }
  | { readonly name: 'gone'; readonly error: TsrayError | undefined };

export class HeldPackets implements PacketLink, FirstPackets {
  readonly #link: PacketLink;
  readonly #pending = new PendingPackets();
  #state: HeldState = { name: 'unread' };
  #onNext: ((packet: Uint8Array) => void) | undefined;

  /** Owns `link`. If nobody looks at its datagrams, whoever starts it gets those of `link` itself. */
  constructor(link: PacketLink) {
    this.#link = link;
  }

  get waiting(): readonly Uint8Array[] {
    return this.#pending.list.map(({ bytes }) => bytes);
  }

  whenNext(action: (packet: Uint8Array) => void): () => void {
    this.#onNext = action;
    if (this.#state.name === 'unread') {
      this.#state = { name: 'holding' };
      this.#link.start({
        packet: (bytes, remote) => this.#received(bytes, remote),
        closed: (error) => this.#closed(error),
      });
    }
    return () => {
      if (this.#onNext === action) this.#onNext = undefined;
    };
  }

  start(sink: PacketSink): void {
    const state = this.#state;
    if (state.name === 'unread') {
      this.#link.start(sink);
      return;
    }
    if (state.name === 'gone') {
      this.#pending.takeAll();
      later(() => sink.closed(state.error));
      return;
    }
    this.#state = { name: 'started', sink };
    const pending = this.#pending.takeAll();
    later(
      () => {
        for (const { bytes, destination } of pending) {
          if (this.#state.name === 'started') sink.packet(bytes, destination);
        }
      },
      (error) => this.destroy(error),
    );
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    return this.#link.send(bytes, remote);
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

  #received(bytes: Uint8Array, remote: Destination): void {
    if (this.#state.name === 'started') this.#state.sink.packet(bytes, remote);
    else if (this.#pending.add(bytes, remote)) this.#onNext?.(bytes);
  }

  #closed(error: TsrayError | undefined): void {
    const state = this.#state;
    this.#state = { name: 'gone', error };
    this.#pending.takeAll();
    if (state.name === 'started') state.sink.closed(error);
  }
}
