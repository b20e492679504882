/** Dials mKCP: one UDP socket for each connection. */
import type dgram from 'node:dgram';
import type { Resolver } from '../../contract/dns.js';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { Link } from '../../core/stream/link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import {
  connectDatagrams,
  datagramTarget,
  growReceiveBuffer,
  sendDatagram,
} from '../common/datagram-socket.js';
import { createPacketHeader, headerBytes } from '../common/packet-header.js';
import { KcpLink } from './conn-link.js';
import { type KcpLimits, limitsOf } from './limits.js';
import { DatagramBuffer, PacketWriter } from './packet.js';
import { createProtection, type Protection } from './protection.js';
import { KcpSession } from './session.js';
import type { KcpSettings } from './settings.js';

/** Asked of the kernel, which may give less: one window. */
const receiveBufferBytes = 2 * 1024 * 1024;

/** The peer's machine may say for a moment that nobody listens, as a server restarts. */
const maxRefusals = 5;

export interface KcpDialerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly resolver: Resolver;
  /** Local IP of the sockets (`sendThrough`). */
  readonly localAddress?: Address | undefined;
}

/**
 * A Dialer over mKCP. There is no handshake: `dial` resolves as soon as there is a socket, and a server that does not
 * answer shows as the link's error, after 30 s of silence (V2Ray's limit) or when the machine refuses.
 */
export function createKcpDialer(settings: KcpSettings, deps: KcpDialerDeps): Dialer {
  return new KcpDialer(settings, deps);
}

class KcpDialer implements Dialer {
  readonly #settings: KcpSettings;
  readonly #deps: KcpDialerDeps;
  readonly #protection: Protection;
  readonly #limits: KcpLimits;
  readonly #buffer = new DatagramBuffer();
  readonly #live = new Set<DialedConnection>();
  #conversation: number;
  #closed = false;

  constructor(settings: KcpSettings, deps: KcpDialerDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#protection = createProtection(settings.seed, deps.crypto, deps.random);
    this.#limits = limitsOf(settings, this.#protection);
    this.#conversation = deps.random.below(0x1_0000);
  }

  async dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    const { signal } = options;
    const where = formatHostPort(destination.address.host, destination.port);
    const { localAddress, resolver } = this.#deps;
    const address = await datagramTarget(destination.address, resolver, localAddress, signal);
    const socket = await connectDatagrams(address, destination.port, localAddress, where);
    if (signal?.aborted === true || this.#closed) {
      socket.close();
      throw new TsrayError('ERR_ABORTED', `dialing ${where} was given up`);
    }
    return this.#open(socket, where);
  }

  close(): Promise<void> {
    this.#closed = true;
    // Those whose links are gone only still tell their peers.
    for (const connection of this.#live) connection.stopLingering();
    return Promise.resolve();
  }

  #open(socket: dgram.Socket, where: string): Link {
    const { random, clock } = this.#deps;
    this.#conversation = (this.#conversation + 1) & 0xffff;
    const connection = new DialedConnection({
      socket,
      where,
      clock,
      limits: this.#limits,
      protection: this.#protection,
      skipBytes: headerBytes[this.#settings.header],
      conversation: this.#conversation,
      buffer: this.#buffer,
      makeWriter: (send) =>
        new PacketWriter(
          this.#settings.header,
          createPacketHeader(this.#settings.header, random),
          this.#protection,
          this.#buffer,
          send,
        ),
      onClosed: () => {
        if (this.#closed) queueMicrotask(() => connection.stopLingering());
      },
      onTerminated: () => this.#live.delete(connection),
    });
    this.#live.add(connection);
    return connection.link;
  }
}

interface DialedOptions {
  readonly socket: dgram.Socket;
  readonly where: string;
  readonly clock: Clock;
  readonly limits: KcpLimits;
  readonly protection: Protection;
  readonly skipBytes: number;
  readonly conversation: number;
  readonly buffer: DatagramBuffer;
  readonly makeWriter: (send: (datagram: Uint8Array) => void) => PacketWriter;
  readonly onClosed: () => void;
  readonly onTerminated: () => void;
}

/** A socket, its session, and the link over it. */
class DialedConnection {
  readonly #where: string;
  readonly link: KcpLink;
  #linkGone = false;
  #refusals = 0;

  constructor(options: DialedOptions) {
    const { socket, clock, protection, skipBytes } = options;
    this.#where = options.where;
    const session = new KcpSession({
      conversation: options.conversation,
      limits: options.limits,
      writer: options.makeWriter((datagram) => sendDatagram(socket, datagram, options.buffer)),
      nowMs: clock.monotonicMs(),
    });
    this.link = new KcpLink({
      session,
      clock,
      sendQueue: options.limits.sendQueue,
      onClosed: () => {
        this.#linkGone = true;
        options.onClosed();
      },
      hold: (hold) => {
        if (hold) socket.ref();
        else socket.unref();
      },
      onTerminated: () => {
        socket.close();
        options.onTerminated();
      },
    });
    growReceiveBuffer(socket, receiveBufferBytes);
    socket.on('message', (datagram) => {
      const segments = protection.open(datagram, skipBytes);
      if (segments === undefined) return;
      this.#refusals = 0;
      this.link.received(segments);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
  }

  /** Nobody waits for the peer any more, if nobody has the link. */
  stopLingering(): void {
    if (this.#linkGone) this.link.dispose();
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#refusals += 1;
    if (this.#linkGone) {
      // Nobody is there to be told.
      this.link.dispose();
    } else if (this.#refusals >= maxRefusals) {
      const refused = error.code === 'ECONNREFUSED';
      this.link.destroy(
        new TsrayError(
          refused ? 'ERR_DIAL_REFUSED' : 'ERR_DIAL_FAILED',
          refused ? `${this.#where} refused the connection` : `${this.#where}: ${error.message}`,
          {
            ...(refused ? { hint: 'Nothing listens on that UDP port: is the server started?' } : {}),
            cause: error,
          },
        ),
      );
    }
  }
}
