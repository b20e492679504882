import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { relay } from '../../../../src/core/stream/relay.js';
import { createBlackholeOutbound } from '../../../../src/proxy/blackhole/outbound.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const context = contextFor(destinationOf('tcp', 'example.com', 80));

/** A client whose connection is relayed into a blackhole. */
async function setUp(response: 'none' | 'http') {
  const clock = new FakeClock();
  const outbound = createBlackholeOutbound({ tag: 'block', settings: { response }, clock });
  const [client, served] = createPipe();
  const events: string[] = [];
  client.start({
    data: (bytes) => events.push(Buffer.from(bytes).toString('latin1')),
    end: () => events.push('end'),
    drain: () => undefined,
    closed: (error) => events.push(`closed ${error?.code ?? 'orderly'}`),
  });
  const done = relay(served, await outbound.open(context), {
    clock,
    connIdleMs: 300_000,
    uplinkOnlyMs: 1_000,
    downlinkOnlyMs: 1_000,
  });
  return { clock, client, events, done };
}

test('none ends the connection at once', async () => {
  const { clock, client, events, done } = await setUp('none');
  client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  const result = await done;
  assert.equal(result.error, undefined);
  assert.equal(result.downlinkBytes, 0);
  await settled();
  assert.deepEqual(events.at(-1), 'closed orderly');
  assert.equal(clock.pendingTimers, 0);
});

test('http sends V2Ray’s bytes and closes a second later', async () => {
  const { clock, client, events, done } = await setUp('http');
  client.write(Buffer.alloc(100_000));
  await settled();
  assert.deepEqual(events, [
    'HTTP/1.1 403 Forbidden\nConnection: close\nCache-Control: max-age=3600, public\nContent-Length: 0\n\n\n',
  ]);
  clock.advance(999);
  await settled();
  assert.equal(events.length, 1);
  clock.advance(1);
  assert.equal((await done).error, undefined);
  await settled();
  assert.equal(events.at(-1), 'closed orderly');
  assert.equal(clock.pendingTimers, 0);
});

test('a client that leaves first leaves no timer', async () => {
  const { clock, client, done } = await setUp('http');
  await settled();
  client.destroy();
  await done;
  assert.equal(clock.pendingTimers, 0);
});

test('a paused link keeps its answer, and one never started its peace', async () => {
  const clock = new FakeClock();
  const outbound = createBlackholeOutbound({ tag: 'block', settings: { response: 'http' }, clock });
  const link = await outbound.open(context);
  let delivered = 0;
  let closes = 0;
  link.pause();
  const sink = {
    data: () => {
      delivered += 1;
    },
    end: () => undefined,
    drain: () => undefined,
    closed: () => {
      closes += 1;
    },
  };
  link.start(sink);
  await settled();
  assert.equal(delivered, 0);
  link.resume();
  await settled();
  assert.equal(delivered, 1);
  link.close();
  link.destroy();
  await settled();
  assert.equal(closes, 1);
  const unused = await outbound.open(context);
  unused.destroy();
  unused.start(sink);
  await settled();
  assert.equal(closes, 2);
  assert.equal(clock.pendingTimers, 0);
});

test('datagram sessions end at once', async () => {
  const outbound = createBlackholeOutbound({
    tag: '',
    settings: { response: 'http' },
    clock: new FakeClock(),
  });
  const link = await outbound.openPackets(contextFor(destinationOf('udp', '192.0.2.1', 53)));
  assert.equal(link.send(Buffer.from('x'), destinationOf('udp', '192.0.2.1', 53)), false);
  let closes = 0;
  link.start({
    packet: () => assert.fail('a packet'),
    closed: () => {
      closes += 1;
    },
  });
  await settled();
  link.close();
  await settled();
  assert.equal(closes, 1);
});
