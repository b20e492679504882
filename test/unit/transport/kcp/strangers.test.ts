/** mKCP clients that nobody has let in: what they get of memory, time and answers. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Accepted, Listener } from '../../../../src/contract/transport.js';
import { type Clock, systemClock } from '../../../../src/core/clock.js';
import { systemRandom } from '../../../../src/core/random.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createKcpListen } from '../../../../src/transport/kcp/listen.js';
import { KcpSession } from '../../../../src/transport/kcp/session.js';
import { eventually } from '../../../helper/eventually.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { kcpDefaults, kcpLimits } from '../../../helper/kcp.js';
import { PlainSealer } from '../../../helper/kcp-sealer.js';
import { countResources, nothingLeft, type Resources } from '../../../helper/leaks.js';

interface Peer {
  /** Bytes that came back. */
  readonly backBytes: number;
  readonly sentBytes: number;
  send(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A client whose datagrams are made by hand, at an address of its own. */
async function peerAt(listener: Listener, address: string): Promise<Peer> {
  const socket = dgram.createSocket('udp4');
  let backBytes = 0;
  let sentBytes = 0;
  socket.on('message', (bytes) => {
    backBytes += bytes.length;
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  socket.connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  return {
    get backBytes() {
      return backBytes;
    },
    get sentBytes() {
      return sentBytes;
    },
    send(bytes) {
      sentBytes += bytes.length;
      return new Promise((resolve) => socket.send(bytes, () => resolve()));
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A listener whose clients stay strangers. */
async function listenOf(clock: Clock = systemClock) {
  const accepted: Accepted[] = [];
  const closed = new Set<number>();
  const deps = { clock, random: systemRandom, crypto: nodeCrypto };
  const listener = await createKcpListen(kcpDefaults, deps)('127.0.0.1', 0, (each) => {
    const index = accepted.push(each) - 1;
    each.link.start({
      data: () => undefined,
      end: () => undefined,
      drain: () => undefined,
      closed: () => closed.add(index),
    });
  });
  return { listener, accepted, closed };
}

const first = { number: 0, sendingNext: 0 };

let resources: Resources;
before(() => {
  resources = countResources();
});
after(() => nothingLeft(resources));

describe('answers to a stranger', () => {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'one segment': [0],
    'a segment behind a gap': [1],
    'several segments with gaps': [1, 3, 5, 7],
  };
  for (const [name, numbers] of Object.entries(shapes)) {
    test(`${name}: three times the bytes that came, whatever time passes`, async () => {
      const clock = new FakeClock();
      const { listener, accepted, closed } = await listenOf(clock);
      const peer = await peerAt(listener, '127.0.0.1');
      for (const number of numbers) await peer.send(new PlainSealer().data({ number, sendingNext: 0 }));
      await eventually('an answer', () => peer.backBytes > 0);
      for (let step = 0; step < 400; step += 1) {
        clock.advance(50);
        if (step % 20 === 0) await new Promise(setImmediate);
      }
      await eventually('its end', () => closed.size === 1);
      // Another one's answer shows that all that was sent has come.
      const other = await peerAt(listener, '127.0.0.2');
      await other.send(new PlainSealer(2).data(first));
      await eventually('the other’s answer', () => other.backBytes > 0);
      assert.ok(peer.backBytes <= 3 * peer.sentBytes, `${peer.backBytes} for ${peer.sentBytes}`);
      assert.equal(accepted.length, 2);
      await Promise.all([peer.close(), other.close()]);
      await listener.close();
    });
  }

  test('who is let in gets all there is to send', async () => {
    const { listener, accepted } = await listenOf();
    const peer = await peerAt(listener, '127.0.0.1');
    await peer.send(new PlainSealer().data(first));
    await eventually('the link', () => accepted.length === 1);
    accepted[0]!.link.write(Buffer.alloc(2000));
    accepted[0]!.admit();
    await eventually('the answer', () => peer.backBytes > 2000);
    await peer.close();
    await listener.close();
  });

  test('a conversation that is not known is ended with no more than came', async () => {
    const { listener, accepted } = await listenOf();
    const peer = await peerAt(listener, '127.0.0.1');
    await peer.send(new PlainSealer().data({ number: 5, sendingNext: 5 }));
    await eventually('an answer', () => peer.backBytes > 0);
    assert.ok(peer.backBytes <= peer.sentBytes);
    assert.equal(accepted.length, 0);
    await peer.close();
    await listener.close();
  });
});

describe('room for strangers', () => {
  test('the newest displace the oldest from the same address, and nobody else', async () => {
    const { listener, accepted, closed } = await listenOf();
    const other = await peerAt(listener, '127.0.0.2');
    const known = await peerAt(listener, '127.0.0.1');
    await other.send(new PlainSealer().data(first));
    await eventually('the other', () => accepted.length === 1);
    await known.send(new PlainSealer().data(first));
    await eventually('the known one', () => accepted.length === 2);
    accepted[1]!.admit();
    const flood = await peerAt(listener, '127.0.0.1');
    for (let conversation = 1; conversation <= 400; conversation += 1) {
      await flood.send(new PlainSealer(conversation).data(first));
    }
    await eventually('the last one', () => accepted.length === 402 && closed.size === 402 - 2 - 128);
    assert.ok(!closed.has(0) && !closed.has(1) && closed.has(2) && !closed.has(401));
    await Promise.all([other.close(), known.close(), flood.close()]);
    await listener.close();
  });

  test('a crowd of addresses displaces the oldest of all; a client that is let in at once is not among them', async () => {
    const { listener, accepted, closed } = await listenOf();
    const peers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => peerAt(listener, `127.0.1.${index + 1}`)),
    );
    const known = await peerAt(listener, '127.0.0.1');
    await known.send(new PlainSealer().data(first));
    await eventually('the known one', () => accepted.length === 1);
    accepted[0]!.admit();
    for (let conversation = 1; conversation <= 100; conversation += 1) {
      for (const peer of peers) await peer.send(new PlainSealer(conversation).data(first));
    }
    await eventually('the last one', () => accepted.length === 801 && closed.size === 801 - 1 - 512);
    assert.ok(!closed.has(0) && closed.has(1) && !closed.has(800));
    await Promise.all([known, ...peers].map((peer) => peer.close()));
    await listener.close();
  });

  test('after 10 s a stranger is gone, though he goes on sending', async () => {
    const clock = new FakeClock();
    const { listener, accepted, closed } = await listenOf(clock);
    const peer = await peerAt(listener, '127.0.0.1');
    await peer.send(new PlainSealer().data({ number: 1, sendingNext: 0 }));
    await eventually('the link', () => accepted.length === 1);
    for (let second = 0; second < 9; second += 1) {
      clock.advance(1_000);
      await peer.send(new PlainSealer().data({ number: 1, sendingNext: 0 }));
      await new Promise(setImmediate);
    }
    assert.equal(closed.size, 0);
    clock.advance(6_000);
    await eventually('its end', () => closed.size === 1);
    clock.advance(5_000);
    clock.advance(5_000);
    assert.equal(clock.pendingTimers, 0, 'nothing is left of it');
    await peer.close();
    await listener.close();
  });
});

describe('what is kept of a stranger', () => {
  function session(isStranger: boolean) {
    const sent: number[] = [];
    const room = new Uint8Array(2048);
    const made = new KcpSession({
      conversation: 1,
      limits: kcpLimits(),
      nowMs: 0,
      isStranger,
      writer: { room, start: 0, finish: (end) => sent.push(end) },
    });
    return { made, sent };
  }

  /** The segments of the datagram that `PlainSealer` would make. */
  function segment(number: number): Uint8Array {
    const bytes = new Uint8Array(19);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 1);
    view.setUint8(2, 1);
    view.setUint32(8, number);
    view.setUint16(16, 1);
    bytes[18] = 0x78;
    return bytes;
  }

  /** How many segments up to number `last` are there to be read once the first has come. */
  function kept(made: KcpSession, last: number): number {
    for (let number = last; number >= 0; number -= 1) made.input(segment(number), 0);
    return made.read(new Uint8Array(4096));
  }

  test('32 segments, of 2 KiB at most; from a known client a whole window', () => {
    assert.equal(kept(session(true).made, 500), 32);
    assert.equal(kept(session(false).made, 500), 501);
  });

  test('let in, he may send a whole window, and is told so at once', () => {
    const { made, sent } = session(true);
    made.input(segment(0), 0);
    made.flush(0);
    assert.equal(made.read(new Uint8Array(10)), 1);
    sent.length = 0;
    made.admit();
    assert.ok(made.wantsFlush(1));
    made.flush(1);
    assert.equal(sent.length, 1);
    for (let number = 500; number >= 1; number -= 1) made.input(segment(number), 2);
    assert.equal(made.read(new Uint8Array(4096)), 500);
  });

  test('the same segment ten thousand times is acknowledged with a few datagrams', () => {
    const { made, sent } = session(true);
    for (let count = 0; count < 10_000; count += 1) made.input(segment(1), 0);
    made.flush(0);
    assert.ok(sent.length <= 2, `${sent.length} datagrams`);
  });
});
