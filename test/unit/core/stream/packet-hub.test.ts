import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Destination } from '../../../../src/core/net/destination.js';
import type { PacketLink } from '../../../../src/core/stream/link.js';
import { PacketHub } from '../../../../src/core/stream/packet-hub.js';
import { relayPackets } from '../../../../src/core/stream/packet-relay.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { at } from '../../../helper/fake-listen.js';
import { FakePackets } from '../../../helper/fake-packets.js';
import { settle } from '../../../helper/scripted-link.js';

const dns = at('8.8.8.8', 53, 'udp');
const game = at('192.0.2.1', 27_015, 'udp');
const hello = Buffer.from('hello');

function start() {
  const clock = new FakeClock();
  const cone = {};
  const opened: { readonly target: Destination; readonly packets: FakePackets }[] = [];
  const hub = new PacketHub({
    clock,
    source: at('192.0.2.7', 5000),
    idleMs: 10_000,
    open: (_source, target) => {
      const packets = new FakePackets();
      opened.push({ target, packets });
      return Promise.resolve({
        relay: (link: PacketLink) => relayPackets(link, packets, { clock, idleMs: 10_000 }),
        discard: () => packets.destroy(),
      });
    },
    // DNS apart, everything else together.
    coneFor: (_source, target) => (target.port === 53 ? undefined : cone),
  });
  return { clock, hub, opened };
}

test('packets go by their destination, answers to the client, and bytes are counted', async () => {
  const { clock, hub, opened } = start();
  const client = new FakePackets();
  const done = hub.attach(client);
  client.deliver(hello, dns);
  client.deliver(hello, game);
  client.deliver(hello, at('192.0.2.2', 1, 'udp'));
  await settle();
  assert.deepEqual(
    opened.map(({ target, packets }) => [target.port, packets.sent.map(({ remote }) => remote.port)]),
    [
      [53, [53]],
      [27_015, [27_015, 1]],
    ],
  );
  opened[1]?.packets.deliver(Buffer.from('unasked'), at('192.0.2.3', 9, 'udp'));
  assert.deepEqual(client.sent, [
    { hex: Buffer.from('unasked').toString('hex'), remote: at('192.0.2.3', 9, 'udp') },
  ]);
  client.close();
  assert.deepEqual(await done, { uplinkBytes: 15, downlinkBytes: 7, error: undefined });
  hub.close();
  await settle();
  assert.ok(opened.every(({ packets }) => packets.gone));
  assert.equal(clock.pendingTimers, 0);
});

test('a client that is quiet for too long is let go, its routes stay until the hub is closed', async () => {
  const { clock, hub, opened } = start();
  const client = new FakePackets();
  const done = hub.attach(client);
  client.deliver(hello, game);
  await settle();
  clock.advance(9_999);
  opened[0]?.packets.deliver(hello, game);
  clock.advance(9_999);
  assert.equal(client.gone, false);
  opened[0]?.packets.deliver(hello, game);
  assert.equal(client.sent.length, 2);
  clock.advance(10_000);
  await done;
  assert.equal(client.gone, true);
  hub.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('another link takes over the routes; the older one is closed', async () => {
  const { clock, hub, opened } = start();
  const first = new FakePackets();
  const second = new FakePackets();
  const done = hub.attach(first);
  first.deliver(hello, game);
  await settle();
  void hub.attach(second);
  assert.equal(first.gone, true);
  await done;
  second.deliver(hello, game);
  assert.equal(opened.length, 1);
  assert.equal(opened[0]?.packets.sent.length, 2);
  opened[0]?.packets.deliver(hello, game);
  assert.equal(first.sent.length, 0);
  assert.equal(second.sent.length, 1);
  hub.close();
  assert.equal(second.gone, true);
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('answers to nobody are dropped', async () => {
  const { clock, hub, opened } = start();
  const client = new FakePackets();
  const done = hub.attach(client);
  client.deliver(hello, game);
  await settle();
  client.close();
  await done;
  opened[0]?.packets.deliver(hello, game);
  assert.equal(client.sent.length, 0);
  hub.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});
