/** A client of one server: connections, datagrams, HTTP agents and fetch through it. */
import type { Agent as UndiciAgent } from 'undici';
import { createOutbounds } from '../compose/outbound.js';
import type { Parts } from '../compose/parts.js';
import type { OutboundSettings } from '../config/settings.js';
import type { ConnContext } from '../contract/conn-context.js';
import type { AccessLog } from '../contract/logger.js';
import type { Outbound } from '../contract/outbound.js';
import { TsrayError } from '../core/errors.js';
import { type Destination, formatDestination, type Network } from '../core/net/destination.js';
import { Connection, whenConnected } from './connection.js';
import { DatagramSessions } from './datagram-sessions.js';
import { DatagramSocket } from './datagram-socket.js';
import { type ClientFetch, createFetch } from './fetch.js';
import { fetchFault } from './fetch-faults.js';
import { HttpAgent, type HttpAgentOptions } from './http-agent.js';
import { checkOptions, commonOptions } from './known-keys.js';
import { createLogger } from './log-entry.js';
import { type PartsOptions, partsOf } from './parts.js';
import { type PingOptions, type PingResult, ping } from './ping.js';
import { readServerAddress, type ServerAddress } from './server-address.js';
import { destinationOf, type Target } from './target.js';
import { checkTlsOptions, type TlsOptions } from './tls-options.js';
import { checkDispatcherOptions, createUndiciAgent, type DispatcherOptions } from './undici.js';

/** Options of `createClient`. */
export interface ClientOptions extends PartsOptions {
  /**
   * TLS with the `https:` targets of `fetch`, `agent`, `dispatcher` and `ping`, whose own options come before it. TLS with
   * the server is said with the server.
   */
  readonly tls?: TlsOptions;
}

/** Where `connect` goes, and for how long it tries. */
export interface ConnectOptions extends Target {
  /**
   * Gives up the dial; a connection that is open goes on. Default: none, and the dial ends after five attempts, which take
   * at most 82 s.
   */
  readonly signal?: AbortSignal;
}

/** Everything goes through the server; names are resolved there, never here. `await using` closes it. */
export interface Client extends AsyncDisposable {
  /**
   * Resolves with a Duplex to the target once the server is connected: half-open, with backpressure. VMess servers do
   * not say whether they reach the target; if not, the stream ends. Rejects with a TsrayError: ERR_DIAL_…, ERR_DNS,
   * ERR_TLS or ERR_UPSTREAM for the way to the server, ERR_ABORTED after `signal`, ERR_USAGE for a bad target,
   * ERR_CLOSED after `close`.
   */
  connect(options: ConnectOptions): Promise<Connection>;
  /**
   * The same at once, for libraries that want a socket: it emits `connect` or `error`; destroying it cancels the dial.
   * Throws ERR_USAGE for a bad target and ERR_CLOSED after `close`.
   */
  createConnection(target: Target): Connection;
  /** A UDP socket in the shape of dgram's. Throws ERR_CLOSED after `close`, as `agent` and `dispatcher` do. */
  datagram(): DatagramSocket;
  /** An agent for node:http and node:https and for got, axios, ws … Each call makes another one with its own pool. */
  agent(options?: HttpAgentOptions): HttpAgent;
  /** A dispatcher for undici 7. Each call makes another one with its own pool. */
  dispatcher(options?: DispatcherOptions): UndiciAgent;
  /**
   * The fetch of the running Node, through the server; bound, so that it can be given to whatever wants a `fetch`. Takes
   * `tls` beside fetch's own options. Rejects with a TypeError whose `cause` is the TsrayError, or as `signal` says: also
   * for options that do not exist (ERR_USAGE), and after `close` (ERR_CLOSED).
   */
  readonly fetch: ClientFetch;
  /**
   * Measures a first request through the server, over a connection of its own. Rejects with what went wrong on the way,
   * ERR_DIAL_TIMEOUT after `timeoutMs`, or ERR_ABORTED after `signal`.
   */
  ping(options?: PingOptions): Promise<PingResult>;
  /** Ends every connection, socket, agent and dispatcher of this client; resolves when nothing is left. Idempotent. */
  close(): Promise<void>;
}

/**
 * A client for `server`: a share link, an entry of V2Ray's `outbounds`, or a VMess server in short. Opens nothing yet.
 * Throws a ConfigError for a server that cannot be used, ERR_LINK for a link that cannot be read, and ERR_USAGE for
 * options that do not exist.
 */
export function createClient(server: ServerAddress, options: ClientOptions = {}): Client {
  checkOptions(options, [...commonOptions, 'tls'], 'createClient');
  if (options.tls !== undefined) checkTlsOptions(options.tls, 'createClient: tls');
  const logger = createLogger(options);
  return createClientOf([readServerAddress(server, (warning) => logger.warning(warning))], options);
}

/** A client of the first of `outbounds`; the others are there for it to go through. At least one. */
export function createClientOf(outbounds: readonly OutboundSettings[], options: ClientOptions = {}): Client {
  return new OutboundClient(outbounds, options);
}

const noAccessLog: AccessLog = { write() {} };

/** The policy level of a client's own connections. */
const ownLevel = 0;

