/** The memories of handshakes that all threads share. */
import type { Clock } from '../../core/clock.js';
import type { RandomSource } from '../../core/random.js';
import { createSharedReplays, SharedReplays } from '../../proxy/vmess/shared-replays.js';
import { SharedSessions } from '../../proxy/vmess/shared-sessions.js';
import type { HandshakeStores } from '../inbound.js';
import type { SharedHandshakes } from './calls.js';

/** A claim finds room up to 120 s ahead of the clock; this is how far the preparation may lag behind. */
const prepareMs = 2_000;

export function createSharedHandshakes(random: RandomSource): SharedHandshakes {
  return {
    authIds: createSharedReplays(random),
    sessions: createSharedReplays(random),
    tainted: createSharedReplays(random),
  };
}

export function handshakeStores(shared: SharedHandshakes, nowSeconds: () => number): HandshakeStores {
  return {
    replays: new SharedReplays(shared.authIds),
    sessions: new SharedSessions(new SharedReplays(shared.sessions), nowSeconds),
    tainted: new SharedReplays(shared.tainted),
  };
}

/** Keeps them ready for claims; one thread does it. Returns how to stop. */
export function prepareHandshakes(shared: SharedHandshakes, clock: Clock): () => void {
  const all = Object.values(shared).map((buffer: SharedArrayBuffer) => new SharedReplays(buffer));
  const prepare = (): void => {
    for (const each of all) each.prepare(Math.floor(clock.nowMs() / 1000));
  };
  prepare();
  let timer = clock.setTimer(prepareMs, again);
  timer.unref();
  function again(): void {
    prepare();
    timer = clock.setTimer(prepareMs, again);
    timer.unref();
  }
  return () => timer.cancel();
}
