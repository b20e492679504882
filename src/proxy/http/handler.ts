/** Serves connections that speak HTTP, whoever accepted them: the HTTP inbound, or a SOCKS inbound on a mixed port. */
import type { ConnectionHandler } from '../../contract/inbound.js';
import type { Accepted } from '../../contract/transport.js';
import { AccountTable } from '../accounts/accounts.js';
import { authenticatedUser } from './basic-auth.js';
import { type ConnectionHost, HttpConnection } from './connection.js';
import type { HttpConnectionDeps } from './deps.js';

export class HttpConnectionHandler implements ConnectionHandler {
  readonly #host: ConnectionHost;
  /** Connections that are not tunnels. */
  readonly #connections = new Set<HttpConnection>();
  #draining = false;

  constructor(deps: HttpConnectionDeps) {
    const { accounts } = deps.settings;
    const table = accounts.length === 0 ? undefined : new AccountTable(accounts, deps.crypto, deps.random);
    const isDraining = (): boolean => this.#draining;
    this.#host = {
      deps,
      findUser: table === undefined ? undefined : (fields) => authenticatedUser(fields, table),
      get draining() {
        return isDraining();
      },
      released: (connection) => this.#connections.delete(connection),
    };
  }

  /** Owns `accepted.link` from now on. */
  accept(accepted: Accepted): void {
    const connection = new HttpConnection(this.#host, accepted);
    this.#connections.add(connection);
    connection.start();
  }

  /** Ends connections that wait for a further request, and the others with their response. */
  drain(): void {
    this.#draining = true;
    for (const connection of [...this.#connections]) connection.drainIdle();
  }
}
