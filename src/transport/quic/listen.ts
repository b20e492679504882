/** Listens for QUIC: one UDP socket for all connections. */
import type dgram from 'node:dgram';
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { CarriedTlsServer, Identity } from '../carrier/carried-tls.js';
import {
  type BoundSocket,
  bindDatagrams,
  growReceiveBuffer,
  plainHost,
  receiveDatagrams,
} from '../datagram/datagram-socket.js';
import { SendAllowance } from '../datagram/send-allowance.js';
import { type StrangerLimits, Strangers } from '../datagram/strangers.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';
import { QuicConnection } from './connection.js';
import {
  type EngineAddress,
  type EngineConfig,
  type EngineConnection,
  loadEngine,
  type QuicEngine,
} from './engine.js';
import { connectionIdBytes, connectionInputBytes, setLimits, strangerInputBytes } from './limits.js';
import { type PacketIds, readPacketIds, version1 } from './packet-ids.js';
import { QuicPackets } from './packets.js';
import { RetryTokens } from './retry-tokens.js';
import type { QuicSettings } from './settings.js';
import type { QuicLink } from './stream-link.js';

const receiveBufferBytes = 4 * 1024 * 1024;

/** Connections of clients that were let in. */
const defaultMaxConnections = 4_096;

/** Connections of clients that were not. */
const strangerLimits: StrangerLimits = { most: 512, mostFromOne: 128 };

/**
 * While so many connections are being made whose clients need not be where they say, further ones are asked to prove it
 * (Retry), which costs them a round trip, and us nothing.
 */
const defaultRetryFrom = 32;

/** A client that answers has done its handshake in less, V2Ray's too. */
const strangerHandshakeMs = 10_000;

/** Below this no packet is begun. */
const leastPacketBytes = 200;

/** Clients make their first packets so large (RFC 9000 section 14.1). */
const firstPacketBytes = 1200;
const minFirstIdBytes = 8;

export interface QuicListenDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly handshakeMs: number;
  /** Options of the socket that Node cannot set. */
  readonly ownSocket?: OwnSocketOptions | undefined;
  /** Of known clients at once; while there are so many, nobody else is heard. */
  readonly maxConnections?: number;
  /** Handshakes with unproven addresses from which on others have to prove theirs. */
  readonly retryFrom?: number;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export function createQuicListen(
  settings: QuicSettings,
  security: CarriedTlsServer,
  deps: QuicListenDeps,
): Listen {
  return async (host, port, accept) => {
    const engine = await loadEngine();
    const bound = await bindDatagrams(host, port, deps.ownSocket);
    return new QuicListener(settings, security, deps, engine, bound, accept);
  };
}

/** The first datagram of somebody, of `bytes` bytes. */
interface ReceivedPacket {
  readonly packet: Uint8Array;
  readonly bytes: number;
  readonly ids: PacketIds;
  readonly from: EngineAddress;
  /** What `from` lacks of the address. */
  readonly zone: string;
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
  readonly #strangers = new Strangers<QuicConnection>(strangerLimits);
  readonly #tokens: RetryTokens;
  /** Handshakes with clients whose address is unproven. */
  #unproven = 0;
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
    this.#tokens = new RetryTokens(deps);
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
    const bytes = datagram.length;
    const packet = this.#packets.unwrap(datagram);
    const ids = packet === undefined ? undefined : readPacketIds(packet);
    if (packet === undefined || ids === undefined) return;
    // The engine takes no zone (`fe80::1%eth0`), and the socket cannot do without.
    const zoneAt = address.indexOf('%');
    const zone = zoneAt < 0 ? '' : address.slice(zoneAt);
    const from = { host: zoneAt < 0 ? address : address.slice(0, zoneAt), port };
    const connection = this.#byId.get(keyOf(ids.destination));
    if (connection !== undefined) {
      connection.received(packet, from, bytes);
      return;
    }
    if (ids.kind === 'short' || packet.length < firstPacketBytes || this.#draining) return;
    if (ids.kind === 'foreign') this.#negotiate(ids, address, port);
    else if (ids.kind === 'initial') this.#first({ packet, bytes, ids, from, zone });
  }

