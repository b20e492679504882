import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Listen } from '../../../../src/contract/transport.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { DynamicPorts } from '../../../../src/proxy/ports/dynamic-ports.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { settle } from '../../../helper/scripted-link.js';
import { seededRandom } from '../../../helper/seeded-random.js';

const minuteMs = 60_000;

interface Setup {
  readonly ports?: readonly number[];
  readonly concurrency?: number;
}

/** Listeners that live until their last connection has gone: `drain` waits for `close`. */
class Ports {
  readonly clock = new FakeClock();
  readonly log = new MemoryLogger();
  readonly open = new Set<number>();
  readonly alive = new Set<number>();
  readonly busy = new Set<number>();
  /** Openings wait for it. */
  gate: Promise<void> | undefined;
  readonly dynamic: DynamicPorts;

  constructor(setup: Setup = {}) {
    const listen: Listen = async (_host, port) => {
      await this.gate;
      if (this.busy.has(port)) throw new TsrayError('ERR_LISTEN', `${port} is in use`);
      assert.ok(!this.open.has(port), `${port} is opened twice`);
      this.open.add(port);
      this.alive.add(port);
      let gone: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        gone = resolve;
      });
      return {
        address: `127.0.0.1:${port}`,
        port,
        drain: () => {
          this.open.delete(port);
          return ended;
        },
        close: () => {
          this.open.delete(port);
          this.alive.delete(port);
          gone();
          return ended;
        },
      };
    };
    this.dynamic = new DynamicPorts({
      listen,
      host: '127.0.0.1',
      ports: setup.ports ?? [1, 2, 3, 4, 5],
      concurrency: setup.concurrency ?? 3,
      refreshMinutes: 5,
      accept: () => undefined,
      clock: this.clock,
      random: seededRandom(7),
      log: this.log,
    });
  }

  async refresh(): Promise<void> {
    this.clock.advance(5 * minuteMs);
    await settle();
  }
}

test('a range little larger than the concurrency never runs out of ports; old ones stay one more interval', async () => {
  const ports = new Ports();
  await ports.dynamic.start();
  for (let round = 0; round < 8; round += 1) {
    const offered = ports.dynamic.offer();
    assert.ok(offered !== undefined && ports.open.has(offered.port));
    await ports.refresh();
    assert.ok(ports.open.has(offered.port), 'a port that was just offered still listens');
    assert.ok(ports.open.size > 0 && ports.open.size <= 5);
  }
  await ports.dynamic.close();
  assert.equal(ports.alive.size, 0);
  assert.equal(ports.clock.pendingTimers, 0);
});

test('closing while a refresh is under way ends the connections, those of new ports too', async () => {
  const ports = new Ports();
  await ports.dynamic.start();
  let release: () => void = () => undefined;
  ports.gate = new Promise((resolve) => {
    release = resolve;
  });
  ports.clock.advance(5 * minuteMs);
  await settle();
  const closed = Promise.all([ports.dynamic.drain(), ports.dynamic.close()]);
  release();
  await closed;
  assert.equal(ports.alive.size, 0);
  assert.equal(ports.clock.pendingTimers, 0);
});

test('ports that others hold are passed over; with none left at start it is an error, later all stays as it is', async () => {
  const ports = new Ports();
  for (const port of [1, 2, 3, 4, 5]) ports.busy.add(port);
  await assert.rejects(ports.dynamic.start(), { code: 'ERR_LISTEN' });
  ports.busy.delete(2);
  ports.busy.delete(4);
  await ports.dynamic.start();
  assert.deepEqual([...ports.open].sort(), [2, 4]);
  await ports.refresh();
  assert.deepEqual([...ports.open].sort(), [2, 4]);
  assert.match(ports.log.text, /stay as they are: ERR_LISTEN/);
  assert.equal(ports.dynamic.offer()?.validMinutes, 1);
  await ports.dynamic.close();
});
