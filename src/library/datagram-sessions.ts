/** Datagrams of one socket, sorted into packet links of an outbound: one for each destination, or one for all. */
import type { Outbound } from '../contract/outbound.js';
import type { Clock, Timer } from '../core/clock.js';
import { TsrayError, toTsrayError } from '../core/errors.js';
import type { Destination } from '../core/net/destination.js';
import type { PacketLink } from '../core/stream/link.js';
import { PendingRoom } from '../core/stream/pending-packets.js';

/** Sessions at once; a further one takes the place of the one quiet for longest. */
const maxSessions = 256;

export interface DatagramSessionsDeps {
  readonly outbound: Pick<Outbound, 'fullCone'>;
  readonly open: (destination: Destination, signal: AbortSignal, fullCone: boolean) => Promise<PacketLink>;
  /** A lent datagram and where it came from. */
  readonly onPacket: (bytes: Uint8Array, remote: Destination) => void;
  readonly clock: Clock;
  /** A session without a packet for this long ends. */
  readonly idleMs: number;
}

/** Told of the fate of one datagram: undefined once it was handed on. */
export type Sent = (error: TsrayError | undefined) => void;

export class DatagramSessions {
  readonly #deps: DatagramSessionsDeps;
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Session>();
  #holds = true;

  constructor(deps: DatagramSessionsDeps) {
    this.#deps = deps;
  }

  /** Sends bytes that are not lent; `sent` is called once, never from within. */
  send(bytes: Uint8Array, destination: Destination, sent: Sent): void {
    const { outbound } = this.#deps;
    const fullCone = outbound.fullCone?.(destination) ?? false;
    const key = fullCone ? '' : `${destination.address.host} ${destination.port}`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      if (this.#sessions.size >= maxSessions) this.#evict();
      const made = new Session(this.#deps, destination, fullCone, () => {
        if (this.#sessions.get(key) === made) this.#sessions.delete(key);
      });
      session = made;
      if (!this.#holds) session.unref();
    } else {
      this.#sessions.delete(key);
    }
    this.#sessions.set(key, session);
    session.send(bytes, destination, sent);
  }

  /** Whether sessions, also later ones, keep the process running. */
  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    this.#holds = referenced;
    for (const session of this.#sessions.values()) {
      if (referenced) session.ref();
      else session.unref();
    }
  }

  close(): void {
    for (const session of [...this.#sessions.values()]) session.close();
    this.#sessions.clear();
  }

  #evict(): void {
    for (const [key, oldest] of this.#sessions) {
      this.#sessions.delete(key);
      oldest.close();
      return;
    }
  }
}

interface Waiting {
  /** Not lent. */
  readonly bytes: Uint8Array;
  readonly destination: Destination;
  readonly sent: Sent;
}

class Session {
  readonly #deps: DatagramSessionsDeps;
  readonly #ended: () => void;
  readonly #aborter = new AbortController();
  readonly #timer: Timer;
  #link: PacketLink | undefined;
  #waiting: Waiting[] = [];
  readonly #room = new PendingRoom();
  #over = false;
  #holds = true;

  constructor(deps: DatagramSessionsDeps, destination: Destination, fullCone: boolean, ended: () => void) {
    this.#deps = deps;
    this.#ended = ended;
    this.#timer = deps.clock.setTimer(deps.idleMs, () => this.close());
    // The link keeps the process running, if it shall.
    this.#timer.unref();
    deps.open(destination, this.#aborter.signal, fullCone).then(
      (link) => this.#opened(link),
      (error: unknown) => this.#finish(toTsrayError(error, 'ERR_DIAL_FAILED')),
    );
  }

  send(bytes: Uint8Array, destination: Destination, sent: Sent): void {
    this.#timer.refresh();
    if (this.#link === undefined) {
      if (!this.#room.take(bytes.length)) {
        queueMicrotask(() => sent(new TsrayError('ERR_LIMIT', 'too many datagrams wait for the server')));
        return;
      }
      this.#waiting.push({ bytes, destination, sent });
      return;
    }
    const taken = this.#link.send(bytes, destination);
    queueMicrotask(() =>
      sent(
        taken
          ? undefined
          : new TsrayError('ERR_LIMIT', 'the datagram is too large, or the server takes no more now'),
      ),
    );
  }

  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    this.#holds = referenced;
    if (referenced) this.#link?.ref();
    else this.#link?.unref();
  }

  close(): void {
    this.#finish(new TsrayError('ERR_CLOSED', 'the datagram session was closed'));
    this.#link?.close();
  }

  #opened(link: PacketLink): void {
    if (this.#over) {
      link.destroy();
      return;
    }
    this.#link = link;
    if (!this.#holds) link.unref();
    link.start({
      packet: (bytes, remote) => {
        if (this.#over) return;
        this.#timer.refresh();
        this.#deps.onPacket(bytes, remote);
      },
      closed: () => this.#finish(undefined),
    });
    for (const { bytes, destination, sent } of this.#takeWaiting()) this.send(bytes, destination, sent);
  }

  #finish(error: TsrayError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#aborter.abort();
    this.#ended();
    for (const { sent } of this.#takeWaiting()) sent(error);
  }

  #takeWaiting(): readonly Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { bytes } of waiting) this.#room.free(bytes.length);
    return waiting;
  }
}
