/** Accepted sockets as links that read into the shared buffer. */
import type net from 'node:net';
import type { Accepted } from '../../contract/transport.js';
import type { Destination } from '../../core/net/destination.js';
import { type Serve, socketEndpoint } from './net-server.js';
import { SocketLink } from './socket-link.js';

/** Serves a `NetServer` by giving each connection to `accept` at once. */
export function acceptLinks(accept: (accepted: Accepted) => void): Serve {
  return (makeSocket, server) => {
    let link: SocketLink | undefined;
    const socket = makeSocket((bytes) => link?.received(bytes));
    server.own(socket);
    link = new SocketLink(socket);
    socket.on('close', () => server.disown(socket));
    accept(new AcceptedLink(link, socket));
  };
}

/** Addresses are asked of the kernel only if somebody wants them. */
class AcceptedLink implements Accepted {
  readonly link: SocketLink;
  readonly #socket: net.Socket;

  constructor(link: SocketLink, socket: net.Socket) {
    this.link = link;
    this.#socket = socket;
  }

  /** Nothing is kept here for anybody. */
  admit(): void {}

  get source(): Destination {
    return socketEndpoint(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  get local(): Destination {
    return socketEndpoint(this.#socket.localAddress, this.#socket.localPort);
  }
}
