/** The way below a framing on a server: accepted TCP or Unix sockets, behind PROXY protocol and TLS. */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Accepted, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { Destination } from '../../core/net/destination.js';
import { duplexToLink } from '../common/duplex-link.js';
import { type ListenPlace, NetServer, socketEndpoint } from '../common/net-server.js';
import type { AcceptedSocket, SocketListen } from '../common/socket.js';
import type { TlsServer } from '../tls/server.js';

export interface ServerGroundDeps {
  readonly clock: Clock;
  readonly handshakeMs: number;
  /** Where an inbound's `listen` and port lead. */
  place(host: string, port: number): ListenPlace;
}

export function createSocketListen(security: TlsServer | undefined, deps: ServerGroundDeps): SocketListen {
  return async (host, port, accept) => {
    const server = new NetServer((makeSocket, owner) => {
      const socket = makeSocket();
      const arrival = new Arrival(socket, owner);
      if (security === undefined) accept(arrival.accepted(socket));
      else arrival.secure(security, deps, accept);
    });
    await server.open(deps.place(host, port));
    return server;
  };
}

/** The same sockets as links. */
export function listenForLinks(sockets: SocketListen): Listen {
  return (host, port, accept) =>
    sockets(host, port, ({ socket, source, local }) => {
      const accepted: Accepted = { link: duplexToLink(socket), source, local };
      accept(accepted);
    });
}

/** One connection until it is handed on. */
class Arrival {
  readonly #source: Destination;
  readonly #local: Destination;
  readonly #socket: net.Socket;

  constructor(socket: net.Socket, server: NetServer) {
    this.#socket = socket;
    this.#source = socketEndpoint(socket.remoteAddress, socket.remotePort);
    this.#local = socketEndpoint(socket.localAddress, socket.localPort);
    server.own(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => server.disown(socket));
  }

  accepted(socket: Duplex, alpn?: string): AcceptedSocket {
    return {
      socket,
      source: this.#source,
      local: this.#local,
      ...(alpn === undefined ? {} : { security: { alpn } }),
    };
  }

  secure(security: TlsServer, deps: ServerGroundDeps, accept: (accepted: AcceptedSocket) => void): void {
    const socket = security.accept(this.#socket);
    const timer = deps.clock.setTimer(deps.handshakeMs, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('close', () => timer.cancel());
    socket.once('secure', () => {
      timer.cancel();
      const alpn = socket.alpnProtocol;
      accept(this.accepted(socket, alpn === false || alpn === null ? '' : alpn));
    });
  }
}
