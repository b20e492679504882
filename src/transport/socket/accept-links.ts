/** Accepted sockets as links that read into the shared buffer. */
import type net from 'node:net';
import type { Accepted } from '../../contract/transport.js';
import type { Destination } from '../../core/net/destination.js';
import { type Serve, socketEndpoint } from './net-server.js';
import { isOwnAddress } from './own-address.js';
import { redirectedFrom } from './own-socket.js';
import { SocketLink } from './socket-link.js';
import type { Tproxy } from './sockopt.js';

/** Serves a `NetServer` by giving each connection to `accept` at once. */
export function acceptLinks(accept: (accepted: Accepted) => void, tproxy?: Tproxy): Serve {
  return (makeSocket, server) => {
    let link: SocketLink | undefined;
    const socket = makeSocket((bytes) => link?.received(bytes));
    server.own(socket);
    link = new SocketLink(socket);
    socket.on('close', () => server.disown(socket));
    accept(
      tproxy === undefined
        ? new AcceptedLink(link, socket)
        : new RedirectedLink(link, socket, tproxy, server.port),
    );
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

/** What the firewall led here. */
class RedirectedLink extends AcceptedLink {
  readonly originalDestination: Destination | undefined;

  constructor(link: SocketLink, socket: net.Socket, tproxy: Tproxy, port: number) {
    super(link, socket);
    const { fd = -1 } =
      (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
    const found = tproxy === 'tproxy' ? this.local : fd < 0 ? undefined : redirectedFrom(fd);
    // Whoever connects to the port itself would be sent to it again, without end.
    const isLoop = found === undefined || (found.port === port && isOwnAddress(found.address));
    this.originalDestination = isLoop ? undefined : found;
  }
}
