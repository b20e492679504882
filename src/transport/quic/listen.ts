/** Listens for QUIC: one UDP socket for all connections. */
import type dgram from 'node:dgram';
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { CarriedTlsServer, Identity } from '../common/carried-tls.js';
import {
  type BoundSocket,
  bindDatagrams,
  growReceiveBuffer,
  plainHost,
  receiveDatagrams,
} from '../common/datagram-socket.js';
import { QuicConnection } from './connection.js';
import {
  type EngineAddress,
  type EngineConfig,
  type EngineConnection,
  loadEngine,
  type QuicEngine,
} from './engine.js';
import { connectionIdBytes, setLimits } from './limits.js';
import { type PacketIds, readPacketIds } from './packet-ids.js';
import { QuicPackets } from './packets.js';
import type { QuicSettings } from './settings.js';
import type { QuicLink } from './stream-link.js';

const receiveBufferBytes = 4 * 1024 * 1024;

/** Sources are not asked to prove themselves: without bounds, anyone could fill the memory with connections. */
const defaultMaxConnections = 4_096;
const defaultMaxHandshakes = 512;

/** Clients make their first packets so large (RFC 9000 section 14.1). */
const firstPacketBytes = 1200;
const minFirstIdBytes = 8;

export interface QuicListenDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly handshakeMs: number;
  /** At once; more are ignored. */
  readonly maxConnections?: number;
  /** Of these, those whose handshake is not done. */
  readonly maxHandshakes?: number;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export function createQuicListen(
  settings: QuicSettings,
  security: CarriedTlsServer,
  deps: QuicListenDeps,
): Listen {
  return async (host, port, accept) => {
    const engine = await loadEngine();
    const bound = await bindDatagrams(host, port);
    return new QuicListener(settings, security, deps, engine, bound, accept);
  };
}

class QuicListener implements Listener {
  readonly #security: CarriedTlsServer;
  readonly #deps: QuicListenDeps;
  readonly #engine: QuicEngine;
  readonly #socket: dgram.Socket;
  readonly #accept: (accepted: Accepted) => void;
  readonly #packets: QuicPackets;
  readonly #endpoint: EngineAddress;
  readonly #local: Destination;
  /** By each ID under which a client may address it. */
  readonly #byId = new Map<string, QuicConnection>();
  readonly #connections = new Set<QuicConnection>();
  #handshakes = 0;
  #config: { readonly identity: Identity; readonly engine: EngineConfig } | undefined;
  #draining = false;
  #closed = false;
  readonly #drained: Promise<void>;
  #resolveDrained: () => void = () => undefined;
  readonly address: string;
  readonly port: number;

