/** Shared connections: streams to the same destination go over as few as its server allows. */
import { TsrayError } from '../../core/errors.js';
import { givenUp, unlessAborted } from '../socket/when-ready.js';
import type { QuicConnection } from './connection.js';
import type { QuicLink } from './stream-link.js';

/** Connections to one destination at the same time. V2Ray's servers take 32 streams on each. */
const connectionLimit = 512;

/** A connection that was quiet for so long, or owes an answer for so long, is asked whether it lives. */
const staleMs = 10_000;
const staleUnansweredMs = 3_000;

/** How long that answer may take until a new connection is made instead. */
const staleAnswerMs = 2_000;

/** The connections to one destination. */
export class ConnectionGroup {
  readonly #where: string;
  readonly #connect: () => Promise<QuicConnection>;
  readonly #emptied: () => void;
  readonly #connections = new Set<QuicConnection>();
  /** A connection on its way: everybody who finds no room waits for it. */
  #coming: Promise<void> | undefined;

  /** `connect` resolves with the handshake done. `emptied`: there is no connection, and none on its way. */
  constructor(where: string, connect: () => Promise<QuicConnection>, emptied: () => void) {
    this.#where = where;
    this.#connect = connect;
    this.#emptied = emptied;
  }

  /** Opens a stream. Rejects like a Dialer; ERR_LIMIT with every connection full. */
  async open(signal: AbortSignal | undefined): Promise<QuicLink> {
    for (;;) {
      if (signal?.aborted === true) throw givenUp(this.#where);
      const connection = this.#withRoom();
      if (connection === undefined) {
        this.#coming ??= this.#dial();
        await unlessAborted(this.#coming, this.#where, signal);
        continue;
      }
      if (await isAlive(connection)) {
        const link = connection.open();
        if (link !== undefined) return link;
      } else {
        this.#connections.delete(connection);
        connection.retire();
      }
    }
  }

  /** The connection is gone. */
  remove(connection: QuicConnection): void {
    this.#connections.delete(connection);
    this.#checkEmpty();
  }

  #withRoom(): QuicConnection | undefined {
    for (const connection of this.#connections) if (connection.hasRoom) return connection;
    return undefined;
  }

  async #dial(): Promise<void> {
    try {
      if (this.#connections.size >= connectionLimit) {
        throw new TsrayError('ERR_LIMIT', `${connectionLimit} connections to ${this.#where} are full`);
      }
      const connection = await this.#connect();
      if (!connection.hasRoom) {
        connection.retire();
        throw new TsrayError('ERR_UPSTREAM', `${this.#where} allows no streams on its QUIC connections`);
      }
      this.#connections.add(connection);
    } finally {
      this.#coming = undefined;
      this.#checkEmpty();
    }
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0 && this.#coming === undefined) this.#emptied();
  }
}

async function isAlive(connection: QuicConnection): Promise<boolean> {
  if (connection.quietMs < staleMs && connection.unansweredMs < staleUnansweredMs) return true;
  return connection.ask(staleAnswerMs);
}
