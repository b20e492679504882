/** A SOCKS5 client written for tests, apart from tsray's own codec, so that both cannot share a mistake. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv4, type Socket } from 'node:net';
import type { Readable } from 'node:stream';

export interface SocksTarget {
  /** IPv4 address or name (IPv6 where the test needs it: `[…]` form). */
  readonly host: string;
  readonly port: number;
}

export interface SocksAuth {
  readonly user: string;
  readonly pass: string;
}

function encodeTarget(target: SocksTarget): Buffer {
  const port = Buffer.from([target.port >> 8, target.port & 0xff]);
  if (isIPv4(target.host))
    return Buffer.concat([Buffer.from([1, ...target.host.split('.').map(Number)]), port]);
  if (target.host === '[::1]') {
    return Buffer.concat([Buffer.from([4, ...Array.from({ length: 15 }, () => 0), 1]), port]);
  }
  const name = Buffer.from(target.host);
  return Buffer.concat([Buffer.from([3, name.length]), name, port]);
}

/** Reads exactly `length` bytes and leaves the rest in the socket; fails after 20 s without any. */
export async function readExactly(socket: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let missing = length; ; ) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) {
      chunks.push(chunk.subarray(0, missing));
      if (chunk.length > missing) socket.unshift(chunk.subarray(missing));
      missing -= Math.min(missing, chunk.length);
      if (missing === 0) return Buffer.concat(chunks);
    } else if (socket.readableEnded || socket.destroyed) {
      throw new Error(`connection ended, ${missing} of ${length} bytes missing`);
    } else {
      await readable(socket, `waited 20 s, ${missing} of ${length} bytes missing`);
    }
  }
}

/** Resolves when `read` may give something or the stream has ended. */
function readable(socket: Readable, complaint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('readable', ready);
      socket.off('end', ready);
      socket.off('close', ready);
      socket.off('error', done);
      if (error === undefined) resolve();
      else reject(error);
    };
    const ready = (): void => done();
    const timer = setTimeout(() => done(new Error(complaint)), 20_000);
    socket.on('readable', ready);
    socket.on('end', ready);
    socket.on('close', ready);
    socket.on('error', done);
  });
}

/** Everything until the peer ends; writing may go on. (`for await` would destroy the socket.) */
export function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before its end')));
  });
}

async function greet(proxyPort: number, auth: SocksAuth | undefined): Promise<Socket> {
  const socket = connect({ port: proxyPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(Buffer.from(auth === undefined ? [5, 1, 0] : [5, 1, 2]));
  const chosen = (await readExactly(socket, 2))[1];
  if (chosen === 0xff) throw new Error('no acceptable method');
  if (auth !== undefined) {
    const user = Buffer.from(auth.user);
    const pass = Buffer.from(auth.pass);
    socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([pass.length]), pass]));
    if ((await readExactly(socket, 2))[1] !== 0) throw new Error('password refused');
  }
  return socket;
}

interface Reply {
  readonly host: string;
  readonly port: number;
}

async function readReply(socket: Socket): Promise<Reply> {
  const head = await readExactly(socket, 4);
  const kind = head[3];
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (await readExactly(socket, 1)).readUInt8(0);
  const address = await readExactly(socket, length);
  const port = (await readExactly(socket, 2)).readUInt16BE(0);
  if (head[1] !== 0) throw new Error(`SOCKS reply ${head[1]}`);
  return { host: kind === 1 ? address.join('.') : kind === 4 ? '::1' : address.toString(), port };
}

/** A connection to `target` through the SOCKS5 proxy on 127.0.0.1; half-open allowed. */
export async function socksConnect(
  proxyPort: number,
  target: SocksTarget,
  auth?: SocksAuth,
): Promise<Socket> {
  const socket = await greet(proxyPort, auth);
  try {
    socket.write(Buffer.concat([Buffer.from([5, 1, 0]), encodeTarget(target)]));
    await readReply(socket);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

export interface Association {
  /** The TCP connection that keeps the association alive. */
  readonly control: Socket;
  send(target: SocksTarget, data: Uint8Array): void;
  /** The next datagram's payload; rejects after `timeoutMs`. */
  receive(timeoutMs?: number): Promise<Buffer>;
  /** The same with its sender. */
  receiveFrom(timeoutMs?: number): Promise<ProxiedDatagram>;
  close(): void;
}

/** A datagram of the proxy's: whom it came from, and its payload. */
export interface ProxiedDatagram {
  /** IPv4 address or name; `[…]` for IPv6, not spelled out. */
  readonly host: string;
  readonly port: number;
  readonly data: Buffer;
}

function parseDatagram(message: Buffer): ProxiedDatagram {
  const kind = message[3];
  const start = kind === 1 ? 10 : kind === 4 ? 22 : 7 + message.readUInt8(4);
  const address = message.subarray(4, start - 2);
  return {
    host: kind === 1 ? address.join('.') : kind === 4 ? '[…]' : address.subarray(1).toString(),
    port: message.readUInt16BE(start - 2),
    data: message.subarray(start),
  };
}

export async function socksAssociate(proxyPort: number, auth?: SocksAuth): Promise<Association> {
  const control = await greet(proxyPort, auth);
  control.write(Buffer.concat([Buffer.from([5, 3, 0]), encodeTarget({ host: '0.0.0.0', port: 0 })]));
  const relay = await readReply(control);
  const udp: UdpSocket = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const waiting: ((message: ProxiedDatagram) => void)[] = [];
  const queue: ProxiedDatagram[] = [];
  udp.on('message', (message) => {
    const datagram = parseDatagram(message);
    const next = waiting.shift();
    if (next === undefined) queue.push(datagram);
    else next(datagram);
  });
  const receiveFrom = (timeoutMs = 5_000): Promise<ProxiedDatagram> => {
    const first = queue.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      const take = (message: ProxiedDatagram): void => {
        clearTimeout(timer);
        resolve(message);
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(new Error(`no datagram within ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.push(take);
    });
  };
  return {
    control,
    send(target, data) {
      udp.send(Buffer.concat([Buffer.from([0, 0, 0]), encodeTarget(target), data]), relay.port, relay.host);
    },
    receiveFrom,
    receive: async (timeoutMs) => (await receiveFrom(timeoutMs)).data,
    close() {
      control.destroy();
      udp.close();
    },
  };
}
