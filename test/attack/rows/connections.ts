/** Raw connections of attackers. */
import { connect, type Socket } from 'node:net';

/** Resolves when it is connected or has failed; nobody minds errors. */
export function openRaw(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => resolve(socket));
    socket.once('connect', () => resolve(socket));
  });
}

/** Writes and waits until the kernel has taken it, the connection is gone, or a second has passed. */
export function writeAll(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.write(bytes)) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, 1000);
    socket.once('drain', done);
    socket.once('close', done);
  });
}

/** Milliseconds until the other side has closed; undefined if it has not after `limitMs`. */
export function closedWithin(socket: Socket, limitMs: number): Promise<number | undefined> {
  const began = performance.now();
  if (socket.destroyed) return Promise.resolve(0);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), limitMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(performance.now() - began);
    });
    socket.resume();
  });
}
