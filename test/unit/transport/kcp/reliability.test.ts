/** Resending, acknowledging and windows of an mKCP session. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlWindow } from '../../../../src/transport/kcp/congestion.js';
import { Pacer } from '../../../../src/transport/kcp/pacer.js';
import { ReceiveWindow } from '../../../../src/transport/kcp/receive-window.js';
import { RoundTrip } from '../../../../src/transport/kcp/rtt.js';
import { kcpLimits } from '../../../helper/kcp.js';
import { ScriptedPeer, type Sent } from '../../../helper/kcp-scripted.js';

const segment = 'x'.repeat(kcpLimits().segmentBytes);

function numbers(sent: readonly Sent[], kind: Sent['kind'] = 'data'): number[] {
  return sent.filter((each) => each.kind === kind).map(({ number }) => number);
}

describe('round trip', () => {
  test('starts with 100 ms', () => {
    assert.equal(new RoundTrip(50).rtoMs, 100);
  });

  test('the first sample sets both values: rto = (srtt + 4 var) × 5/4', () => {
    const roundTrip = new RoundTrip(50);
    roundTrip.sample(200, 1_000);
    assert.equal(roundTrip.rtoMs, ((200 + 4 * 100) * 5) / 4);
  });

  test('later ones move them by an eighth and a quarter', () => {
    const roundTrip = new RoundTrip(50);
    roundTrip.sample(200, 1_000);
    roundTrip.sample(120, 1_100);
    // var = (3·100 + 80) / 4, srtt = (7·200 + 120) / 8
    assert.equal(roundTrip.rtoMs, Math.floor(((190 + 4 * 95) * 5) / 4));
  });

  test('a steady round trip: rto = (srtt + var) × 5/4, srtt not below the tti', () => {
    const roundTrip = new RoundTrip(50);
    for (let n = 0; n < 100; n += 1) roundTrip.sample(3, 1_000 + n);
    assert.equal(roundTrip.rtoMs, 62);
  });

  test('samples of 10 s and more, and negative ones, say nothing; the timeout is capped at 12.5 s', () => {
    const roundTrip = new RoundTrip(50);
    roundTrip.sample(10_000, 1_000);
    roundTrip.sample(-1, 1_000);
    assert.equal(roundTrip.rtoMs, 100);
    roundTrip.sample(9_999, 1_000);
    assert.equal(roundTrip.rtoMs, 12_500);
  });

  test("the peer's timeout counts when ours is 3 s old, within limits", () => {
    const roundTrip = new RoundTrip(50);
    roundTrip.sample(40, 1_000);
    const own = roundTrip.rtoMs;
    roundTrip.peerRto(777, 3_999);
    assert.equal(roundTrip.rtoMs, own);
    roundTrip.peerRto(777, 4_000);
    assert.equal(roundTrip.rtoMs, 777);
    roundTrip.peerRto(0, 8_000);
    assert.equal(roundTrip.rtoMs, 50);
    roundTrip.peerRto(0xffff_ffff, 12_000);
    assert.equal(roundTrip.rtoMs, 12_500);
  });
});

describe('sending', () => {
  test('what is written together leaves together, in segments as full as can be', () => {
    const peer = new ScriptedPeer();
    peer.write('a').write('b').write(segment).flush();
    const sent = peer.take();
    assert.deepEqual(numbers(sent), [0, 1]);
    assert.equal(sent[0]!.text.length, segment.length);
    assert.equal(sent[1]!.text.length, 2);
    assert.deepEqual(
      sent.map(({ sendingNext, timestamp }) => [sendingNext, timestamp]),
      [
        [0, 0],
        [0, 0],
      ],
    );
  });

  test('a segment without an ack is sent again when the timeout is over, with a new time', () => {
    const peer = new ScriptedPeer();
    peer.write('x').flush();
    peer.take();
    peer.pass(99);
    assert.deepEqual(numbers(peer.take()), []);
    peer.pass(1);
    const [again] = peer.take();
    assert.equal(again?.number, 0);
    assert.equal(again?.timestamp, 100);
  });

  test('an acknowledged segment is not sent again', () => {
    const peer = new ScriptedPeer();
    peer.write(segment).write(segment).write('x').flush();
    peer.take();
    peer.ack([0, 2], { receivingNext: 1 }).pass(250);
    assert.deepEqual([...new Set(numbers(peer.take()))], [1]);
    assert.equal(peer.session.queued, 2, 'from the first missing one on');
    peer.ping({ receivingNext: 3 });
    assert.equal(peer.session.queued, 0);
  });

  test('receivingNext of acks, pings and terminates acknowledges all below; beyond what was sent it is ignored', () => {
    for (const give of [
      (peer: ScriptedPeer, next: number) => peer.ack([], { receivingNext: next }),
      (peer: ScriptedPeer, next: number) => peer.ping({ receivingNext: next }),
    ]) {
      const peer = new ScriptedPeer();
      peer.write(segment).write('x').flush();
      give(peer, 3);
      assert.equal(peer.session.queued, 2);
      give(peer, 0xffff_ffff);
      assert.equal(peer.session.queued, 2);
      give(peer, 2);
      assert.equal(peer.session.queued, 0);
    }
  });

  test('acks of numbers that were never sent are ignored', () => {
    const peer = new ScriptedPeer();
    peer.write('x').flush().ack([1, 77, 0xffff_ffff]);
    assert.equal(peer.session.queued, 1);
  });

  test('when the queue becomes empty a ping tells the peer', () => {
    const peer = new ScriptedPeer();
    peer.write('x').flush();
    peer.take();
    peer.ack([0], { receivingNext: 1 });
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    const [ping] = peer.flush().take();
    assert.equal(ping?.kind, 'ping');
    assert.equal(ping?.sendingNext, 1);
  });

  test('the round trip is measured by the largest number of an ack, if that is news', () => {
    const peer = new ScriptedPeer();
    peer.write(segment).write('x').flush();
    peer.nowMs += 40;
    peer.ack([1], { timestamp: 0 });
    const measured = peer.session.rtoMs;
    assert.equal(measured, Math.floor(((50 + 4 * 20) * 5) / 4));
    peer.nowMs += 400;
    peer.ack([0, 1], { timestamp: 0 });
    assert.equal(peer.session.rtoMs, measured);
  });

  test('a missing segment is sent again at once when a much later one is acknowledged', () => {
    const peer = new ScriptedPeer();
    peer.write(segment).flush();
    peer.nowMs += 60;
    peer.write('x').flush();
    peer.take();
    peer.nowMs += 20;
    peer.ack([1], { timestamp: 60 });
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    assert.deepEqual(numbers(peer.flush().take()), [0]);
  });

  test('one sent at the same time is due a third of the timeout earlier for each such ack', () => {
    const peer = new ScriptedPeer();
    for (let n = 0; n < 4; n += 1) peer.write(segment);
    peer.flush();
    peer.take();
    peer.nowMs += 2;
    for (const number of [1, 2]) peer.ack([number], { timestamp: 0 });
    peer.flush();
    assert.deepEqual(numbers(peer.take()), []);
    peer.ack([3], { timestamp: 0 });
    for (let n = 0; n < 50 && peer.session.rtoMs > 0; n += 1) {
      peer.nowMs += 1;
      peer.flush();
      if (numbers(peer.take()).length > 0) break;
    }
    assert.ok(peer.nowMs - 5_000 <= 52, `sent again after ${peer.nowMs - 5_000} ms`);
  });

  test('what was just sent again is not hurried by acks of what was sent before it', () => {
    const peer = new ScriptedPeer();
    for (let n = 0; n < 6; n += 1) peer.write(segment);
    peer.flush().pass(100);
    peer.take();
    for (let number = 1; number < 6; number += 1) peer.ack([number], { timestamp: 0 });
    peer.nowMs += 10;
    assert.deepEqual(numbers(peer.flush().take()), []);
  });

  test('a peer that does not answer gets few segments', () => {
    const peer = new ScriptedPeer();
    for (let n = 0; n < 1_500; n += 1) peer.write(segment);
    peer.pass(600);
    const first = peer.take().length;
    peer.pass(10_000);
    const later = peer.take().length;
    assert.ok(later <= 16 * 201, `${first}, then ${later}: sixteen a tick at most`);
    assert.equal(peer.session.state, 'active');
  });

  test('nothing beyond 640 segments leaves before the peer has told its window', () => {
    const peer = new ScriptedPeer({ uplinkCapacity: 1_000 });
    for (let n = 0; n < 1_500; n += 1) peer.write(segment);
    peer.pass(90);
    assert.equal(Math.max(...numbers(peer.take())), 639);
  });

  test('a peer whose reader has stopped gets one segment at a time beyond its window', () => {
    const peer = new ScriptedPeer();
    for (let n = 0; n < 100; n += 1) peer.write(segment);
    peer.pass(20);
    peer.take();
    const all = Array.from({ length: 40 }, (_, number) => number);
    peer.ack(all, { receivingNext: 0, window: 40, timestamp: 0 });
    peer.pass(1_000);
    assert.deepEqual([...new Set(numbers(peer.take()))], [40]);
    peer.ack([], { receivingNext: 40, window: 140 }).pass(1_000);
    assert.equal(Math.max(...numbers(peer.take())), 99);
  });
});

describe('receiving', () => {
  test('segments are read in the order of their numbers', () => {
    const peer = new ScriptedPeer();
    peer.data(2, 'c').data(1, 'b');
    assert.equal(peer.read(), '');
    peer.data(0, 'a').data(1, 'twice');
    assert.equal(peer.read(), 'abc');
  });

  test('the first ack after a rest leaves at once, the next ones with the tti', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'a', { timestamp: 9 });
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    const [ack] = peer.flush().take();
    assert.equal(ack?.kind, 'ack');
    assert.deepEqual(ack?.numbers, [0]);
    assert.equal(ack?.timestamp, 9);
    peer.read();
    peer.nowMs += 1;
    peer.data(1, 'b');
    peer.read();
    assert.equal(peer.session.wantsFlush(peer.nowMs), false);
    assert.equal(peer.session.nextFlushMs, 50);
  });

  test('while something is missing acks leave every 10 ms', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'a').flush();
    peer.take();
    peer.data(2, 'c');
    assert.equal(peer.session.wantsFlush(peer.nowMs), false);
    peer.nowMs += 10;
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    assert.deepEqual(peer.flush().take()[0]?.numbers.includes(2), true);
  });

  test('128 numbers fill an ack, which leaves at once', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'x').flush();
    peer.take();
    for (let number = 1; number <= 127; number += 1) peer.data(number, 'x');
    peer.read();
    assert.equal(peer.session.wantsFlush(peer.nowMs), false);
    peer.data(128, 'x');
    peer.read();
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    assert.deepEqual(
      peer
        .flush()
        .take()
        .map((sent) => sent.numbers.length),
      [128],
    );
  });

  test('an ack holds 128 numbers at most; there may be several', () => {
    const peer = new ScriptedPeer();
    for (let number = 0; number < 300; number += 1) peer.data(number, 'x');
    peer.read();
    const acks = peer.flush().take();
    assert.deepEqual(
      acks.map((each) => each.numbers.length),
      [128, 128, 44],
    );
    assert.deepEqual(
      acks.flatMap((each) => each.numbers),
      Array.from({ length: 300 }, (_, number) => number),
    );
  });

  test('receivingNext does not hide from V2Ray that the numbers are news', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'a').data(1, 'b');
    peer.read();
    assert.equal(peer.flush().take()[0]?.receivingNext, 0);
    peer.ping({ sendingNext: 1 }).pass(60);
    const [again] = peer.take();
    assert.deepEqual(again?.numbers, [1]);
    assert.equal(again?.receivingNext, 1);
  });

  test('numbers are told again every max(rto / 2, 20) ms until the peer knows', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'a').flush();
    peer.read();
    peer.take();
    peer.pass(160);
    const times = peer.take().length;
    assert.equal(times, 3);
    peer.ping({ sendingNext: 1 }).pass(160);
    assert.deepEqual(peer.take(), []);
  });

  test('the window counts from what is read next; what lies outside is neither kept nor acknowledged', () => {
    const size = kcpLimits().receiveWindow;
    const peer = new ScriptedPeer();
    peer
      .data(size, 'beyond')
      .data(size - 1, 'last')
      .flush();
    const [ack] = peer.take();
    assert.deepEqual(ack?.numbers, [size - 1]);
    assert.equal(ack?.receivingWindow, size);
    peer.data(0, 'a');
    peer.read();
    peer.data(size, 'inside now').pass(60);
    assert.ok(peer.take().some((each) => each.numbers.includes(size) && each.receivingWindow === size + 1));
  });

  test('old duplicates are not acknowledged by number', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'a').flush();
    peer.read();
    peer.take();
    peer.ping({ sendingNext: 1 }).data(0, 'a', { sendingNext: 1 }).flush();
    assert.deepEqual(peer.take(), []);
  });

  test('a reader that goes on after a stop tells its window at once', () => {
    const peer = new ScriptedPeer({ downlinkCapacity: 0, readBufferBytes: 0 });
    for (let number = 0; number < 8; number += 1) peer.data(number, 'x');
    peer.flush();
    peer.ping({ sendingNext: 8 }).flush();
    peer.take();
    peer.read();
    assert.equal(peer.session.wantsFlush(peer.nowMs), true);
    const [update] = peer.flush().take();
    assert.deepEqual([update?.kind, update?.numbers, update?.receivingWindow], ['ack', [], 16]);
  });

  test('the ring grows with what comes out of order and wraps', () => {
    const window = new ReceiveWindow(1_000);
    const into = new Uint8Array(4_096);
    for (let round = 0; round < 5; round += 1) {
      const first = window.next;
      for (let ahead = 999; ahead >= 0; ahead -= 1) {
        assert.equal(window.put(first + ahead, Uint8Array.of(ahead & 0xff)), true);
      }
      assert.equal(window.put(first + 1_000, Uint8Array.of(1)), false);
      assert.equal(window.read(into), 1_000);
      assert.ok(into.subarray(0, 1_000).every((value, index) => value === (index & 0xff)));
      assert.equal(window.isEmpty, true);
    }
  });

  test('reading takes whole segments only', () => {
    const window = new ReceiveWindow(8);
    window.put(0, Uint8Array.of(1, 2, 3));
    window.put(1, Uint8Array.of(4, 5, 6));
    const into = new Uint8Array(5);
    assert.equal(window.read(into), 3);
    assert.equal(window.next, 1);
    assert.equal(window.read(into), 3);
  });
});

describe('congestion control', () => {
  test('15 % sent again shrinks the window by a quarter, 5 % and less let it grow, within its limits', () => {
    const window = new ControlWindow(100);
    window.update(15, 100);
    assert.equal(window.size, 75);
    window.update(10, 100);
    assert.equal(window.size, 75);
    window.update(5, 100);
    assert.equal(window.size, 93);
    for (let n = 0; n < 20; n += 1) window.update(0, 100);
    assert.equal(window.size, 200);
    for (let n = 0; n < 20; n += 1) window.update(100, 100);
    assert.equal(window.size, 16);
    window.update(0, 0);
    assert.equal(window.size, 16);
  });
});

describe('pacing', () => {
  /** Sends all it may for `ms`; the path takes `rate` segments per millisecond, 40 ms later. */
  function run(pacer: Pacer, rate: number, ms: number, from = 0): number {
    let sent = 0;
    const arriving: number[] = [];
    for (let now = from; now < from + ms; now += 1) {
      const count = pacer.allowance(now);
      pacer.sent(count);
      sent += count;
      arriving.push(Math.min(count, rate));
      const acked = arriving[arriving.length - 41];
      if (acked !== undefined && acked > 0) pacer.acknowledged(acked, now, 40);
    }
    return sent / ms;
  }

  test('after a rest a burst may leave, then as much as the settings say the path carries', () => {
    const pacer = new Pacer(4, 100);
    assert.equal(pacer.allowance(0), 48);
    pacer.sent(48);
    assert.equal(pacer.allowance(0), 0);
    assert.ok(pacer.waitMs >= 1);
    assert.ok(pacer.allowance(10) > 0);
  });

  test('the rate grows to what the path carries', () => {
    const pacer = new Pacer(4, 100);
    run(pacer, 50, 3_000);
    const rate = run(pacer, 50, 1_000, 3_000);
    assert.ok(rate > 45, `${rate}`);
  });

  test('it stays near what the path carries, and goes down with it', () => {
    const pacer = new Pacer(4, 100);
    run(pacer, 2, 3_000);
    const rate = run(pacer, 2, 2_000, 3_000);
    assert.ok(rate > 2 && rate < 3.2, `${rate}`);
    run(pacer, 1, 3_000, 5_000);
    const lower = run(pacer, 1, 2_000, 8_000);
    assert.ok(lower > 1 && lower < 1.7, `${lower}`);
  });

  test('whenever nothing may leave there is something to wait for, at any rate', () => {
    for (const rate of [0.01, 0.16, 1, 77]) {
      const pacer = new Pacer(rate, 100);
      pacer.sent(pacer.allowance(0));
      for (let now = 1; now < 500; now += 1) {
        const count = pacer.allowance(now);
        pacer.sent(count);
        if (pacer.allowance(now) === 0) assert.ok(pacer.waitMs >= 1, `${rate}: at ${now} ms`);
      }
    }
  });

  test('it never goes below an eighth of the settings', () => {
    const pacer = new Pacer(8, 100);
    for (let now = 0; now < 10_000; now += 100) pacer.acknowledged(0, now, 40);
    assert.ok(pacer.allowance(20_000) >= 1);
    assert.ok(pacer.waitMs <= 10);
  });
});
