/** The streams of one connection that are somebody's, and what each of them waits for. */
import { failed } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import { PeerStreams } from './peer-streams.js';
import type { QuicLink } from './stream-link.js';

export class Streams {
  readonly #links = new Map<number, QuicLink>();
  /** Those that have something queued. */
  readonly #waiting = new Set<QuicLink>();
  /** Those that nobody reads now, the longest so first. */
  readonly #paused = new Set<QuicLink>();
  /** Links that do not want the process kept running for them. */
  readonly #unheld = new Set<QuicLink>();
  readonly #peers = new PeerStreams();
  #isBusy = false;
  readonly #busy: (isBusy: boolean) => void;

  /** `busy`: there are streams that somebody needs the process for, or none any more. */
  constructor(busy: (isBusy: boolean) => void) {
    this.#busy = busy;
  }

  get size(): number {
    return this.#links.size;
  }

  get waiting(): readonly QuicLink[] {
    return [...this.#waiting];
  }

  /** The link that has not been read for longest. */
  get longestPaused(): QuicLink | undefined {
    const [link] = this.#paused;
    return link;
  }

  get(id: number): QuicLink | undefined {
    return this.#links.get(id);
  }

  /** Whether the peer has opened stream `id` just now. */
  isNew(id: number): boolean {
    return this.#peers.isNew(id);
  }

  add(link: QuicLink): void {
    this.#links.set(link.id, link);
    this.#checkBusy();
  }

  /** False: it was gone already. */
  delete(link: QuicLink): boolean {
    if (!this.#links.delete(link.id)) return false;
    this.#unheld.delete(link);
    this.#paused.delete(link);
    this.#waiting.delete(link);
    this.#checkBusy();
    return true;
  }

  setWaiting(link: QuicLink, waiting: boolean): void {
    if (waiting) this.#waiting.add(link);
    else this.#waiting.delete(link);
  }

  setPaused(link: QuicLink, paused: boolean): void {
    if (paused) this.#paused.add(link);
    else this.#paused.delete(link);
  }

  setHolding(link: QuicLink, holds: boolean): void {
    if (holds) this.#unheld.delete(link);
    else this.#unheld.add(link);
    this.#checkBusy();
  }

  /** The connection is gone. */
  lost(error: TsrayError | undefined): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#waiting.clear();
    this.#paused.clear();
    for (const link of links) link.connectionLost(error);
  }

  #checkBusy(): void {
    const isBusy = this.#links.size > this.#unheld.size;
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    this.#busy(isBusy);
  }
}

/** What fails for one stream ends that one. */
export function guarded(link: QuicLink, action: () => void): void {
  try {
    action();
  } catch (thrown) {
    failed(thrown, (error) => link.destroy(error));
  }
}
