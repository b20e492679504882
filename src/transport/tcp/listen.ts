/** Listens on TCP. */
import net from 'node:net';
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { type OnRead, takeAccepted } from './onread.js';
import { SocketLink } from './socket-link.js';

/** Connections the kernel may hold for us while we are busy. */
const backlog = 1024;

export interface TcpListenOptions {
  /** False: read with 'data' events; for tests, and for Node versions whose sockets cannot be adopted. */
  readonly adoptSockets?: boolean;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export function createTcpListen(options: TcpListenOptions = {}): Listen {
  return async (host, port, accept) => {
    const listener = new TcpListener(accept, options.adoptSockets ?? true);
    if (host === '0.0.0.0' || host === '::') {
      try {
        await listener.open('::', port);
      } catch (error) {
        // A machine without IPv6.
        if (!(error instanceof TsrayError && /EAFNOSUPPORT|EADDRNOTAVAIL/.test(String(error.cause))))
          throw error;
        await listener.open('0.0.0.0', port);
      }
    } else {
      await listener.open(host, port);
    }
    return listener;
  };
}

class TcpListener implements Listener {
  readonly #server: net.Server;
  readonly #accept: (accepted: Accepted) => void;
  readonly #adoptSockets: boolean;
  readonly #live = new Set<net.Socket>();
  #drained: Promise<void> | undefined;
  address = '';
  port = 0;

  constructor(accept: (accepted: Accepted) => void, adoptSockets: boolean) {
    this.#accept = accept;
    this.#adoptSockets = adoptSockets;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#accepted((onRead) => socket.on('data', onRead).pause()),
    );
  }

  open(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(host, port, error));
      this.#server.once('error', failed);
      this.#server.listen({ host, port, backlog }, () => {
        this.#server.removeListener('error', failed);
        // An accept that fails (too many open files) concerns one client; the listener goes on.
        this.#server.on('error', () => undefined);
        const bound = this.#server.address() as net.AddressInfo;
        if (this.#adoptSockets) takeAccepted(this.#server, (makeSocket) => this.#accepted(makeSocket));
        this.port = bound.port;
        this.address = formatHostPort(bound.address, bound.port);
        resolve();
      });
    });
  }

  drain(): Promise<void> {
    this.#drained ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#drained;
  }

  async close(): Promise<void> {
    const drained = this.drain();
    for (const socket of this.#live) socket.destroy();
    await drained;
  }

  #accepted(makeSocket: (onRead: OnRead) => net.Socket): void {
    let link: SocketLink | undefined;
    const socket = makeSocket((bytes) => link?.received(bytes));
    this.#live.add(socket);
    link = new SocketLink(socket);
    socket.on('close', () => this.#live.delete(socket));
    this.#accept(new AcceptedTcp(link, socket));
  }
}

/** Addresses are asked of the kernel only if somebody wants them. */
class AcceptedTcp implements Accepted {
  readonly link: SocketLink;
  readonly #socket: net.Socket;

  constructor(link: SocketLink, socket: net.Socket) {
    this.link = link;
    this.#socket = socket;
  }

  get source(): Destination {
    return endpoint(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  get local(): Destination {
    return endpoint(this.#socket.localAddress, this.#socket.localPort);
  }
}

/** IPv4 clients of a dual-stack socket appear as IPv4. A socket that is already gone has no address. */
function endpoint(host: string | undefined, port: number | undefined): Destination {
  const text =
    host?.startsWith('::ffff:') === true && host.includes('.') ? host.slice(7) : (host ?? '0.0.0.0');
  return { network: 'tcp', address: parseAddress(text), port: port ?? 0 };
}

function listenError(host: string, port: number, error: NodeJS.ErrnoException): TsrayError {
  const where = formatHostPort(host, port);
  const hints: Record<string, string> = {
    EADDRINUSE: 'Another program uses the port: stop it, or choose another port.',
    EACCES: 'Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE.',
    EADDRNOTAVAIL: 'listen must be an address of this machine.',
  };
  const texts: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'the address is not one of this machine',
  };
  const code = error.code ?? '';
  const hint = hints[code];
  return new TsrayError('ERR_LISTEN', `cannot listen on ${where}: ${texts[code] ?? error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
