/** UDP sockets of the transports that are carried by datagrams: mKCP and QUIC. */

import dgram from 'node:dgram';
import type { Resolver } from '../../contract/dns.js';
import { contain, containEvents, ended } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import { dialError } from '../socket/dial-error.js';
import { listenError } from '../socket/listen-error.js';
import { asksForOwnSocket, type OwnSocketOptions } from '../socket/own-socket.js';
import { type BindPlace, bindSocket } from './bind-socket.js';

/** What may wait in a socket that the kernel takes nothing from; more is dropped, and sent again like what is lost. */
const sendQueueLimitBytes = 4 * 1024 * 1024;

/** Where datagrams are made, one after the other. */
export interface ReusedBuffer {
  /** Somebody still needs the bytes: the next datagram is made elsewhere. */
  renew(): void;
}

/**
 * Gives each datagram of `socket` to `received`. Those from port 0 are dropped before anything is kept of them: nobody
 * can be answered there, and Node throws where one tries. What `received` throws costs that datagram only; whom it
 * belongs to is its own to end.
 */
export function receiveDatagrams(
  socket: dgram.Socket,
  received: (datagram: Buffer, remote: dgram.RemoteInfo) => void,
): void {
  containEvents(socket, ended);
  socket.on('message', (datagram, remote) => {
    if (remote.port !== 0) received(datagram, remote);
  });
  // An ICMP answer to one datagram says nothing about the others' peers.
  socket.on('error', () => undefined);
}

/** The default holds less than a hundred datagrams. The kernel gives what its limit allows. */
export function growReceiveBuffer(socket: dgram.Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // Some systems refuse what is over their limit; it works with less as well.
  }
}

/**
 * Sends `datagram`, a view of `buffer`; `port` and `address` are absent for a connected socket. `failed` is told what
 * the kernel says: an ICMP answer to the datagram before, which the socket then does not tell by an event any more.
 */
export function sendDatagram(
  socket: dgram.Socket,
  datagram: Uint8Array,
  buffer: ReusedBuffer,
  port?: number,
  address?: string,
  failed?: (error: NodeJS.ErrnoException) => void,
): void {
  try {
    const waits = socket.getSendQueueCount() > 0;
    if (waits && socket.getSendQueueSize() > sendQueueLimitBytes) return;
    if (failed === undefined) socket.send(datagram, port, address);
    else {
      const done = contain(ended, (error: Error | null): void => {
        if (error !== null) failed(error);
      });
      if (port === undefined) socket.send(datagram, done);
      else socket.send(datagram, port, address, done);
    }
    // The kernel had no room: the socket still needs these bytes.
    if (waits || socket.getSendQueueCount() > 0) buffer.renew();
  } catch (error) {
    // Node throws for an address that it does not take and for a socket that was closed meanwhile. Whoever sends is
    // often in the middle of a timer or an event that serves other peers too.
    failed?.(error as NodeJS.ErrnoException);
  }
}

/** The IP addresses that a dialer may send to, at least one. Rejects with ERR_DNS, ERR_ABORTED. */
export async function datagramTargets(
  address: Address,
  resolver: Resolver,
  localAddress: Address | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly Address[]> {
  if (address.kind !== 'domain') return [address];
  const local = localAddress?.kind;
  const family = local === 'ipv4' || local === 'ipv6' ? local : 'any';
  const found = await resolver.resolve(address.host, family, signal);
  if (found.length === 0) throw new TsrayError('ERR_DNS', `the name ${address.host} has no address`);
  return found;
}

/** A socket that exchanges datagrams with `address`, an IP, only. Rejects with ERR_DIAL_…, naming `where`. */
export async function connectDatagrams(
  address: Address,
  port: number,
  localAddress: Address | undefined,
  where: string,
  ownSocket: OwnSocketOptions = {},
): Promise<dgram.Socket> {
  const family = address.kind === 'ipv6' ? 6 : 4;
  const socket = dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (name, _options, callback) => callback(null, name, family),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const connectNow = (): void => {
        socket.connect(port, address.host, (error?: Error) => {
          if (error !== undefined && error !== null) {
            reject(error);
            return;
          }
          socket.removeListener('error', reject);
          resolve();
        });
      };
      if (localAddress === undefined && !asksForOwnSocket(ownSocket)) {
        connectNow();
        return;
      }
      const from = localAddress?.host ?? (family === 6 ? '::' : '0.0.0.0');
      bindSocket(socket, { address: from, port: 0 }, ownSocket, connectNow);
    });
    return socket;
  } catch (error) {
    socket.close();
    throw dialError(where, address.host, error as NodeJS.ErrnoException);
  }
}

export interface BoundSocket {
  readonly socket: dgram.Socket;
  readonly address: string;
  readonly port: number;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export async function bindDatagrams(
  host: string,
  port: number,
  ownSocket: OwnSocketOptions = {},
): Promise<BoundSocket> {
  const everywhere = host === '0.0.0.0' || host === '::';
  try {
    return await bind({ address: everywhere ? '::' : host, port, dualStack: everywhere }, ownSocket);
  } catch (error) {
    // A machine without IPv6.
    const withoutIpv6 =
      everywhere && error instanceof TsrayError && /EAFNOSUPPORT|EADDRNOTAVAIL/.test(String(error.cause));
    if (!withoutIpv6) throw error;
    return bind({ address: '0.0.0.0', port }, ownSocket);
  }
}

function bind(place: BindPlace, ownSocket: OwnSocketOptions): Promise<BoundSocket> {
  const { address: host, dualStack = false, port } = place;
  const socket = dgram.createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    ipv6Only: !dualStack && host.includes(':'),
    // Only IP addresses come here. Answered at once, the packet leaves within `send`.
    lookup: (name, _options, callback) => callback(null, name, name.includes(':') ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(listenError(`${formatHostPort(host, port)} (UDP)`, false, error));
    });
    bindSocket(socket, place, ownSocket, () => {
      socket.removeAllListeners('error');
      const bound = socket.address();
      resolve({ socket, address: bound.address, port: bound.port });
    });
  });
}

/** IPv4 peers of a dual-stack socket appear as IPv4. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
