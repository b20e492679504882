/** Small TCP and UDP servers that tests connect to through a proxy. */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { payloadPieces } from './payload.js';

export interface TestServer {
  readonly port: number;
  /** Connections (datagrams for UDP) so far. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Resets every open connection. */
  resetAll(): void;
  /** Destroys what is open and stops listening. */
  close(): Promise<void>;
}

/** A server on a free port of `host`; `serve` gets each connection, half-open allowed and with errors ignored. */
export async function startTcpServer(
  serve: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen({ port: 0, host, backlog: 1024 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    resetAll() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends back what it gets and ends when its peer has ended. */
export function startEcho(host?: string): Promise<TestServer> {
  return startTcpServer((socket) => socket.pipe(socket), host);
}

/** Sends `payload(length)` to whoever connects, then ends its side. */
export function startSource(length: number): Promise<TestServer> {
  return startTcpServer((socket) => {
    socket.resume();
    pipeline(Readable.from(payloadPieces(length)), socket).catch(() => undefined);
  });
}

/**
 * Reads until its peer half-closes and only then answers with `<bytes> <sha256>\n`: works through a relay that passes
 * half-closes on, and hangs through one that does not.
 */
export function startSink(): Promise<TestServer> {
  return startTcpServer((socket) => {
    const hash = createHash('sha256');
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    socket.on('end', () => socket.end(`${bytes} ${hash.digest('hex')}\n`));
  });
}

/** Sends `greeting` and half-closes at once, then counts what its peer still sends; `done` gives the number of bytes. */
export async function startHalfCloser(greeting: string): Promise<TestServer & { done(): Promise<number> }> {
  let resolveDone: (bytes: number) => void = () => undefined;
  const done = new Promise<number>((resolve) => {
    resolveDone = resolve;
  });
  const server = await startTcpServer((socket) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.on('close', () => resolveDone(bytes));
    socket.end(greeting);
  });
  // Object.assign would read the getters once and for all.
  return Object.defineProperty(server as TestServer & { done(): Promise<number> }, 'done', {
    value: () => done,
  });
}

/** Accepts and never sends, reads or ends. */
export function startSilent(): Promise<TestServer> {
  return startTcpServer((socket) => socket.pause());
}

/** Sends each datagram back to its sender. */
export async function startUdpEcho(host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<TestServer> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  let accepted = 0;
  socket.on('message', (message, remote) => {
    accepted += 1;
    socket.send(message, remote.port, remote.address);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    get accepted() {
      return accepted;
    },
    get open() {
      return 0;
    },
    resetAll() {},
    async close() {
      await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}
