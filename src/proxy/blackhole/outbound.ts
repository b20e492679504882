/** The blackhole outbound: ends every connection, with an HTTP refusal first if the configuration asks for one. */

import type { Outbound } from '../../contract/outbound.js';
import type { Clock, Timer } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink, PacketLink, PacketSink } from '../../core/stream/link.js';
import { SinkGate } from '../../core/stream/sink-gate.js';
import type { BlackholeSettings } from './settings.js';

/** V2Ray 4.34's answer: bare line feeds, and one empty line more than HTTP needs. */
const refusal = Buffer.from(
  'HTTP/1.1 403 Forbidden\nConnection: close\nCache-Control: max-age=3600, public\nContent-Length: 0\n\n\n',
  'latin1',
);

/** So that the client has read the answer before its connection ends. */
const lingerMs = 1_000;

export interface BlackholeDeps {
  readonly tag: string;
  readonly settings: BlackholeSettings;
  readonly clock: Clock;
}

export function createBlackholeOutbound(deps: BlackholeDeps): Outbound {
  const answer = deps.settings.response === 'http' ? refusal : undefined;
  return {
    tag: deps.tag,
    open: () => Promise.resolve(new BlackholeLink(deps.clock, answer)),
    openPackets: () => Promise.resolve(new BlackholePackets()),
    close: () => Promise.resolve(),
  };
}

/** Takes everything written to it, delivers the answer, and ends. Nothing is delivered from within a call. */
class BlackholeLink implements Link {
  readonly #clock: Clock;
  #answer: Uint8Array | undefined;
  readonly #gate = new SinkGate();
  #timer: Timer | undefined;

  constructor(clock: Clock, answer: Uint8Array | undefined) {
    this.#clock = clock;
    this.#answer = answer;
  }

  start(sink: LinkSink): void {
    if (this.#gate.start(sink)) this.#goOnSoon();
  }

  pause(): void {
    this.#gate.pause();
  }

  resume(): void {
    if (this.#gate.resume()) this.#goOnSoon();
  }

  write(): boolean {
    return true;
  }

  /** The mark is fixed. */
  limitQueue(): void {}

  remainingChunks(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  end(): void {}

  close(): void {
    this.#finish(undefined);
  }

  destroy(error?: TsrayError): void {
    this.#finish(error);
  }

  #goOnSoon(): void {
    later(() => {
      if (this.#gate.flowing && this.#timer === undefined) this.#goOn();
    });
  }

  #goOn(): void {
    const answer = this.#answer;
    if (answer === undefined) {
      this.#finish(undefined);
      return;
    }
    this.#answer = undefined;
    this.#timer = this.#clock.setTimer(lingerMs, () => this.#finish(undefined));
    this.#gate.data(answer);
  }

  #finish(error: TsrayError | undefined): void {
    this.#timer?.cancel();
    this.#gate.leaveSoon(error);
  }
}

/** Datagrams have no connection that an answer could refuse: the session ends at once. */
class BlackholePackets implements PacketLink {
  #sink: PacketSink | undefined;
  #told = false;
  #error: TsrayError | undefined;

  start(sink: PacketSink): void {
    this.#sink = sink;
    later(() => this.#finish());
  }

  send(): boolean {
    return false;
  }

  /** Nothing here keeps a process running. */
  ref(): void {}

  unref(): void {}

  close(): void {
    later(() => this.#finish());
  }

  destroy(error?: TsrayError): void {
    this.#error ??= error;
    later(() => this.#finish());
  }

  #finish(): void {
    if (this.#told || this.#sink === undefined) return;
    this.#told = true;
    this.#sink.closed(this.#error);
  }
}
