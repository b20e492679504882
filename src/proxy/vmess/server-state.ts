/** What the handshakes of one inbound share: its users and its memory of what was seen. */
import type { ReplayStore } from '../../contract/replay-store.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { DrainPolicy } from './drain.js';
import { ReplayFilter } from './replay-filter.js';
import { SessionHistory } from './session-history.js';
import type { UserTable } from './user-table.js';

/** Remembers as a replay store does, at once. */
export interface TaintStore {
  /** Values remembered. */
  readonly size: number;
  claim(id: Uint8Array, timestamp: number): unknown;
  has(id: Uint8Array, timestamp: number): boolean;
}

/** What the handshakes of one server share. */
export interface ServerState {
  readonly crypto: CryptoProvider;
  /** Seconds since the epoch. */
  nowSeconds(): number;
  readonly users: UserTable;
  /** AuthIDs seen, 16 bytes each. */
  readonly replays: ReplayStore;
  /** User ID, request key and request IV of the headers seen, 48 bytes each. */
  readonly sessions: ReplayStore;
  /** Values of legacy authInfo whose header was bad. */
  readonly tainted: TaintStore;
  readonly drain: DrainPolicy;
}

export interface ServerStateDeps {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** Seconds since the epoch. */
  readonly nowSeconds: () => number;
  readonly users: UserTable;
  /** As in ServerState; in memory by default. */
  readonly replays?: ReplayStore;
  readonly sessions?: ReplayStore;
  readonly tainted?: TaintStore;
}

/** The state of a server that has seen nothing yet. */
export function createServerState(deps: ServerStateDeps): ServerState {
  const { crypto, random, nowSeconds, users } = deps;
  return {
    crypto,
    nowSeconds,
    users,
    replays: deps.replays ?? new ReplayFilter(nowSeconds),
    sessions: deps.sessions ?? new SessionHistory(nowSeconds),
    tainted: deps.tainted ?? new ReplayFilter(nowSeconds),
    drain: new DrainPolicy(crypto, random, users),
  };
}
