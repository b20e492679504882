/** Limits of users against a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceOf } from '../../../../src/app/limits/device.js';
import { Pacer } from '../../../../src/app/limits/pacer.js';
import { periodStartMs } from '../../../../src/app/limits/quota-period.js';
import { UserLimiter } from '../../../../src/app/limits/user-limiter.js';
import type { Tracked } from '../../../../src/contract/tracker.js';
import type { UserLimits } from '../../../../src/contract/user-limits.js';
import type { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

const mib = 1024 * 1024;

/** Readers that take 64 KiB whenever they may, for `ms`; the bytes of each. */
function readers(count: number, bytesPerSecond: number, ms: number): readonly number[] {
  const clock = new FakeClock();
  const pacer = new Pacer(clock, bytesPerSecond);
  const read = Array.from({ length: count }, () => 0);
  const mayGoOn: boolean[] = read.map(() => true);
  for (let now = 0; now < ms; now += 1) {
    for (let n = 0; n < count; n += 1) {
      if (!mayGoOn[n]) continue;
      read[n]! += 65_536;
      pacer.take(65_536);
      mayGoOn[n] = pacer.mayRead(() => {
        mayGoOn[n] = true;
      });
    }
    clock.advance(1);
  }
  pacer.close();
  return read;
}

test('a rate holds within 5 % over 10 s, for one reader and for fifty, and none is left behind', () => {
  for (const count of [1, 50]) {
    for (const rate of [mib, 10 * mib, 50 * mib]) {
      const read = readers(count, rate, 10_000);
      const sum = read.reduce((all, each) => all + each, 0);
      // Each may have read once when nothing was owed yet.
      const allowed = 0.05 * rate * 10 + count * 65_536;
      assert.ok(Math.abs(sum - rate * 10) <= allowed, `${count} readers of ${rate}: ${sum}`);
      if (rate >= 10 * mib) {
        const fair = sum / count;
        assert.ok(
          read.every((each) => each > fair / 2 && each < fair * 2),
          `${Math.min(...read)} … ${Math.max(...read)}`,
        );
      }
    }
  }
});

test('datagrams beyond the rate are not let through', () => {
  const clock = new FakeClock();
  const pacer = new Pacer(clock, 1_000_000);
  let passed = 0;
  for (let now = 0; now < 5_000; now += 1) {
    for (let n = 0; n < 10; n += 1) {
      if (!pacer.admits(1_000)) continue;
      pacer.take(1_000);
      passed += 1_000;
    }
    clock.advance(1);
  }
  assert.ok(Math.abs(passed - 5_000_000) < 250_000, `${passed}`);
});

test('closing lets who waits go on', () => {
  const pacer = new Pacer(new FakeClock(), 1_000);
  pacer.take(1_000_000);
  let resumed = 0;
  assert.equal(
    pacer.mayRead(() => {
      resumed += 1;
    }),
    false,
  );
  pacer.close();
  assert.equal(resumed, 1);
});

interface Opened {
  readonly tracked: Tracked;
  readonly ended: TsrayError[];
}

function limiter(limits: UserLimits): {
  readonly clock: FakeClock;
  readonly limiter: UserLimiter;
  readonly set: (next: UserLimits) => void;
  readonly open: (host?: string, email?: string) => Opened;
} {
  const clock = new FakeClock();
  let current = limits;
  const made = new UserLimiter({ clock, limitsOf: (email) => (email === 'a@x' ? current : undefined) });
  return {
    clock,
    limiter: made,
    set: (next) => {
      current = next;
      made.changed();
    },
    open: (host = '192.0.2.1', email = 'A@x') => {
      const ended: TsrayError[] = [];
      const address = parseAddress(host);
      const tracked = made.opened({
        context: {
          id: 1,
          source: { network: 'tcp', address, port: 1 },
          destination: { network: 'tcp', address, port: 80 },
          inboundTag: 'in',
          sourceText: host,
          user: { email, level: 0 },
          level: 0,
          log: new MemoryLogger(),
        },
        choice: {},
        outboundTag: 'out',
        end: (error) => ended.push(error),
      });
      return { tracked: tracked as Tracked, ended };
    },
  };
}

const over = { uplinkBytes: 0, downlinkBytes: 0, error: undefined };
const refusedFor = (text: RegExp) => ({ code: 'ERR_LIMIT', message: text });

test('users without limits, or without an email, are not followed', () => {
  const { open } = limiter({ quotaReset: 'never', devices: 1 });
  assert.equal(open('192.0.2.1', 'b@x').tracked, undefined);
  assert.equal(open('192.0.2.1', '').tracked, undefined);
});

