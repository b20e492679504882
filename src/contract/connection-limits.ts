/** How many connections may be open at once: in the process, and of those for one user. */
import type { ConnContext } from './conn-context.js';

/** A place for one connection. */
export interface ConnectionPlace {
  /** The connection is over. Idempotent. */
  release(): void;
}

/** Whom a connection is counted for. */
export type Counted = Pick<ConnContext, 'user' | 'source' | 'log'>;

export interface ConnectionLimits {
  /** A place; undefined if the process, or this user, has as many as may be. The connection's log is told, now and then. */
  admit(connection: Counted): ConnectionPlace | undefined;
  /** Whether `admit` would give a place now, for those to whom a refusal must cost less than an opening. Logged likewise. */
  hasRoom(connection: Counted): boolean;
}
