/** The target's end of a session of datagrams, for a handler that serves it. */

import { EventEmitter } from 'node:events';
import { later } from '../core/contain.js';
import type { TsrayError } from '../core/errors.js';
import type { Destination } from '../core/net/destination.js';
import type { PacketLink, PacketSink } from '../core/stream/link.js';
import { PendingPackets } from '../core/stream/pending-packets.js';
import { destinationOf, type Target } from './target.js';

/** Events of TargetDatagrams with their arguments. */
export interface TargetDatagramsEvents {
  /** A datagram from the client, and where it was sent to: the session's target. */
  message: [message: Buffer, target: Target];
  /** The session is over: the client went or was quiet for too long, somebody closed it, or `error` ended it. */
  close: [error: TsrayError | undefined];
}

/**
 * One client's datagrams to one target. As with UDP nothing is kept back: what comes while nobody listens is lost. A
 * session without a datagram in either direction ends after 60 s, or 30 s while fewer than three have gone each
 * way, or 2 s once all queries to port 53 are answered, and never later than the policy's `connIdle` says.
 */
export class TargetDatagrams extends EventEmitter<TargetDatagramsEvents> implements AsyncDisposable {
  readonly #end: SessionEnd;

  /** Handlers are given one; programs make none. */
  constructor(end: SessionEnd) {
    super();
    this.#end = end;
  }

  /** Whether the session is over. */
  get closed(): boolean {
    return this.#end.isOver;
  }

  /**
   * Sends one datagram to the client, text as UTF-8. `from`: where it seems to come from, by default the target; plain
   * VMess always says the target. False: dropped, since it is too large, the client takes no more now, or the session is
   * over. Throws ERR_USAGE for a `from` that is no host and port.
   */
  send(message: string | NodeJS.ArrayBufferView, from?: Target): boolean {
    const bytes =
      typeof message === 'string'
        ? Buffer.from(message)
        : new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    const { target } = this.#end;
    return this.#end.deliver(bytes, from === undefined ? target : destinationOf('udp', from.host, from.port));
  }

  /** Ends the session. The client's next datagram begins another. Idempotent. */
  close(): void {
    this.#end.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** The link that the relay gets; its other end is `datagrams`. */
export class SessionEnd implements PacketLink {
  readonly target: Destination;
  readonly datagrams: TargetDatagrams;
  readonly #shown: Target;
  #sink: PacketSink | undefined;
  /** Sent while the session opens. */
  readonly #early = new PendingPackets();
  #error: TsrayError | undefined;
  isOver = false;

  constructor(target: Destination) {
    this.target = target;
    this.#shown = { host: target.address.host, port: target.port };
    this.datagrams = new TargetDatagrams(this);
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.isOver) {
      later(() => sink.closed(this.#error));
      return;
    }
    const early = this.#early.takeAll();
    if (early.length === 0) return;
    later(
      () => {
        for (const { bytes, destination } of early) this.deliver(bytes, destination);
      },
      (error) => this.destroy(error),
    );
  }

  send(bytes: Uint8Array, _remote: Destination): boolean {
    if (this.isOver) return false;
    // Lent bytes are the program's to keep from here on.
    this.#tell(() => this.datagrams.emit('message', Buffer.from(bytes), this.#shown));
    return true;
  }

  /** A datagram to the client. */
  deliver(bytes: Uint8Array, from: Destination): boolean {
    if (this.isOver || bytes.length > maxPayloadBytes) return false;
    if (this.#sink === undefined) return this.#early.add(bytes, from);
    this.#sink.packet(bytes, from);
    return true;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  close(): void {
    this.#finish(undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(error);
  }

  #finish(error: TsrayError | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#error = error;
    this.#early.takeAll();
    const sink = this.#sink;
    later(() => {
      sink?.closed(error);
      this.#tell(() => this.datagrams.emit('close', error));
    });
  }

  /** A listener that throws is the program's affair, and harms no other session. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

/** Largest UDP payload over IPv4. */
const maxPayloadBytes = 65_507;
