/** What the handshakes of one inbound share: its users and its memory of what was seen. */
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { DrainPolicy } from './drain.js';
import { ReplayFilter } from './replay-filter.js';
import { SessionHistory } from './session-history.js';
import type { UserTable } from './user-table.js';

/** What the handshakes of one server share. */
export interface ServerState {
  readonly crypto: CryptoProvider;
  /** Seconds since the epoch. */
  nowSeconds(): number;
  readonly users: UserTable;
  /** AuthIDs seen. */
  readonly replays: ReplayFilter;
  /** Values of legacy authInfo whose header was bad. */
  readonly tainted: ReplayFilter;
  readonly sessions: SessionHistory;
  readonly drain: DrainPolicy;
}

/** The state of a server that has seen nothing yet. */
export function createServerState(deps: {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** Seconds since the epoch. */
  readonly nowSeconds: () => number;
  readonly users: UserTable;
}): ServerState {
  const { crypto, random, nowSeconds, users } = deps;
  return {
    crypto,
    nowSeconds,
    users,
    replays: new ReplayFilter(),
    tainted: new ReplayFilter(),
    sessions: new SessionHistory(),
    drain: new DrainPolicy(crypto, random, users),
  };
}
