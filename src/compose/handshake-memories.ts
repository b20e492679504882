/** What VMess inbounds remember of handshakes: for as long as the instance lives, whatever becomes of an inbound. */
import { ReplayFilter } from '../proxy/vmess/replay-filter.js';
import { SessionHistory } from '../proxy/vmess/session-history.js';
import type { HandshakeStores } from './inbound.js';

/** An inbound that is reloaded goes on with what its predecessor saw; otherwise a recorded handshake would be fresh again. */
export class HandshakeMemories {
  readonly #shared: HandshakeStores | undefined;
  readonly #nowSeconds: () => number;
  readonly #own = new Map<string, HandshakeStores>();

  /** `shared`: one memory for all inbounds, of all threads. */
  constructor(shared: HandshakeStores | undefined, nowSeconds: () => number) {
    this.#shared = shared;
    this.#nowSeconds = nowSeconds;
  }

  /** Of the inbound that `key` names. */
  of(key: string): HandshakeStores {
    if (this.#shared !== undefined) return this.#shared;
    const known = this.#own.get(key);
    if (known !== undefined) return known;
    const made: HandshakeStores = {
      replays: new ReplayFilter(this.#nowSeconds),
      sessions: new SessionHistory(this.#nowSeconds),
      tainted: new ReplayFilter(this.#nowSeconds),
    };
    this.#own.set(key, made);
    return made;
  }
}
