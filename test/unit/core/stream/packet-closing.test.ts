import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PacketLink, PacketSink } from '../../../../src/core/stream/link.js';
import { packetCloseMs } from '../../../../src/core/stream/packet-closing.js';
import { PacketHub } from '../../../../src/core/stream/packet-hub.js';
import { relayPackets } from '../../../../src/core/stream/packet-relay.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { at } from '../../../helper/fake-listen.js';
import { FakePackets } from '../../../helper/fake-packets.js';
import { settle } from '../../../helper/scripted-link.js';

/** As on a carrier whose peer takes nothing any more: what is queued never leaves, and so it never closes. */
class StuckPackets extends FakePackets {
  closing = false;

  override close(): void {
    this.closing = true;
  }
}

test('a quiet session whose peer takes nothing any more is destroyed after its close', async () => {
  for (const stuckSide of ['client', 'target'] as const) {
    const clock = new FakeClock();
    const stuck = new StuckPackets();
    const other = new FakePackets();
    const [client, target] = stuckSide === 'client' ? [stuck, other] : [other, stuck];
    const done = relayPackets(client, target, { clock, idleMs: 60_000 });
    clock.advance(60_000);
    assert.equal(stuck.closing, true);
    assert.equal(stuck.gone, false);
    clock.advance(packetCloseMs);
    const { error } = await done;
    assert.equal(error?.code, 'ERR_IDLE_TIMEOUT');
    assert.equal(clock.pendingTimers, 0);
  }
});

test('packets do not put off the end of a session that is being closed', async () => {
  const clock = new FakeClock();
  const stuck = new StuckPackets();
  const target = new FakePackets();
  const done = relayPackets(stuck, target, { clock, idleMs: 1_000 });
  target.close();
  await settle();
  for (let waited = 0; waited < packetCloseMs; waited += 500) {
    stuck.deliver(Buffer.from('more'), at('192.0.2.1', 1, 'udp'));
    clock.advance(500);
  }
  await done;
  assert.equal(stuck.gone, true);
  assert.equal(clock.pendingTimers, 0);
});

function hubOf(clock: FakeClock): PacketHub {
  return new PacketHub({
    clock,
    source: at('192.0.2.7', 5000),
    idleMs: 60_000,
    open: () => Promise.reject(new Error('no way')),
  });
}

test('links of a hub that never close by themselves are destroyed: quiet, replaced, or with the hub', async () => {
  const clock = new FakeClock();
  const hub = hubOf(clock);
  const quiet = new StuckPackets();
  const quietDone = hub.attach(quiet);
  clock.advance(60_000 + packetCloseMs);
  await quietDone;
  const replaced = new StuckPackets();
  const replacedDone = hub.attach(replaced);
  const last = new StuckPackets();
  const lastDone = hub.attach(last);
  clock.advance(packetCloseMs);
  await replacedDone;
  assert.equal(last.gone, false);
  hub.close();
  clock.advance(packetCloseMs);
  await lastDone;
  assert.equal(clock.pendingTimers, 0);
});

test('a link that closes in time is not destroyed', async () => {
  const clock = new FakeClock();
  let destroyed = 0;
  let sink: PacketSink | undefined;
  const link: PacketLink = {
    start: (one) => {
      sink = one;
    },
    send: () => true,
    ref: () => undefined,
    unref: () => undefined,
    close: () => undefined,
    destroy: () => {
      destroyed += 1;
    },
  };
  const hub = hubOf(clock);
  const done = hub.attach(link);
  hub.close();
  clock.advance(packetCloseMs - 1);
  sink!.closed(undefined);
  await done;
  clock.advance(packetCloseMs);
  assert.equal(destroyed, 0);
  assert.equal(clock.pendingTimers, 0);
});