  /** Tells the client which versions there are, as quic-go does. */
  #negotiate({ source, destination }: PacketIds, host: string, port: number): void {
    const length = this.#engine.negotiateVersion(source, destination, this.#packets.room);
    this.#packets.sendTo(this.#socket, length, port, host);
  }

  /** The first packet of a client. */
  #first(received: ReceivedPacket): void {
    if (
      this.#connections.size - this.#strangers.size >=
      (this.#deps.maxConnections ?? defaultMaxConnections)
    ) {
      return;
    }
    const { from, ids, zone } = received;
    const where = formatHostPort(from.host, from.port);
    const original = ids.token.length === 0 ? undefined : this.#tokens.open(where, ids.token);
    if (original !== undefined && ids.destination.length === connectionIdBytes) {
      this.#open(received, ids.destination.slice(), original);
    } else if (ids.destination.length >= minFirstIdBytes) {
      if (this.#unproven < (this.#deps.retryFrom ?? defaultRetryFrom)) {
        this.#open(received, this.#newId(), undefined);
      } else {
        const token = this.#tokens.make(where, ids.destination);
        const { room } = this.#packets;
        const id = this.#newId();
        const length = this.#engine.retry(ids.source, ids.destination, id, token, version1, room);
        this.#packets.sendTo(this.#socket, length, from.port, from.host + zone);
      }
    }
  }

  #newId(): Uint8Array {
    return this.#deps.random.fill(new Uint8Array(connectionIdBytes));
  }

  /** `original`: of a client that has proved its address, the ID that its very first packet was for. */
  #open(
    { bytes, from, ids, packet, zone }: ReceivedPacket,
    id: Uint8Array,
    original: Uint8Array | undefined,
  ): void {
    const { clock, handshakeMs } = this.#deps;
    const engine = this.#accepted(id, original, from);
    if (engine === undefined) return;
    const key = keyOf(id);
    const firstKey = keyOf(ids.destination);
    const source: Destination = {
      network: 'udp',
      address: parseAddress(plainHost(from.host)),
      port: from.port,
    };
    const allowance = new SendAllowance();
    if (original === undefined) this.#unproven += 1;
    else allowance.lift();
    let shakesHands = true;
    const handshakeOver = (): void => {
      if (!shakesHands) return;
      shakesHands = false;
      if (original !== undefined) return;
      this.#unproven -= 1;
      this.#byId.delete(firstKey);
    };
    const connection: QuicConnection = new QuicConnection({
      engine,
      clock,
      local: this.#endpoint,
      where: formatHostPort(plainHost(from.host), from.port),
      handshakeMs: Math.min(handshakeMs, strangerHandshakeMs),
      inputLimitBytes: strangerInputBytes,
      heard: (count) => allowance.received(count),
      room: () => this.#roomWithin(allowance.leftBytes),
      send: (length, to) => {
        allowance.take(length + this.#packets.overheadBytes);
        this.#packets.sendTo(this.#socket, length, to.port, to.host + zone);
      },
      established: () => {
        allowance.lift();
        handshakeOver();
      },
      opened: (link) => this.#opened(link, source, connection),
      closed: () => {
        handshakeOver();
        this.#strangers.delete(connection);
        this.#byId.delete(key);
        this.#connections.delete(connection);
        this.#settle();
      },
    });
    this.#connections.add(connection);
    this.#byId.set(firstKey, connection);
    this.#byId.set(key, connection);
    this.#strangers.add(connection, from.host)?.drop();
    connection.received(packet, from, bytes);
    // Not genuine: nothing is owed to it.
    if (engine.stats().recv === 0 && engine.localError() === null) connection.drop();
  }

  /** Where the next packet is made if `leftBytes` may be sent; undefined: not now. */
  #roomWithin(leftBytes: number): Uint8Array | undefined {
    const bytes = leftBytes - this.#packets.overheadBytes;
    if (bytes < leastPacketBytes) return undefined;
    const { room } = this.#packets;
    return bytes < room.length ? room.subarray(0, bytes) : room;
  }

  /** The engine's side of a new connection; undefined if it wants none with such a peer. */
  #accepted(
    id: Uint8Array,
    original: Uint8Array | undefined,
    from: EngineAddress,
  ): EngineConnection | undefined {
    try {
      return this.#engine.Connection.accept(id, original ?? null, this.#endpoint, from, this.#engineConfig());
    } catch {
      // Nothing that one peer sends may end the listener.
      return undefined;
    }
  }

  #opened(link: QuicLink, source: Destination, connection: QuicConnection): void {
    this.#accept({
      link,
      source,
      local: this.#local,
      admit: () => {
        if (this.#strangers.delete(connection)) connection.limitInput(connectionInputBytes);
      },
    });
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
