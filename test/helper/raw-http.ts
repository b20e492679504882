/** Sockets on which the test itself speaks, byte by byte, with a program that speaks HTTP/1. */
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startTcpServer, type TestServer } from './tcp-servers.js';

export interface RawPeer {
  readonly socket: Socket;
  /** What has arrived, Latin-1. */
  readonly text: string;
  /** Whether the peer has ended or closed. */
  readonly ended: boolean;
  write(text: string | Uint8Array): void;
  /** Resolves once `condition` holds; fails if the connection closes before. */
  until(condition: (peer: RawPeer) => boolean): Promise<void>;
  /** Up to and with the next blank line; taken off `text`. */
  head(): Promise<string>;
  /** `count` bytes; taken off `text`. */
  take(count: number): Promise<string>;
  /** Resolves once the peer has ended or closed; our half is closed then, too. */
  closed(): Promise<void>;
}

export function rawPeer(socket: Socket): RawPeer {
  const news = new EventEmitter();
  let text = '';
  let ended = false;
  let gone = false;
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    news.emit('news');
  });
  socket.on('end', () => {
    ended = true;
    news.emit('news');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    gone = true;
    ended = true;
    news.emit('news');
  });
  const cut = (count: number): string => {
    const part = text.slice(0, count);
    text = text.slice(count);
    return part;
  };
  const peer: RawPeer = {
    socket,
    get text() {
      return text;
    },
    get ended() {
      return ended;
    },
    write: (data) => void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
    async until(condition) {
      while (!condition(peer)) {
        if (gone) throw new Error(`the connection closed after ${JSON.stringify(text)}`);
        await once(news, 'news');
      }
    },
    async head() {
      await peer.until(() => text.includes('\r\n\r\n'));
      return cut(text.indexOf('\r\n\r\n') + 4);
    },
    async take(count) {
      await peer.until(() => text.length >= count);
      return cut(count);
    },
    async closed() {
      await peer.until(() => ended);
      socket.destroy();
    },
  };
  return peer;
}

export async function rawConnect(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const peer = rawPeer(socket);
  await once(socket, 'connect');
  return peer;
}

export interface RawServer extends TestServer {
  /** The next connection, in order. */
  next(): Promise<RawPeer>;
}

/** A server on which the test answers. */
export async function startRawServer(): Promise<RawServer> {
  const ready: RawPeer[] = [];
  const waiting: ((peer: RawPeer) => void)[] = [];
  const server = await startTcpServer((socket) => {
    const peer = rawPeer(socket);
    const take = waiting.shift();
    if (take === undefined) ready.push(peer);
    else take(peer);
  });
  const next = (): Promise<RawPeer> => {
    const peer = ready.shift();
    return peer === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(peer);
  };
  return Object.defineProperty(server as RawServer, 'next', { value: next });
}
