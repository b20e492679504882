/** Datagram sockets as packet links. */

import dgram from 'node:dgram';
import type { BindPackets, BoundPackets, DatagramOptions, PacketCounters } from '../../contract/transport.js';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import { bindSocket } from '../datagram/bind-socket.js';
import { growReceiveBuffer, receiveDatagrams } from '../datagram/datagram-socket.js';

/** The largest payload of a UDP packet over IPv4: 65535 less the IP and UDP headers. */
export const maxDatagramBytes = 65_507;

/** What may wait in a socket that the kernel takes no packets from; more is dropped. */
const sendQueueLimitBytes = 1024 * 1024;

/** The kernel's default holds 92 packets; while this process is busy elsewhere for a moment, more come. */
const receiveBufferBytes = 1024 * 1024;

type Family = 'udp4' | 'udp6';

export const bindPackets: BindPackets = async (family, options = {}) => {
  const socket = dgram.createSocket({
    type: family,
    ipv6Only: family === 'udp6' && options.dualStack !== true,
    // Only IP addresses come here. Answered at once, the packet leaves within `send`.
    lookup: (host, _options, callback) => callback(null, host, family === 'udp6' ? 6 : 4),
  });
  await bind(socket, family, options);
  growReceiveBuffer(socket, receiveBufferBytes);
  return new UdpLink(socket, family, options.dualStack === true);
};

function bind(socket: dgram.Socket, family: Family, options: DatagramOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const address = options.bindAddress?.host ?? (family === 'udp6' ? '::' : '0.0.0.0');
    const port = options.port ?? 0;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(bindError(formatHostPort(address, port), error));
    });
    const bound = (): void => {
      socket.removeAllListeners('error');
      resolve();
    };
    bindSocket(socket, { address, port, dualStack: options.dualStack === true }, options, bound);
  });
}

function bindError(where: string, error: NodeJS.ErrnoException): TsrayError {
  const known: Record<string, readonly [text: string, hint: string]> = {
    EADDRINUSE: ['the port is in use', 'Another program uses the port: stop it, or choose another port.'],
    EACCES: ['permission denied', 'Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE.'],
    EPERM: [
      'the operation is not permitted',
      '"sockopt.mark" and "tproxy" need root or the capability CAP_NET_ADMIN.',
    ],
    EADDRNOTAVAIL: [
      'the address is not one of this machine',
      'It must be an address of this machine, of the same family as what is sent to.',
    ],
  };
  const entry = known[error.code ?? ''];
  return new TsrayError('ERR_LISTEN', `cannot open the UDP socket ${where}: ${entry?.[0] ?? error.message}`, {
    ...(entry === undefined ? {} : { hint: entry[1] }),
    cause: error,
  });
}

/** Lent bytes are copied here, since a socket whose packet has to wait refers to them until it has left. */
let sendBuffer: Buffer | undefined;

class UdpLink implements PacketLink, BoundPackets, PacketCounters {
  readonly #socket: dgram.Socket;
  readonly #family: Family;
  readonly #dualStack: boolean;
  readonly local: Destination;
  #sink: PacketSink | undefined;
  #closing = false;
  #gone = false;
  #error: TsrayError | undefined;
  /** Peers mostly repeat. */
  #lastHost = '';
  #lastRemote: Destination | undefined;
  received = 0;
  sent = 0;
  dropped = 0;
  errors = 0;

  constructor(socket: dgram.Socket, family: Family, dualStack: boolean) {
    this.#socket = socket;
    this.#family = family;
    this.#dualStack = dualStack;
    const bound = socket.address();
    this.local = { network: 'udp', address: parseAddress(bound.address), port: bound.port };
    receiveDatagrams(socket, (bytes, remote) => this.#receive(bytes, remote));
    // An ICMP answer to one packet says nothing about the others' destinations.
    socket.on('error', () => {
      this.errors += 1;
    });
    socket.on('close', () => {
      this.#gone = true;
      this.#sink?.closed(this.#error);
    });
  }

  get link(): PacketLink {
    return this;
  }

  get counters(): PacketCounters {
    return this;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#gone) later(() => sink.closed(this.#error));
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    const host = this.#hostFor(remote.address);
    const accepted =
      !this.#closing &&
      host !== undefined &&
      remote.port !== 0 &&
      bytes.length <= maxDatagramBytes &&
      this.#socket.getSendQueueSize() + bytes.length <= sendQueueLimitBytes;
    if (!accepted) {
      this.dropped += 1;
      return false;
    }
    const waiting = this.#socket.getSendQueueCount();
    if (waiting > 0) {
      // It will wait as well, and keeps no more than its own size.
      this.#socket.send(Buffer.from(bytes), remote.port, host, this.#onSent);
      return true;
    }
    sendBuffer ??= Buffer.allocUnsafeSlow(maxDatagramBytes);
    sendBuffer.set(bytes);
    this.#socket.send(sendBuffer, 0, bytes.length, remote.port, host, this.#onSent);
    if (this.#socket.getSendQueueCount() > 0) sendBuffer = undefined;
    return true;
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /** Packets that the kernel has not taken yet are lost; UDP promises nothing else. */
  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#error = error;
    this.#socket.close();
  }

  readonly #onSent = (error: Error | null): void => {
    if (error === null) this.sent += 1;
    else this.errors += 1;
  };

  #receive(bytes: Buffer, remote: dgram.RemoteInfo): void {
    // Nothing is delivered before `start`, and nothing is kept for it.
    if (this.#sink === undefined || this.#closing) return;
    this.received += 1;
    let from = this.#lastRemote;
    if (from === undefined || from.port !== remote.port || this.#lastHost !== remote.address) {
      from = { network: 'udp', address: peerAddress(remote.address), port: remote.port };
      this.#lastHost = remote.address;
      this.#lastRemote = from;
    }
    this.#sink.packet(bytes, from);
  }

  /** What the socket takes as the address, undefined if it cannot send there. */
  #hostFor(address: Address): string | undefined {
    if (address.kind === 'ipv4') {
      if (this.#family === 'udp4') return address.host;
      return this.#dualStack ? `::ffff:${address.host}` : undefined;
    }
    return address.kind === 'ipv6' && this.#family === 'udp6' ? address.host : undefined;
  }
}

/** IPv4 peers of a dual-stack socket appear as IPv4. */
function peerAddress(host: string): Address {
  const mapped = host.startsWith('::ffff:') && host.includes('.');
  return parseAddress(mapped ? host.slice(7) : host);
}
