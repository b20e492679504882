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

const idleMs = 10_000;

function start(limit = 3) {
  const clock = new FakeClock();
  const opened: { source: Destination; target: Destination; signal: AbortSignal; packets: FakePackets }[] =
    [];
  const replies: string[] = [];
  const state = { fail: false, hold: undefined as Promise<void> | undefined, discarded: 0 };
  const drops: Record<string, number> = {};
  const sessions = new PacketSessions({
    clock,
    limit,
    drops: {
      add: (reason, count = 1) => {
        if (count > 0) drops[reason] = (drops[reason] ?? 0) + count;
      },
    },
    open: async (source, target, signal) => {
      const packets = new FakePackets();
      opened.push({ source, target, signal, packets });
      await state.hold;
      if (state.fail) throw new TsrayError('ERR_BLOCKED', 'no');
      return {
        relay: (link: PacketLink) => relayPackets(link, packets, { clock, idleMs }),
        discard: () => {
          state.discarded += 1;
        },
      };
    },
    reply: (bytes, remote, source) => {
      if (bytes.length > 5) return false;
      replies.push(`${Buffer.from(bytes)} from ${remote.address.host}:${remote.port} to ${source.port}`);
      return true;
    },
  });
  return { clock, sessions, opened, replies, state, drops };
}

const client = (port: number): Destination => at('192.0.2.7', port, 'udp');
const dns = at('8.8.8.8', 53, 'udp');
const hello = Buffer.from('hello');

test('datagrams sent while the session opens arrive in order, copies of the lent bytes', async () => {
  const { sessions, opened, replies } = start();
  const lent = Buffer.from('one');
  sessions.deliver(lent, client(1), dns);
  lent.write('two');
  sessions.deliver(lent, client(1), dns);
  lent.fill(0);
  await settle();
  sessions.deliver(Buffer.from('three'), client(1), dns);
  assert.deepEqual(
    opened[0]?.packets.sent.map(({ hex }) => Buffer.from(hex, 'hex').toString()),
    ['one', 'two', 'three'],
  );
  opened[0]!.packets.deliver(Buffer.from('reply'), dns);
  assert.deepEqual(replies, ['reply from 8.8.8.8:53 to 1']);
});

test('one session for each source and destination, each with its own idle time', async () => {
  const { sessions, opened, clock } = start(10);
  sessions.deliver(hello, client(1), dns);
  sessions.deliver(hello, client(2), dns);
  sessions.deliver(hello, client(1), at('8.8.8.8', 54, 'udp'));
  sessions.deliver(hello, client(1), dns);
  await settle();
  assert.equal(opened.length, 3);
  assert.equal(sessions.size, 3);
  clock.advance(6000);
  sessions.deliver(hello, client(2), dns);
  clock.advance(6000);
  await settle();
  assert.equal(sessions.size, 1);
  assert.equal(opened[1]!.packets.gone, false);
  clock.advance(idleMs);
  await settle();
  assert.equal(sessions.size, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('at the limit the session quiet for longest gives way', async () => {
  const { sessions, opened, clock } = start(3);
  for (const port of [1, 2, 3]) sessions.deliver(hello, client(port), dns);
  await settle();
  sessions.deliver(hello, client(1), dns);
  opened[1]!.packets.deliver(hello, dns);
  sessions.deliver(hello, client(4), dns);
  await settle();
  assert.equal(sessions.size, 3);
  assert.equal(sessions.counters.evicted, 1);
  assert.deepEqual(
    opened.map(({ packets }) => packets.gone),
    [false, false, true, false],
  );
  sessions.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('what waits for an opening is bounded in count and bytes', async () => {
  const { sessions, opened, state, drops } = start();
  let go: () => void = () => undefined;
  state.hold = new Promise((resolve) => {
    go = resolve;
  });
  for (let i = 0; i < 300; i += 1) sessions.deliver(hello, client(1), dns);
  for (let i = 0; i < 10; i += 1) sessions.deliver(new Uint8Array(60_000), client(2), dns);
  // A burst of 100 small ones is kept whole (V2Ray loses none of it).
  for (let i = 0; i < 100; i += 1) sessions.deliver(hello, client(3), dns);
  go();
  await settle();
  assert.equal(opened[0]!.packets.sent.length, 256);
  assert.equal(opened[1]!.packets.sent.length, 8);
  assert.equal(opened[2]!.packets.sent.length, 100);
  assert.equal(sessions.counters.droppedUplink, 44 + 2);
  assert.deepEqual(drops, { opening: 46 });
});

test('a session that cannot be opened drops what comes and is tried again after a second', async () => {
  const { sessions, opened, clock, state } = start();
  state.fail = true;
  sessions.deliver(hello, client(1), dns);
  await settle();
  sessions.deliver(hello, client(1), dns);
  assert.equal(opened.length, 1);
  assert.equal(sessions.counters.droppedUplink, 2);
  clock.advance(1000);
  state.fail = false;
  sessions.deliver(hello, client(1), dns);
  await settle();
  assert.equal(opened.length, 2);
  assert.equal(opened[1]!.packets.sent.length, 1);
});

test('answers that cannot be sent are counted', async () => {
  const { sessions, opened, replies } = start();
  sessions.deliver(hello, client(1), dns);
  await settle();
  opened[0]!.packets.deliver(Buffer.from('too long'), dns);
  assert.deepEqual(replies, []);
  assert.equal(sessions.counters.droppedDownlink, 1);
});

test('closing ends open sessions, aborts openings and discards routes that come too late', async () => {
  const { sessions, opened, clock, state } = start();
  sessions.deliver(hello, client(1), dns);
  await settle();
  let go: () => void = () => undefined;
  state.hold = new Promise((resolve) => {
    go = resolve;
  });
  sessions.deliver(hello, client(2), dns);
  sessions.close();
  assert.equal(opened[1]!.signal.aborted, true);
  go();
  await settle();
  assert.equal(opened[0]!.packets.gone, true);
  assert.equal(state.discarded, 1);
  assert.equal(sessions.size, 0);
  assert.equal(clock.pendingTimers, 0);
});
