/** Two mKCP sessions, joined by a simulated network in simulated time: loss, delay, reordering. */
import type { KcpLimits } from '../../src/transport/kcp/limits.js';
import { KcpSession } from '../../src/transport/kcp/session.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';

export interface NetworkOptions {
  /** Part of the datagrams that is lost, each way. */
  readonly loss: number;
  /** One way. */
  readonly delayMs: number;
  /** Up to so much more, at random: later datagrams overtake earlier ones. */
  readonly jitterMs?: number;
  /** Part of the datagrams that arrives twice. */
  readonly duplicates?: number;
  readonly seed?: number;
  /** Bytes per millisecond each way; what finds more than `queueBytes` waiting is lost. */
  readonly rate?: number;
  readonly queueBytes?: number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** One side: a session and what a driver of it does. */
export class Station {
  readonly session: KcpSession;
  readonly #network: KcpNetwork;
  /** What it has read. */
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  /** Datagrams it has sent. */
  sent = 0;
  sentBytes = 0;
  reading = true;
  /** Called after every event; writes more, closes. */
  drive: (station: Station) => void = () => undefined;
  #flushAtMs = 0;
  readonly #scratch = new Uint8Array(64 * 1024);

  constructor(network: KcpNetwork, limits: KcpLimits, deliver: (datagram: Uint8Array) => void) {
    this.#network = network;
    const room = new Uint8Array(2048);
    this.session = new KcpSession({
      conversation: 7,
      limits,
      nowMs: network.nowMs,
      writer: {
        room,
        start: 0,
        finish: (end) => {
          this.sent += 1;
          this.sentBytes += end;
          deliver(room.slice(0, end));
        },
      },
    });
    this.#arm();
  }

  get nowMs(): number {
    return this.#network.nowMs;
  }

  arrived(datagram: Uint8Array): void {
    this.session.input(datagram, this.nowMs);
    this.settle();
  }

  settle(): void {
    const { session } = this;
    for (;;) {
      if (this.reading) this.#read();
      this.drive(this);
      if (!session.wantsFlush(this.nowMs)) break;
      session.flush(this.nowMs);
      this.#arm();
    }
  }

  #read(): void {
    for (;;) {
      const count = this.session.read(this.#scratch);
      if (count === 0) return;
      this.received.push(this.#scratch.slice(0, count));
      this.receivedBytes += count;
    }
  }

  #arm(): void {
    if (this.session.state === 'terminated') return;
    const atMs = this.nowMs + this.session.nextFlushMs;
    this.#flushAtMs = atMs;
    this.#network.at(atMs, () => {
      if (this.#flushAtMs !== atMs) return;
      this.session.flush(this.nowMs);
      this.#arm();
      this.settle();
    });
  }
}

export class KcpNetwork {
  nowMs = 1_000;
  readonly random: SeededRandom;
  readonly #options: NetworkOptions;
  readonly #events: Event[] = [];
  #order = 0;
  readonly client: Station;
  readonly server: Station;
  /** Loses everything while true. */
  cut = false;

  constructor(options: NetworkOptions, clientLimits: KcpLimits, serverLimits = clientLimits) {
    this.#options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.client = new Station(
      this,
      clientLimits,
      this.#pipe(() => this.server),
    );
    this.server = new Station(
      this,
      serverLimits,
      this.#pipe(() => this.client),
    );
  }

  at(atMs: number, run: () => void): void {
    const event = { atMs, order: this.#order, run };
    this.#order += 1;
    // A heap: thousands of datagrams are under way.
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!earlier(event, events[parent]!)) break;
      events[at] = events[parent]!;
      at = parent;
    }
    events[at] = event;
  }

  /** Lets time pass until `done`, or for `limitMs`; returns whether it was done. */
  run(done: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    this.client.settle();
    this.server.settle();
    while (!done()) {
      const due = this.#events[0];
      if (due === undefined || due.atMs > endMs) {
        this.nowMs = endMs;
        return false;
      }
      this.#next();
      this.nowMs = due.atMs;
      due.run();
    }
    return true;
  }

  #pipe(to: () => Station): (datagram: Uint8Array) => void {
    const { loss, delayMs, jitterMs = 0, duplicates = 0, rate, queueBytes = 256 * 1024 } = this.#options;
    let freeAtMs = 0;
    return (datagram) => {
      if (this.cut || this.random.fraction() < loss) return;
      let leavesMs = this.nowMs;
      if (rate !== undefined) {
        if (freeAtMs - this.nowMs > queueBytes / rate) return;
        freeAtMs = Math.max(freeAtMs, this.nowMs) + datagram.length / rate;
        leavesMs = freeAtMs;
      }
      const copies = this.random.fraction() < duplicates ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const atMs = leavesMs + delayMs + this.random.fraction() * jitterMs;
        this.at(atMs, () => to().arrived(datagram.slice()));
      }
    };
  }

  #next(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && earlier(events[child + 1]!, events[child]!)) child += 1;
      if (!earlier(events[child]!, last)) break;
      events[at] = events[child]!;
      at = child;
    }
    events[at] = last;
    return first;
  }
}

function earlier(a: Event, b: Event): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}