test('devices: the newest is refused, one that left counts on for half a minute', () => {
  const { clock, open } = limiter({ quotaReset: 'never', devices: 2 });
  const first = open('192.0.2.1');
  open('192.0.2.1');
  const second = open('192.0.2.2');
  assert.throws(() => open('192.0.2.3'), refusedFor(/user A@x: 2 devices are connected, and no more may be/));
  second.tracked.ended(over);
  assert.throws(() => open('192.0.2.3'), refusedFor(/2 devices/));
  open('192.0.2.2').tracked.ended(over);
  clock.advance(30_000);
  open('192.0.2.3');
  first.tracked.ended(over);
  clock.advance(30_000);
  // The first device has another connection.
  assert.throws(() => open('192.0.2.4'), refusedFor(/2 devices/));
});

test('a device of IPv6 is a network', () => {
  assert.equal(deviceOf('2001:db8::1'), deviceOf('2001:db8::ffff:1'));
  assert.notEqual(deviceOf('2001:db8::1'), deviceOf('2001:db8:0:1::1'));
  assert.equal(deviceOf('192.0.2.1'), '192.0.2.1');
});

test('quota: what is open ends at the read that reaches it, new connections are refused until the period ends', () => {
  const { clock, open } = limiter({ quotaReset: 'day', quotaBytes: 1_000 });
  const first = open();
  const second = open();
  first.tracked.uplink(400);
  second.tracked.downlink(599);
  assert.deepEqual([...first.ended, ...second.ended], []);
  second.tracked.downlink(65_536);
  assert.deepEqual(
    [...first.ended, ...second.ended].map(({ message }) => message),
    ['user A@x: the quota is used up', 'user A@x: the quota is used up'],
  );
  assert.throws(() => open(), refusedFor(/quota/));
  clock.advance(24 * 60 * 60 * 1000);
  open();
});

test('expiry: what is open ends, and nobody comes in', () => {
  const clock = new FakeClock();
  const expiresMs = clock.nowMs() + 50 * 60 * 60 * 1000;
  const state = limiter({ quotaReset: 'never', expiresMs });
  const live = state.open();
  state.clock.advance(50 * 60 * 60 * 1000 - 1);
  assert.equal(live.ended.length, 0);
  state.clock.advance(1);
  assert.match(live.ended[0]!.message, /user A@x: the account has expired/);
  assert.throws(() => state.open(), refusedFor(/expired/));
});

test('limits that change hold for what is open', () => {
  const { clock, open, set } = limiter({ quotaReset: 'never' });
  const live = open();
  assert.equal(
    live.tracked.mayRead?.('uplink', () => undefined),
    true,
  );
  set({ quotaReset: 'never', uplinkBytesPerSecond: 1_000, expiresMs: clock.nowMs() + 5_000 });
  live.tracked.uplink(5_000);
  let resumed = 0;
  const resume = (): void => {
    resumed += 1;
  };
  assert.equal(live.tracked.mayRead?.('uplink', resume), false);
  assert.equal(live.tracked.mayRead?.('downlink', resume), true);
  assert.equal(live.tracked.mayPass?.('uplink', 1), false);
  clock.advance(4_500);
  assert.equal(resumed, 1);
  clock.advance(500);
  assert.equal(live.ended.length, 1);
});

test('usage is told, and taken back in its period alone', () => {
  const { clock, limiter: first, open } = limiter({ quotaReset: 'month', quotaBytes: 10_000 });
  open().tracked.uplink(9_000);
  const usage = first.usage();
  assert.equal(usage.get('a@x')?.bytes, 9_000);
  const next = limiter({ quotaReset: 'month', quotaBytes: 10_000 });
  next.limiter.restore(usage);
  const live = next.open();
  live.tracked.uplink(1_000);
  assert.equal(live.ended.length, 1);
  const later = limiter({ quotaReset: 'month', quotaBytes: 10_000 });
  later.limiter.restore(new Map([['a@x', { bytes: 9_999, sinceMs: clock.nowMs() - 1 }]]));
  later.open().tracked.uplink(9_000);
  assert.equal(later.limiter.usage().get('a@x')?.bytes, 9_000);
});

test('periods begin at local midnight, on Mondays, on the first', () => {
  const now = new Date(2026, 6, 16, 13, 14).getTime();
  assert.equal(periodStartMs(now, 'never'), 0);
  assert.equal(periodStartMs(now, 'day'), new Date(2026, 6, 16).getTime());
  assert.equal(periodStartMs(now, 'week'), new Date(2026, 6, 13).getTime());
  assert.equal(periodStartMs(now, 'month'), new Date(2026, 6, 1).getTime());
  const sunday = new Date(2026, 6, 19, 23, 59).getTime();
  assert.equal(periodStartMs(sunday, 'week'), new Date(2026, 6, 13).getTime());
  const firstOfMonth = new Date(2026, 7, 1, 0, 0).getTime();
  assert.equal(periodStartMs(firstOfMonth, 'week'), new Date(2026, 6, 27).getTime());
});
