/** What a thread reports, as the main thread's trackers hear it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleCount } from '../../../../src/app/router/router.js';
import { Replay } from '../../../../src/app/workers/replay.js';
import type { Report } from '../../../../src/app/workers/report.js';
import { Reporter } from '../../../../src/app/workers/reporter.js';
import type { ConnContext } from '../../../../src/contract/conn-context.js';
import type { Tracked, TrackedConnection } from '../../../../src/contract/tracker.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

function context(id: number, email = 'a@x'): ConnContext {
  const address = parseAddress('127.0.0.1');
  return {
    id,
    source: { network: 'tcp', address, port: 1000 + id },
    destination: { network: 'tcp', address, port: 80 },
    inboundTag: 'in',
    sourceText: `127.0.0.1:${1000 + id}`,
    user: { email, level: 3 },
    level: 3,
    sniffed: { protocol: 'http1', attributes: new Map([[':method', 'GET']]) },
    log: new MemoryLogger(),
    signal: new AbortController().signal,
    onConnected: () => undefined,
  };
}

interface Both {
  readonly clock: FakeClock;
  readonly reporter: Reporter;
  readonly replay: Replay;
  readonly reports: number;
  readonly told: string[];
  readonly carriers: string[];
  readonly rules: RuleCount[];
  refuse: TsrayError | undefined;
  last: TrackedConnection | undefined;
}

/** A reporter whose reports are cloned, as between threads, and replayed to a tracker that notes what it hears. */
function both(): Both {
  const clock = new FakeClock();
  const told: string[] = [];
  const carriers: string[] = [];
  const rules: RuleCount[] = [];
  let reports = 0;
  const state: Both = {
    clock,
    told,
    carriers,
    rules,
    refuse: undefined,
    last: undefined,
    get reports() {
      return reports;
    },
    reporter: new Reporter(
      clock,
      () => rules,
      (report: Report) => {
        reports += 1;
        state.replay.take(structuredClone(report));
      },
    ),
    replay: new Replay({
      log: new MemoryLogger(),
      router: { add: (index, matches) => told.push(`rule ${index} +${matches}`) },
      end: (number, error) => state.reporter.end(number, error),
      watchCarrier: (of, carrier, served) => {
        carriers.push(`carrier ${of.user?.email}`);
        served.then(() => carriers.push('carrier gone'));
        if (of.user?.email === 'removed') carrier.destroy(new TsrayError('ERR_AUTH', 'removed'));
      },
      tracker: {
        opened(connection): Tracked {
          if (state.refuse !== undefined) throw state.refuse;
          state.last = connection;
          const { id, user, sniffed } = connection.context;
          told.push(
            `opened ${id} ${user?.email} ${sniffed?.attributes?.get(':method')} to ${connection.outboundTag}`,
          );
          return {
            uplink: (bytes) => told.push(`${id} up ${bytes}`),
            downlink: (bytes) => told.push(`${id} down ${bytes}`),
            ended: ({ downlinkBytes, error, uplinkBytes }) =>
              told.push(`ended ${id} ${uplinkBytes} ${downlinkBytes} ${error?.code}`),
          };
        },
      },
    }),
  };
  return state;
}

function open(state: Both, id: number, end: (error: TsrayError) => void = () => undefined): Tracked {
  return state.reporter.opened({ context: context(id), choice: { rule: 'r' }, outboundTag: 'out', end });
}

test('the main thread hears of everything, in order, after 100 ms at the latest, in one report', () => {
  const state = both();
  const { clock, reporter, rules, told } = state;
  const first = open(state, 1);
  const second = open(state, 2);
  first.uplink(10);
  first.uplink(5);
  second.downlink(7);
  first.downlink(1);
  first.ended({ uplinkBytes: 15, downlinkBytes: 1, error: new TsrayError('ERR_RESET', 'gone') });
  rules.push({ rule: 'a', matches: 0 }, { rule: 'b', matches: 2 });
  assert.deepEqual(told, []);
  clock.advance(100);
  assert.equal(state.reports, 1);
  assert.deepEqual(told, [
    'opened 1 a@x GET to out',
    'opened 2 a@x GET to out',
    'rule 1 +2',
    '1 up 15',
    '1 down 1',
    '2 down 7',
    'ended 1 15 1 ERR_RESET',
  ]);
  told.length = 0;
  clock.advance(1_000);
  assert.equal(state.reports, 1, 'nothing new, nothing sent');
  second.downlink(3);
  second.ended({ uplinkBytes: 0, downlinkBytes: 10, error: undefined });
  rules[1] = { rule: 'b', matches: 3 };
  reporter.flush();
  assert.deepEqual(told, ['rule 1 +1', '2 down 3', 'ended 2 0 10 undefined']);
});

test('a thousand connections at once are reported before the delay', () => {
  const state = both();
  for (let id = 0; id < 2_500; id += 1) open(state, id);
  assert.equal(state.reports, 2);
  state.clock.advance(100);
  assert.equal(state.reports, 3);
  assert.equal(state.told.length, 2_500);
});

test('who refuses a connection there, or ends it later, ends it here', () => {
  const state = both();
  const ended: string[] = [];
  state.refuse = new TsrayError('ERR_LIMIT', 'too many devices');
  open(state, 1, ({ code, message }) => ended.push(`${code} ${message}`));
  state.clock.advance(100);
  assert.deepEqual(ended, ['ERR_LIMIT too many devices']);
  state.refuse = undefined;
  const second = open(state, 2, ({ code }) => ended.push(code));
  state.clock.advance(100);
  state.last?.end(new TsrayError('ERR_AUTH', 'removed'));
  assert.deepEqual(ended, ['ERR_LIMIT too many devices', 'ERR_AUTH']);
  second.ended({ uplinkBytes: 0, downlinkBytes: 0, error: undefined });
  state.clock.advance(100);
  // It has ended: nothing happens.
  state.last?.end(new TsrayError('ERR_AUTH', 'removed'));
  assert.equal(ended.length, 2);
});

test('carriers are watched from afar, and go with their user', async () => {
  const state = both();
  const ended: string[] = [];
  let leave: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    leave = resolve;
  });
  state.reporter.carrier(context(1), { end: () => ended.push('stays') }, gone);
  state.reporter.carrier(context(2, 'removed'), { end: ({ code }) => ended.push(code) }, Promise.resolve());
  state.clock.advance(100);
  assert.deepEqual(ended, ['ERR_AUTH']);
  leave();
  await gone;
  await Promise.resolve();
  state.clock.advance(100);
  await Promise.resolve();
  assert.deepEqual(state.carriers, ['carrier a@x', 'carrier removed', 'carrier gone', 'carrier gone']);
});

test('a thread that is lost has ended all that it carried, with the bytes that were told', () => {
  const state = both();
  const first = open(state, 1);
  first.uplink(4);
  open(state, 2);
  state.clock.advance(100);
  state.told.length = 0;
  state.replay.lost(new TsrayError('ERR_INTERNAL', 'the thread ended'));
  assert.deepEqual(state.told, ['ended 1 4 0 ERR_INTERNAL', 'ended 2 0 0 ERR_INTERNAL']);
  state.replay.lost(new TsrayError('ERR_INTERNAL', 'again'));
  assert.equal(state.told.length, 2);
});
