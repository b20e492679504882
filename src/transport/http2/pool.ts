/** Shared connections: streams to the same destination go over as few as its servers allow. */
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { DialOptions } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { SocketDialer } from '../socket/socket.js';
import { givenUp, unlessAborted } from '../socket/when-ready.js';
import { ClientConnection, type ClientConnectionOptions } from './client-connection.js';

/** Connections to one destination at the same time. */
const connectionLimit = 64;

export interface PoolOptions extends ClientConnectionOptions {
  readonly sockets: SocketDialer;
  /** TLS is on: `h2` must have been agreed. */
  readonly secure: boolean;
}

export interface OpenedStream {
  readonly stream: ClientHttp2Stream;
  readonly connection: ClientConnection;
  /** Whether the stream wants the connection to keep the process running; it does at first. */
  readonly hold: (hold: boolean) => void;
}

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #groups = new Map<string, Group>();
  readonly #live = new Set<ClientConnection>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Sends a request. Rejects like a Dialer; ERR_LIMIT with every connection full. */
  async open(
    destination: Destination,
    headers: OutgoingHttpHeaders,
    options: DialOptions = {},
  ): Promise<OpenedStream> {
    const where = formatHostPort(destination.address.host, destination.port);
    const group = this.#group(where, destination, options);
    for (;;) {
      if (this.#closed) throw new TsrayError('ERR_CLOSED', 'the outbound is closed');
      const connection = await group.take(where, options.signal);
      const stream = connection.request(headers);
      if (stream !== undefined) {
        let holds = true;
        const hold = (wanted: boolean): void => {
          if (wanted === holds || stream.closed) return;
          holds = wanted;
          connection.hold(wanted);
        };
        stream.once('close', () => {
          if (!holds) connection.hold(true);
          connection.release();
        });
        return { stream, connection, hold };
      }
      connection.release();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const live = [...this.#live];
    const error = new TsrayError('ERR_CLOSED', 'the outbound was closed');
    for (const connection of live) connection.destroy(error);
    await Promise.all(live.map((connection) => connection.whenClosed()));
  }

  #group(where: string, destination: Destination, options: DialOptions): Group {
    const known = this.#groups.get(where);
    if (known !== undefined) return known;
    const group: Group = new Group({
      connect: (gone) => this.#connect(where, destination, options, gone),
      emptied: () => {
        if (this.#groups.get(where) === group) this.#groups.delete(where);
      },
    });
    this.#groups.set(where, group);
    return group;
  }

  async #connect(
    where: string,
    destination: Destination,
    options: DialOptions,
    gone: (connection: ClientConnection) => void,
  ): Promise<ClientConnection> {
    // Not the caller's signal: others may be waiting for the same connection.
    const { log, onConnected } = options;
    const { socket, security } = await this.#options.sockets.dial(destination, {
      ...(log === undefined ? {} : { log }),
      onConnected,
    });
    if (this.#closed) {
      socket.destroy();
      throw new TsrayError('ERR_CLOSED', 'the outbound was closed');
    }
    if (this.#options.secure && security?.alpn !== 'h2') {
      socket.destroy();
      throw new TsrayError('ERR_TLS', `${where} did not agree to HTTP/2`, {
        hint: 'The server has to offer "h2" as ALPN.',
      });
    }
    const connection: ClientConnection = new ClientConnection(socket, this.#options, () => gone(connection));
    this.#live.add(connection);
    socket.once('close', () => this.#live.delete(connection));
    return connection;
  }
}

interface GroupParts {
  /** `gone` is called when the connection takes no new streams any more. */
  connect(gone: (connection: ClientConnection) => void): Promise<ClientConnection>;
  /** There is no connection, and none on its way. */
  emptied(): void;
}

/** The connections to one destination. */
class Group {
  readonly #parts: GroupParts;
  readonly #connections = new Set<ClientConnection>();
  /** A connection on its way: everybody who finds no room waits for it. */
  #coming: Promise<void> | undefined;

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  /** A connection with a stream reserved on it. */
  async take(where: string, signal: AbortSignal | undefined): Promise<ClientConnection> {
    for (;;) {
      if (signal?.aborted === true) throw givenUp(where);
      const connection = this.#find((each) => each.room > 0);
      if (connection !== undefined) {
        connection.reserve();
        if (await connection.isAlive()) return connection;
        connection.release();
        continue;
      }
      this.#coming ??= this.#unsettled() ?? this.#dial(where);
      await unlessAborted(this.#coming, where, signal);
    }
  }

  #find(fits: (connection: ClientConnection) => boolean): ClientConnection | undefined {
    for (const connection of this.#connections) if (fits(connection)) return connection;
    return undefined;
  }

  #unsettled(): Promise<void> | undefined {
    return this.#find((each) => !each.isSettled)?.settled.finally(() => this.#arrived());
  }

  async #dial(where: string): Promise<void> {
    try {
      if (this.#connections.size >= connectionLimit) {
        throw new TsrayError('ERR_LIMIT', `${connectionLimit} connections to ${where} are full`);
      }
      const connection = await this.#parts.connect((gone) => {
        this.#connections.delete(gone);
        this.#checkEmpty();
      });
      if (connection.isUsable) this.#connections.add(connection);
    } finally {
      this.#arrived();
    }
  }

  #arrived(): void {
    this.#coming = undefined;
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0 && this.#coming === undefined) this.#parts.emptied();
  }
}
