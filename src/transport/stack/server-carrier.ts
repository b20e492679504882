/** The way below a framing on a server: accepted TCP or Unix sockets, behind PROXY protocol and TLS. */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../contract/logger.js';
import type { Accepted, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import { ProxyHeaderDecoder } from '../proxy-protocol/header.js';
import { duplexToLink } from '../socket/duplex-link.js';
import { type NetServer, socketEndpoint } from '../socket/net-server.js';
import type { AcceptedSocket, SecurityInfo, SocketListen } from '../socket/socket.js';
import { afterHandshake, type TlsServer } from '../tls/server.js';
import type { OpenServer } from './open-server.js';
import { readHead } from './read-head.js';

export interface SocketListenDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly handshakeMs: number;
  /** Every connection begins with a PROXY protocol header. */
  readonly proxied: boolean;
  readonly security: TlsServer | undefined;
  readonly open: OpenServer;
}

export function createSocketListen(deps: SocketListenDeps): SocketListen {
  return (host, port, accept) =>
    deps.open(host, port, (makeSocket, server) => {
      const connection = new AcceptedConnection(makeSocket(), server, deps, accept);
      if (deps.proxied) connection.unwrap();
      else connection.secure();
    });
}

/** The same sockets as links. */
export function listenForLinks(sockets: SocketListen): Listen {
  return (host, port, accept) =>
    sockets(host, port, ({ socket, source, local }) => {
      const accepted: Accepted = { link: duplexToLink(socket), source, local, admit: () => undefined };
      accept(accepted);
    });
}

/** One connection until it is handed on. */
class AcceptedConnection {
  readonly #socket: net.Socket;
  readonly #deps: SocketListenDeps;
  readonly #accept: (accepted: AcceptedSocket) => void;
  #source: Destination;
  #local: Destination;

  constructor(
    socket: net.Socket,
    server: NetServer,
    deps: SocketListenDeps,
    accept: (accepted: AcceptedSocket) => void,
  ) {
    this.#socket = socket;
    this.#deps = deps;
    this.#accept = accept;
    this.#source = socketEndpoint(socket.remoteAddress, socket.remotePort);
    this.#local = socketEndpoint(socket.localAddress, socket.localPort);
    server.own(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => server.disown(socket));
  }

  unwrap(): void {
    const { clock, handshakeMs: timeoutMs } = this.#deps;
    readHead(
      this.#socket,
      new ProxyHeaderDecoder(),
      { clock, timeoutMs, peer: 'the balancer' },
      (addresses) => {
        this.#source = addresses?.source ?? this.#source;
        this.#local = addresses?.local ?? this.#local;
        this.secure();
      },
      (error) => this.#refused(error),
    );
  }

  secure(): void {
    const { security } = this.#deps;
    if (security === undefined) {
      this.#done(this.#socket);
      return;
    }
    afterHandshake(
      security.accept(this.#socket),
      { ...this.#deps, handshakes: security.handshakes },
      (socket, info) => this.#done(socket, info),
      (error) => this.#refused(error),
    );
  }

  #done(socket: Duplex, security?: SecurityInfo): void {
    this.#accept({
      socket,
      source: this.#source,
      local: this.#local,
      ...(security === undefined ? {} : { security }),
    });
  }

  #refused(error: Error): void {
    const { log } = this.#deps;
    if (log.enabled('info')) {
      log.info(`a connection from ${this.#source.address.host} was refused: ${describeError(error)}`);
    }
  }
}