class OutboundClient implements Client {
  readonly #parts: Parts;
  /** The one that is used. */
  readonly #outbound: Outbound;
  readonly #outbounds: readonly Outbound[];
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<DatagramSocket>();
  readonly #tls: TlsOptions;
  /** Weak: programs may make one for each request. Those with open connections are held by them. */
  readonly #dispatchers = new Set<WeakRef<UndiciAgent>>();
  /** Of `fetch`, by its TLS options. */
  readonly #fetchers = new WeakMap<TlsOptions, UndiciAgent>();
  readonly fetch: ClientFetch;
  #closing: Promise<void> | undefined;

  constructor(settings: readonly OutboundSettings[], options: ClientOptions) {
    this.#parts = partsOf(options, new Map(), noAccessLog);
    this.#outbounds = createOutbounds(settings, {
      ...this.#parts,
      dispatcher: noRules,
    });
    this.#outbound = this.#outbounds[0]!;
    this.#tls = options.tls ?? {};
    this.fetch = createFetch((tls = this.#tls) => this.#fetcher(tls));
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    if (typeof options !== 'object' || options === null) {
      throw new TsrayError('ERR_USAGE', 'connect: expected { host, port }');
    }
    checkOptions(options, ['host', 'port', 'signal'], 'connect');
    return this.#connect(options, options.signal);
  }

  createConnection(target: Target): Connection {
    return this.#create(target, undefined);
  }

  datagram(): DatagramSocket {
    this.#checkOpen();
    const { clock, policy } = this.#parts;
    const socket = new DatagramSocket(
      (onPacket) =>
        new DatagramSessions({
          outbound: this.#outbound,
          open: (destination, signal, fullCone) =>
            this.#outbound.openPackets({ ...this.#context(destination, signal), fullCone }),
          onPacket,
          clock,
          idleMs: policy.forLevel(ownLevel).connIdleMs,
        }),
      () => this.#sockets.delete(socket),
    );
    this.#sockets.add(socket);
    return socket;
  }

  agent(options?: HttpAgentOptions): HttpAgent {
    this.#checkOpen();
    return new HttpAgent((target) => this.#connect(target, target.signal), { ...this.#tls, ...options });
  }

  dispatcher(options: DispatcherOptions = {}): UndiciAgent {
    this.#checkOpen();
    checkDispatcherOptions(options);
    return this.#createAgent({ ...options, connect: { ...this.#tls, ...options.connect } });
  }

  #fetcher(tls: TlsOptions): UndiciAgent {
    this.#checkOpen();
    const known = this.#fetchers.get(tls);
    if (known !== undefined) return known;
    const agent = this.#createAgent({ connect: { ...this.#tls, ...tls } }, fetchFault);
    this.#fetchers.set(tls, agent);
    return agent;
  }

  #createAgent(options: DispatcherOptions, nameFailure?: typeof fetchFault): UndiciAgent {
    const agent = createUndiciAgent(
      {
        connect: (target) => this.#connect(target, target.signal),
        failure: () => (this.#closing === undefined ? undefined : closedError()),
        nameFailure,
      },
      options,
    );
    for (const known of this.#dispatchers) if (known.deref() === undefined) this.#dispatchers.delete(known);
    this.#dispatchers.add(new WeakRef(agent));
    return agent;
  }

  async ping(options: PingOptions = {}): Promise<PingResult> {
    this.#checkOpen();
    return ping(
      {
        open: (target, signal, onConnected) => whenConnected(this.#create(target, onConnected), signal),
        nowMs: () => this.#parts.clock.monotonicMs(),
        tls: this.#tls,
      },
      options,
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const socket of [...this.#sockets]) socket.close();
    const gone = [...this.#connections].map((connection) => {
      return new Promise<void>((resolve) => {
        connection.once('close', resolve);
        if (connection.listenerCount('error') === 0) connection.on('error', () => undefined);
        connection.destroy(closedError());
      });
    });
    const dispatchers = [...this.#dispatchers].map((known) => known.deref()?.destroy(closedError()));
    await Promise.all([...gone, ...dispatchers]);
    await Promise.all(this.#outbounds.map((outbound) => outbound.close()));
  }

  #connect(target: Target, signal: AbortSignal | undefined): Promise<Connection> {
    return whenConnected(this.#create(target, undefined), signal);
  }

  #create(target: Target, onConnected: (() => void) | undefined): Connection {
    this.#checkOpen();
    const destination = destinationOf('tcp', target.host, target.port);
    const connection = new Connection(
      (signal) => this.#outbound.open(this.#context(destination, signal, onConnected)),
      this.#parts.clock,
    );
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    return connection;
  }

  #context(destination: Destination, signal: AbortSignal, onConnected?: () => void): ConnContext {
    const id = this.#parts.nextId();
    return {
      id,
      source: ownSource(destination.network),
      sourceText: formatDestination(ownSource(destination.network)),
      inboundTag: '',
      destination,
      level: ownLevel,
      log: this.#parts.logger.session(id),
      signal,
      onConnected,
    };
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

function closedError(): TsrayError {
  return new TsrayError('ERR_CLOSED', 'the client is closed');
}

function noRules(): never {
  throw new TsrayError('ERR_USAGE', 'a client has no rules, so its loopback outbound leads nowhere');
}

/** Connections that begin in this process have no client address. */
function ownSource(network: Network): Destination {
  return { network, address: { kind: 'ipv4', host: '127.0.0.1' }, port: 0 };
}
