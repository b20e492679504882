import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { combineTrackers } from '../../../../src/app/connections/combine-trackers.js';
import { LiveConnections, userRemoved } from '../../../../src/app/connections/live-connections.js';
import type { Tracked, TrackedConnection, Tracker } from '../../../../src/contract/tracker.js';
import { TsrayError } from '../../../../src/core/errors.js';
import type { RelayOutcome } from '../../../../src/core/stream/relay.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { ScriptedLink } from '../../../helper/scripted-link.js';

const outcome: RelayOutcome = { uplinkBytes: 3, downlinkBytes: 4, error: undefined };

interface Opened {
  readonly connection: TrackedConnection;
  readonly ends: TsrayError[];
}

function connectionOf(email: string, inboundTag = 'in'): Opened {
  const ends: TsrayError[] = [];
  const context = {
    ...contextFor({ network: 'tcp', address: { kind: 'domain', host: 'a.example' }, port: 80 }),
    inboundTag,
    user: { email, level: 0 },
  };
  return { ends, connection: { context, choice: {}, outboundTag: 'out', end: (error) => ends.push(error) } };
}

describe('live connections', () => {
  test('are listed with their bytes while they live', () => {
    const clock = new FakeClock();
    const live = new LiveConnections(clock);
    const tracked = live.opened(connectionOf('a@b').connection);
    tracked.uplink(5);
    tracked.downlink(7);
    tracked.uplink(1);
    const [seen] = [...live.list()];
    assert.deepEqual(
      [seen?.uplinkBytes, seen?.downlinkBytes, seen?.outboundTag, seen?.openedMs],
      [6, 7, 'out', clock.nowMs()],
    );
    tracked.ended(outcome);
    assert.equal(live.size, 0);
    assert.deepEqual([...live.list()], []);
  });

  test('of a user are ended, in all inbounds or in one, whatever the case of the email; others go on', () => {
    const live = new LiveConnections(new FakeClock());
    const [mine, elsewhere, theirs] = [
      connectionOf('Me@x', 'one'),
      connectionOf('me@X', 'two'),
      connectionOf('you@x', 'one'),
    ];
    for (const { connection } of [mine, elsewhere, theirs]) live.opened(connection);
    assert.equal(live.endUser('me@x', userRemoved(), 'one'), 1);
    assert.deepEqual([mine.ends.length, elsewhere.ends.length, theirs.ends.length], [1, 0, 0]);
    assert.equal(live.endUser('ME@x', userRemoved()), 2);
    assert.equal(elsewhere.ends[0]?.code, 'ERR_AUTH');
    assert.equal(theirs.ends.length, 0);
  });

  test('the carrier of a user is destroyed with the user, until it has been served', async () => {
    const live = new LiveConnections(new FakeClock());
    const { connection } = connectionOf('me@x');
    const [carrier, past] = [new ScriptedLink(), new ScriptedLink()];
    live.watchCarrier(connection.context, carrier, new Promise(() => undefined));
    const served = Promise.resolve();
    live.watchCarrier(connection.context, past, served);
    await served;
    await Promise.resolve();
    assert.equal(live.endUser('me@x', userRemoved()), 0);
    assert.deepEqual([carrier.gone, past.gone], [true, false]);
  });

  test('endAll resolves when the last has ended', async () => {
    const live = new LiveConnections(new FakeClock());
    const { connection, ends } = connectionOf('me@x');
    const tracked = live.opened(connection);
    let done = false;
    const all = live.endAll(new TsrayError('ERR_CLOSED', 'closed')).then(() => {
      done = true;
    });
    await Promise.resolve();
    assert.deepEqual([done, ends.map(({ code }) => code)], [false, ['ERR_CLOSED']]);
    tracked.ended(outcome);
    await all;
    assert.equal(done, true);
  });

  test('one that is refused by an event is not followed', () => {
    const live = new LiveConnections(new FakeClock(), {
      onOpened: () => {
        throw userRemoved();
      },
    });
    assert.throws(() => live.opened(connectionOf('me@x').connection), { code: 'ERR_AUTH' });
    assert.equal(live.size, 0);
  });
});

describe('trackers together', () => {
  class Recorder implements Tracker, Tracked {
    readonly told: string[] = [];
    opened(): Tracked {
      this.told.push('opened');
      return this;
    }
    uplink(bytes: number): void {
      this.told.push(`up ${bytes}`);
    }
    downlink(bytes: number): void {
      this.told.push(`down ${bytes}`);
    }
    ended({ error }: RelayOutcome): void {
      this.told.push(`ended ${error?.code ?? 'well'}`);
    }
  }
  const { connection } = connectionOf('me@x');

  test('none is nothing, one is itself', () => {
    const one = new Recorder();
    assert.equal(combineTrackers([]), undefined);
    assert.equal(combineTrackers([one]), one);
  });

  for (const count of [2, 3, 4]) {
    test(`${count} are all told, in order`, () => {
      const recorders = Array.from({ length: count }, () => new Recorder());
      const tracked = combineTrackers(recorders)?.opened(connection);
      tracked?.uplink(1);
      tracked?.downlink(2);
      tracked?.ended(outcome);
      for (const { told } of recorders) assert.deepEqual(told, ['opened', 'up 1', 'down 2', 'ended well']);
    });
  }

  test('one that does not follow the connection leaves the other alone', () => {
    const one = new Recorder();
    const tracked = combineTrackers([{ opened: () => undefined }, one])?.opened(connection);
    assert.equal(tracked, one);
  });

  test('a refusal by a later one ends it for the earlier ones', () => {
    const first = new Recorder();
    const refusing: Tracker = {
      opened: () => {
        throw userRemoved();
      },
    };
    assert.throws(() => combineTrackers([first, refusing])?.opened(connection), { code: 'ERR_AUTH' });
    assert.deepEqual(first.told, ['opened', 'ended ERR_AUTH']);
  });

  test('one that throws at the end does not keep the others from hearing of it', () => {
    const last = new Recorder();
    const throwing: Tracked = {
      uplink() {},
      downlink() {},
      ended() {
        throw new TypeError('a defect');
      },
    };
    const tracked = combineTrackers([{ opened: () => throwing }, last])?.opened(connection);
    assert.throws(() => tracked?.ended(outcome), TypeError);
    assert.deepEqual(last.told, ['opened', 'ended well']);
  });
});