  constructor(
    settings: QuicSettings,
    security: CarriedTlsServer,
    deps: QuicListenDeps,
    engine: QuicEngine,
    bound: BoundSocket,
    accept: (accepted: Accepted) => void,
  ) {
    this.#security = security;
    this.#deps = deps;
    this.#engine = engine;
    this.#socket = bound.socket;
    this.#accept = accept;
    this.#packets = new QuicPackets(settings, deps);
    this.#drained = new Promise((resolve) => {
      this.#resolveDrained = resolve;
    });
    this.port = bound.port;
    this.address = formatHostPort(bound.address, bound.port);
    this.#endpoint = { host: bound.address, port: bound.port };
    this.#local = { network: 'udp', address: parseAddress(plainHost(bound.address)), port: bound.port };
    growReceiveBuffer(bound.socket, receiveBufferBytes);
    receiveDatagrams(bound.socket, (datagram, remote) => this.#received(datagram, remote));
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const connection of [...this.#connections]) connection.retire();
    this.#settle();
    return this.#drained;
  }

  close(): Promise<void> {
    this.#draining = true;
    for (const connection of [...this.#connections]) connection.close();
    this.#settle();
    return this.#drained;
  }

  #received(datagram: Uint8Array, { address, port }: dgram.RemoteInfo): void {
    const packet = this.#packets.unwrap(datagram);
    const ids = packet === undefined ? undefined : readPacketIds(packet);
    if (packet === undefined || ids === undefined) return;
    // The engine takes no zone (`fe80::1%eth0`), and the socket cannot do without.
    const zoneAt = address.indexOf('%');
    const zone = zoneAt < 0 ? '' : address.slice(zoneAt);
    const from = { host: zoneAt < 0 ? address : address.slice(0, zoneAt), port };
    const key = keyOf(ids.destination);
    const connection = this.#byId.get(key);
    if (connection !== undefined) {
      connection.received(packet, from);
      return;
    }
    if (ids.kind === 'short' || packet.length < firstPacketBytes || this.#draining) return;
    if (ids.kind === 'foreign') this.#negotiate(ids, address, port);
    else if (ids.kind === 'initial' && ids.destination.length >= minFirstIdBytes) {
      this.#open(packet, key, from, zone);
    }
  }

  /** Tells the client which versions there are, as quic-go does. */
  #negotiate({ source, destination }: PacketIds, host: string, port: number): void {
    const length = this.#engine.negotiateVersion(source, destination, this.#packets.room);
    this.#packets.sendTo(this.#socket, length, port, host);
  }

  #open(packet: Uint8Array, firstKey: string, from: EngineAddress, zone: string): void {
    const { clock, handshakeMs, maxConnections, maxHandshakes, random } = this.#deps;
    if (this.#connections.size >= (maxConnections ?? defaultMaxConnections)) return;
    if (this.#handshakes >= (maxHandshakes ?? defaultMaxHandshakes)) return;
    const id = random.fill(new Uint8Array(connectionIdBytes));
    const key = keyOf(id);
    const engine = this.#accepted(id, from);
    if (engine === undefined) return;
    const source: Destination = {
      network: 'udp',
      address: parseAddress(plainHost(from.host)),
      port: from.port,
    };
    let shakesHands = true;
    const handshakeOver = (): void => {
      if (!shakesHands) return;
      shakesHands = false;
      this.#handshakes -= 1;
      this.#byId.delete(firstKey);
    };
    const connection: QuicConnection = new QuicConnection({
      engine,
      clock,
      local: this.#endpoint,
      where: formatHostPort(plainHost(from.host), from.port),
      handshakeMs,
      room: () => this.#packets.room,
      send: (length, to) => this.#packets.sendTo(this.#socket, length, to.port, to.host + zone),
      established: handshakeOver,
      opened: (link) => this.#opened(link, source),
      closed: () => {
        handshakeOver();
        this.#byId.delete(key);
        this.#connections.delete(connection);
        this.#settle();
      },
    });
    this.#handshakes += 1;
    this.#connections.add(connection);
    this.#byId.set(firstKey, connection);
    this.#byId.set(key, connection);
    connection.received(packet, from);
    // Not genuine: nothing is owed to it.
    if (engine.stats().recv === 0 && engine.localError() === null) connection.drop();
  }

  /** The engine's side of a new connection; undefined if it wants none with such a peer. */
  #accepted(id: Uint8Array, from: EngineAddress): EngineConnection | undefined {
    try {
      return this.#engine.Connection.accept(id, null, this.#endpoint, from, this.#engineConfig());
    } catch {
      // Nothing that one peer sends may end the listener.
      return undefined;
    }
  }

  #opened(link: QuicLink, source: Destination): void {
    this.#accept({ link, source, local: this.#local, admit: () => undefined });
  }

  #engineConfig(): EngineConfig {
    const identity = this.#security.identity();
    if (this.#config?.identity === identity) return this.#config.engine;
    const config = this.#engine.Config.withBoringSslCtx(
      false,
      true,
      null,
      [Buffer.from(identity.keyPem, 'utf8')],
      [Buffer.from(identity.certificatePem, 'utf8')],
      null,
    );
    setLimits(config, 'server', this.#security.alpn);
    this.#config = { identity, engine: config };
    return config;
  }

  #settle(): void {
    if (!this.#draining || this.#closed || this.#connections.size > 0) return;
    this.#closed = true;
    this.#socket.close();
    this.#resolveDrained();
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
}
