/** An in-memory pair of packet links: what is sent on one end is delivered by the other at once. */
import type { TsrayError } from '../errors.js';
import type { Destination } from '../net/destination.js';
import type { PacketLink, PacketSink } from './link.js';

/** Two joined ends. A datagram for an end that nobody has started yet is dropped, as on a network. */
export function createPacketPipe(): readonly [PacketLink, PacketLink] {
  const a = new PacketPipeEnd();
  const b = new PacketPipeEnd();
  a.join(b);
  b.join(a);
  return [a, b];
}

type EndState =
  | { readonly name: 'open' }
  /** The sink has still to be told. */
  | { readonly name: 'closed'; readonly error: TsrayError | undefined };

class PacketPipeEnd implements PacketLink {
  #other: PacketPipeEnd | undefined;
  #sink: PacketSink | undefined;
  #state: EndState = { name: 'open' };

  join(other: PacketPipeEnd): void {
    this.#other = other;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    const state = this.#state;
    if (state.name === 'closed') queueMicrotask(() => sink.closed(state.error));
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    const sink = this.#other?.receiver;
    if (this.#state.name === 'closed' || sink === undefined) return false;
    sink.packet(bytes, remote);
    return true;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    this.#finish(error);
    const other = this.#other;
    if (other !== undefined) other.#finish(error);
  }

  /** Who gets what the other end sends. */
  get receiver(): PacketSink | undefined {
    return this.#state.name === 'open' ? this.#sink : undefined;
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#state.name === 'closed') return;
    this.#state = { name: 'closed', error };
    const sink = this.#sink;
    if (sink !== undefined) queueMicrotask(() => sink.closed(error));
  }
}
