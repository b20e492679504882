/**
 * A link with loss, delay and a limited rate for UDP, as a process of its own:
 * `node udp-relay.js <listen port> <target port> <loss %> <delay ms> [<bytes per ms>]`. Each peer gets a socket towards
 * the target. Chance is the same in every run. Over IPC it says `ready`, and answers any message with what it was given.
 */
import dgram from 'node:dgram';

export interface RelayCounts {
  readonly upBytes: number;
  readonly downBytes: number;
}

const [listenPort = 0, targetPort = 0, lossPercent = 0, delayMs = 0, bytesPerMs = 0] = process.argv
  .slice(2)
  .map(Number);

const receiveBufferBytes = 4 * 1024 * 1024;
/** What waits for a limited rate longer than this is lost. */
const maxQueueMs = 100;

let random = 12_345;
function chance(): number {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random >>> 0) / 2 ** 32;
}

interface Waiting {
  readonly atMs: number;
  readonly datagram: Buffer;
  readonly send: (datagram: Buffer) => void;
}

class Direction {
  bytes = 0;
  #waiting: Waiting[] = [];
  #freeAtMs = 0;

  push(datagram: Buffer, send: (datagram: Buffer) => void): void {
    this.bytes += datagram.length;
    if (chance() * 100 < lossPercent) return;
    if (delayMs === 0 && bytesPerMs === 0) {
      send(datagram);
      return;
    }
    const nowMs = performance.now();
    let atMs = nowMs;
    if (bytesPerMs > 0) {
      if (this.#freeAtMs - nowMs > maxQueueMs) return;
      this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + datagram.length / bytesPerMs;
      atMs = this.#freeAtMs;
    }
    this.#waiting.push({ atMs: atMs + delayMs, datagram, send });
  }

  deliver(nowMs: number): void {
    let count = 0;
    for (const { atMs, datagram, send } of this.#waiting) {
      if (atMs > nowMs) break;
      send(datagram);
      count += 1;
    }
    if (count > 0) this.#waiting = this.#waiting.slice(count);
  }
}

const up = new Direction();
const down = new Direction();
const front = dgram.createSocket('udp4');
const peers = new Map<number, (datagram: Buffer) => void>();

function towards(peerPort: number): (datagram: Buffer) => void {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1', () => socket.setRecvBufferSize(receiveBufferBytes));
  const back = (datagram: Buffer): void => front.send(datagram, peerPort, '127.0.0.1');
  socket.on('message', (datagram) => down.push(datagram, back));
  socket.on('error', () => undefined);
  return (datagram) => socket.send(datagram, targetPort, '127.0.0.1');
}

front.on('message', (datagram, { port }) => {
  let send = peers.get(port);
  if (send === undefined) {
    send = towards(port);
    peers.set(port, send);
  }
  up.push(datagram, send);
});
front.on('error', () => undefined);
front.bind(listenPort, '127.0.0.1', () => {
  front.setRecvBufferSize(receiveBufferBytes);
  process.send?.('ready');
});
if (delayMs > 0 || bytesPerMs > 0) {
  setInterval(() => {
    const nowMs = performance.now();
    up.deliver(nowMs);
    down.deliver(nowMs);
  }, 1);
}
process.on('message', () => {
  process.send?.({ upBytes: up.bytes, downBytes: down.bytes } satisfies RelayCounts);
  up.bytes = 0;
  down.bytes = 0;
});
process.on('disconnect', () => process.exit());
