/**
 * What every link repeats towards its owner: which sink is due, whether it may be called, and that `end` and `closed`
 * come once. A link asks `flowing` before it delivers; what it reads, queues and sends is its own matter.
 *
 * ```text
 *   silent ──start──▶ flowing ◀──pause, resume──▶ paused      `pause` may come before `start`
 *     flowing, paused ──end──▶ ended                          the peer's end was delivered
 *     any ──close──▶ closing                                  the owner closed: it hears nothing but `closed`
 *     any ──leave──▶ gone                                     `closed` was delivered, or is due to whoever starts
 * ```
 */
import { later } from '../contain.js';
import type { TsrayError } from '../errors.js';
import type { LinkSink } from './link.js';

export type GateState = 'silent' | 'flowing' | 'paused' | 'ended' | 'closing' | 'gone';

export class SinkGate {
  #state: GateState = 'silent';
  /** Undefined before `start`, and once it has heard `closed`. */
  #sink: LinkSink | undefined;
  #error: TsrayError | undefined;

  get state(): GateState {
    return this.#state;
  }

  /** `data` and `end` may be delivered. */
  get flowing(): boolean {
    return this.#state === 'flowing';
  }

  get paused(): boolean {
    return this.#state === 'paused';
  }

  get gone(): boolean {
    return this.#state === 'gone';
  }

  /** The owner called `close`, or the link is gone. */
  get left(): boolean {
    return this.#state === 'closing' || this.#state === 'gone';
  }

  /** Whoever listens: for a link below that delivers to it directly from now on. */
  get sink(): LinkSink | undefined {
    return this.#sink;
  }

  /** From the owner. True: what waits for it may be delivered, though not from within this call. */
  start(sink: LinkSink): boolean {
    this.#sink = sink;
    if (this.#state === 'silent') this.#state = 'flowing';
    else if (this.#state === 'gone') later(() => this.#tellClosed());
    return this.#state === 'flowing';
  }

  /** From the owner. */
  pause(): void {
    if (this.#state === 'silent' || this.#state === 'flowing') this.#state = 'paused';
  }

  /** From the owner. True: it was paused, and what waits for it may be delivered, though not from within this call. */
  resume(): boolean {
    if (this.#state !== 'paused') return false;
    this.#state = this.#sink === undefined ? 'silent' : 'flowing';
    return this.#sink !== undefined;
  }

  /** From the owner: nothing but `closed` is delivered any more. */
  close(): void {
    if (this.#state !== 'gone') this.#state = 'closing';
  }

  /** Delivers lent bytes, also while paused: a call under way may still deliver. Dropped if nobody listens. */
  data(bytes: Uint8Array): void {
    if (this.#state === 'flowing' || this.#state === 'paused') this.#sink?.data(bytes);
  }

  /** Delivers the peer's end, once; while paused too, as `data` does. To be called once somebody listens. */
  end(): void {
    if (this.#state !== 'flowing' && this.#state !== 'paused') return;
    this.#state = 'ended';
    this.#sink?.end();
  }

  drain(): void {
    if (!this.left) this.#sink?.drain();
  }

  /** The link is gone; the owner is told at once. Only the first call counts. */
  leave(error: TsrayError | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#error = error;
    this.#tellClosed();
  }

  /** The same for calls that come from the owner, who is told behind them. */
  leaveSoon(error: TsrayError | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#error = error;
    if (this.#sink !== undefined) later(() => this.#tellClosed());
  }

  #tellClosed(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(this.#error);
  }
}
