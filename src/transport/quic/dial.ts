/** Dials QUIC: streams of shared connections, each with a UDP socket of its own. */
import type dgram from 'node:dgram';
import type { Resolver } from '../../contract/dns.js';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { raceAddresses } from '../../core/net/happy-eyeballs.js';
import type { RandomSource } from '../../core/random.js';
import type { Link } from '../../core/stream/link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { CarriedTlsClient } from '../carrier/carried-tls.js';
import {
  connectDatagrams,
  datagramTargets,
  growReceiveBuffer,
  receiveDatagrams,
} from '../datagram/datagram-socket.js';
import { dialError } from '../socket/dial-error.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';
import { dialTimeoutMs } from '../socket/when-ready.js';
import { QuicConnection } from './connection.js';
import { type EngineConfig, loadEngine, type QuicEngine } from './engine.js';
import { connectionIdBytes, setLimits } from './limits.js';
import { QuicPackets } from './packets.js';
import { ConnectionGroup } from './pool.js';
import type { QuicSettings } from './settings.js';

/** Asked of the kernel, which may give less. */
const receiveBufferBytes = 4 * 1024 * 1024;

/** A machine that says so often that nobody listens has lost the connection: its server has gone. */
const maxRefusals = 3;

/** A server that has answered within this time is there. */
const quietMs = 20;

export interface QuicDialerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly resolver: Resolver;
  /** Local IP of the sockets (`sendThrough`). */
  readonly localAddress?: Address | undefined;
  /** Options of the sockets that Node cannot set. */
  readonly ownSocket?: OwnSocketOptions | undefined;
  /** Deadline of a handshake; 16 s if absent. */
  readonly timeoutMs?: number;
}

export function createQuicDialer(
  settings: QuicSettings,
  security: CarriedTlsClient,
  deps: QuicDialerDeps,
): Dialer {
  return new QuicDialer(settings, security, deps);
}

class QuicDialer implements Dialer {
  readonly #settings: QuicSettings;
  readonly #security: CarriedTlsClient;
  readonly #deps: QuicDialerDeps;
  readonly #groups = new Map<string, ConnectionGroup>();
  readonly #live = new Set<QuicConnection>();
  #config: { readonly authorities: string | undefined; readonly engine: EngineConfig } | undefined;
  #closed = false;

  constructor(settings: QuicSettings, security: CarriedTlsClient, deps: QuicDialerDeps) {
    this.#settings = settings;
    this.#security = security;
    this.#deps = deps;
  }

