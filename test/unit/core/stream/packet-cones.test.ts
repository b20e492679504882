/** Sessions that several destinations share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import type { PacketLink } from '../../../../src/core/stream/link.js';
import { relayPackets } from '../../../../src/core/stream/packet-relay.js';
import { PacketSessions } from '../../../../src/core/stream/packet-sessions.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { at } from '../../../helper/fake-listen.js';
import { FakePackets } from '../../../helper/fake-packets.js';
import { settle } from '../../../helper/scripted-link.js';

const hello = Buffer.from('hello');
const client = (port: number): Destination => at('192.0.2.7', port, 'udp');
const peer = (port: number): Destination => at('192.0.2.1', port, 'udp');

/** Even ports share a cone, ports above 60000 another, the rest have none. */
function start(limit = 100) {
  const clock = new FakeClock();
  const cones = { even: { name: 'even' }, high: { name: 'high' } };
  const opened: { target: Destination; cone: string | undefined; packets: FakePackets }[] = [];
  const state = { fail: false, asked: 0 };
  const sessions = new PacketSessions<{ name: string }>({
    clock,
    limit,
    open: (_source, target, _signal, cone) => {
      const packets = new FakePackets();
      opened.push({ target, cone: cone?.name, packets });
      if (state.fail) return Promise.reject(new TsrayError('ERR_BLOCKED', 'no'));
      return Promise.resolve({
        relay: (link: PacketLink) => relayPackets(link, packets, { clock, idleMs: 10_000 }),
        discard: () => undefined,
      });
    },
    coneFor: (_source, { port }) => {
      state.asked += 1;
      if (port > 60_000) return cones.high;
      return port % 2 === 0 ? cones.even : undefined;
    },
    reply: () => true,
  });
  const ports = (index: number): number[] => opened[index]!.packets.sent.map(({ remote }) => remote.port);
  return { clock, sessions, opened, state, ports };
}

test('destinations of one cone share a session of their source; each packet keeps its destination', async () => {
  const { sessions, opened, ports } = start();
  for (const port of [2, 4, 3, 60_001, 2, 60_002]) sessions.deliver(hello, client(1), peer(port));
  sessions.deliver(hello, client(2), peer(2));
  await settle();
  sessions.deliver(hello, client(1), peer(6));
  assert.deepEqual(
    opened.map(({ cone }, index) => [cone, ports(index)]),
    [
      ['even', [2, 4, 2, 6]],
      [undefined, [3]],
      ['high', [60_001, 60_002]],
      ['even', [2]],
    ],
  );
  sessions.close();
});

test('the cone is asked for once for each destination, and again after many others', async () => {
  const { sessions, state, ports } = start();
  for (let round = 0; round < 3; round += 1) sessions.deliver(hello, client(1), peer(2));
  assert.equal(state.asked, 1);
  for (let port = 4; port <= 2 + 256 * 2; port += 2) sessions.deliver(hello, client(1), peer(port));
  assert.equal(state.asked, 257);
  sessions.deliver(hello, client(1), peer(2));
  assert.equal(state.asked, 258);
  await settle();
  sessions.deliver(hello, client(1), peer(4));
  assert.equal(ports(0).at(-1), 4);
  sessions.close();
});

test('a shared session that ended is opened anew for whichever destination is next', async () => {
  const { sessions, opened, clock, ports } = start();
  sessions.deliver(hello, client(1), peer(2));
  sessions.deliver(hello, client(1), peer(4));
  await settle();
  clock.advance(10_000);
  await settle();
  assert.equal(sessions.size, 0);
  sessions.deliver(hello, client(1), peer(4));
  sessions.deliver(hello, client(1), peer(2));
  await settle();
  assert.equal(opened.length, 2);
  assert.deepEqual(ports(1), [4, 2]);
  sessions.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('a shared session that could not be opened is tried again after a second, by any destination', async () => {
  const { sessions, opened, clock, state, ports } = start();
  state.fail = true;
  sessions.deliver(hello, client(1), peer(2));
  await settle();
  state.fail = false;
  sessions.deliver(hello, client(1), peer(4));
  assert.equal(opened.length, 1);
  clock.advance(1_000);
  sessions.deliver(hello, client(1), peer(4));
  sessions.deliver(hello, client(1), peer(2));
  await settle();
  assert.equal(opened.length, 2);
  assert.deepEqual(ports(1), [4, 2]);
  sessions.close();
});

test('a shared session counts once towards the limit and gives way as a whole', async () => {
  const { sessions, opened } = start(2);
  for (const port of [2, 4, 6]) sessions.deliver(hello, client(1), peer(port));
  sessions.deliver(hello, client(2), peer(2));
  await settle();
  assert.equal(sessions.size, 2);
  sessions.deliver(hello, client(3), peer(2));
  await settle();
  assert.deepEqual(
    opened.map(({ packets }) => packets.gone),
    [true, false, false],
  );
  sessions.deliver(hello, client(1), peer(4));
  await settle();
  assert.equal(opened.length, 4);
  sessions.close();
});