  async dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    if (this.#closed) throw closed();
    const link = await this.#group(destination, options).open(options.signal);
    if (!this.#closed) return link;
    link.destroy();
    throw closed();
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const connection of [...this.#live]) connection.close(closed());
    return Promise.resolve();
  }

  #group(destination: Destination, options: DialOptions): ConnectionGroup {
    const where = formatHostPort(destination.address.host, destination.port);
    const known = this.#groups.get(where);
    if (known !== undefined) return known;
    const group: ConnectionGroup = new ConnectionGroup(
      where,
      () => this.#connect(group, where, destination, options.onConnected),
      () => {
        if (this.#groups.get(where) === group) this.#groups.delete(where);
      },
    );
    this.#groups.set(where, group);
    return group;
  }

  async #connect(
    group: ConnectionGroup,
    where: string,
    destination: Destination,
    onConnected: (() => void) | undefined,
  ): Promise<QuicConnection> {
    const { localAddress, resolver } = this.#deps;
    const engine = await loadEngine();
    // Not the caller's signal: others may be waiting for the same connection.
    const addresses = await datagramTargets(destination.address, resolver, localAddress, undefined);
    const gone = (connection: QuicConnection): void => group.remove(connection);
    const [only] = addresses;
    const connection =
      addresses.length === 1
        ? await this.#attempt(engine, { where, destination, address: only! }, undefined, gone)
        : await raceAddresses({
            addresses,
            dial: (address, signal) => {
              const attempted = formatHostPort(address.host, destination.port);
              return this.#attempt(engine, { where: attempted, destination, address }, signal, gone);
            },
            discard: (late) => late.close(closed()),
            clock: this.#deps.clock,
            what: where,
          });
    onConnected?.();
    return connection;
  }

  /** A handshake with one address. */
  async #attempt(
    engine: QuicEngine,
    target: { readonly where: string; readonly destination: Destination; readonly address: Address },
    signal: AbortSignal | undefined,
    gone: (connection: QuicConnection) => void,
  ): Promise<QuicConnection> {
    const { address, destination, where } = target;
    const { localAddress, ownSocket } = this.#deps;
    const socket = await connectDatagrams(address, destination.port, localAddress, where, ownSocket);
    let connection: QuicConnection | undefined;
    try {
      if (this.#closed || signal?.aborted === true) throw closed();
      return await new Promise((resolve, reject) => {
        connection = this.#start(engine, socket, target, {
          established: () => resolve(connection!),
          closed: (error) => {
            gone(connection!);
            reject(error ?? closed());
          },
        });
        signal?.addEventListener('abort', () => {
          if (connection?.isEstablished === false) connection.drop(closed());
        });
      });
    } catch (error) {
      if (connection === undefined) socket.close();
      throw error;
    }
  }

  /** From here on the connection owns `socket`. */
  #start(
    engine: QuicEngine,
    socket: dgram.Socket,
    { where, destination, address }: { where: string; destination: Destination; address: Address },
    tell: { established(): void; closed(error: TsrayError | undefined): void },
  ): QuicConnection {
    const { clock, random, timeoutMs: handshakeMs = dialTimeoutMs } = this.#deps;
    const security = this.#security;
    const packets = new QuicPackets(this.#settings, this.#deps);
    const bound = socket.address();
    const local = { host: bound.address, port: bound.port };
    const remote = { host: address.host, port: destination.port };
    const made = engine.Connection.connect(
      security.serverName(destination) ?? null,
      random.fill(new Uint8Array(connectionIdBytes)),
      local,
      remote,
      this.#engineConfig(engine),
    );
    let refusals = 0;
    const failed = (error: NodeJS.ErrnoException): void => {
      refusals += 1;
      if (connection.isEstablished && refusals < maxRefusals) return;
      connection.drop(dialError(where, destination.address.host, error));
    };
    const connection: QuicConnection = new QuicConnection({
      engine: made,
      clock,
      local,
      where,
      handshakeMs,
      room: () => packets.room,
      // Asking for errors costs a callback for each packet: not while answers come.
      send: (length) => packets.send(socket, length, connection.quietMs < quietMs ? undefined : failed),
      established: () => {
        security.verify(made.peerCertChain() ?? [], destination);
        // Nobody waits for a connection without streams.
        socket.unref();
        tell.established();
      },
      busy: (isBusy) => {
        if (isBusy) socket.ref();
        else socket.unref();
      },
      closed: (error) => {
        this.#live.delete(connection);
        socket.close();
        tell.closed(error);
      },
    });
    this.#live.add(connection);
    growReceiveBuffer(socket, receiveBufferBytes);
    receiveDatagrams(socket, (datagram) => {
      const packet = packets.unwrap(datagram);
      if (packet === undefined) return;
      refusals = 0;
      connection.received(packet, remote, datagram.length);
    });
    socket.on('error', failed);
    return connection;
  }

  #engineConfig(engine: QuicEngine): EngineConfig {
    const authorities = this.#security.authorities();
    if (this.#config?.authorities === authorities && this.#config !== undefined) return this.#config.engine;
    const verified = authorities !== undefined;
    const config = engine.Config.withBoringSslCtx(
      verified,
      !verified,
      verified ? Buffer.from(authorities, 'latin1') : null,
      null,
      null,
      null,
    );
    setLimits(config, 'client', this.#security.alpn);
    this.#config = { authorities, engine: config };
    return config;
  }
}

function closed(): TsrayError {
  return new TsrayError('ERR_CLOSED', 'the outbound was closed');
}
