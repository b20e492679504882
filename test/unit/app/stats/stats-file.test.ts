/** Counters over a restart. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Usage } from '../../../../src/app/limits/user-limiter.js';
import { Counters } from '../../../../src/app/stats/counters.js';
import { StatsFile } from '../../../../src/app/stats/stats-file.js';
import { eventually } from '../../../helper/eventually.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-'));
});
after(() => rmSync(folder, { recursive: true }));

function opened(name: string): {
  readonly file: StatsFile;
  readonly counters: Counters;
  readonly usage: Map<string, Usage>;
  readonly clock: FakeClock;
  readonly log: MemoryLogger;
  readonly path: string;
} {
  const counters = new Counters();
  const usage = new Map<string, Usage>();
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const path = join(folder, name);
  const restored = {
    usage: () => usage,
    restore: (saved: ReadonlyMap<string, Usage>) => {
      for (const [email, used] of saved) usage.set(email, used);
    },
  };
  return {
    file: new StatsFile({ path, counters, usage: restored, clock, log }),
    counters,
    usage,
    clock,
    log,
    path,
  };
}

test('what was counted is there again, added to what is counted meanwhile', async () => {
  const first = opened('stats.json');
  await first.file.start();
  first.counters.counter('user>>>a@x>>>traffic>>>uplink').value = 5;
  first.usage.set('a@x', { bytes: 7, sinceMs: 1 });
  await first.file.close();
  assert.equal(statSync(first.path).mode & 0o777, 0o600);
  const second = opened('stats.json');
  second.counters.counter('user>>>a@x>>>traffic>>>uplink').value = 1;
  await second.file.start();
  assert.equal(second.counters.get('user>>>a@x>>>traffic>>>uplink')?.value, 6);
  assert.deepEqual(second.usage.get('a@x'), { bytes: 7, sinceMs: 1 });
  await second.file.close();
});

test('it is written every ten seconds if something has moved, whole or not at all', async () => {
  const { clock, counters, file, path } = opened('busy.json');
  await file.start();
  counters.counter('one').value = 1;
  clock.advance(9_999);
  assert.ok(!readdirSync(folder).includes('busy.json'));
  clock.advance(1);
  await eventually('it is written', () => readdirSync(folder).includes('busy.json'));
  assert.match(readFileSync(path, 'utf8'), /"one":1/);
  assert.ok(!readdirSync(folder).includes('busy.json.new'));
  await file.close();
});

test('a file that is no such file is an error, and stays as it is', async () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{"version":2}',
    '{"version":1,"counters":{"a":-1},"usage":{}}',
    'notes',
  ]) {
    const { file, path } = opened('other.txt');
    writeFileSync(path, text);
    await assert.rejects(file.start(), { code: 'ERR_CONFIG_READ' });
    await file.close();
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('where nothing can be written, the log says so once', async () => {
  const { clock, counters, file, log, path } = opened('taken.json');
  await file.start();
  // A folder has the name of what would be written.
  mkdirSync(`${path}.new`);
  for (let round = 0; round < 3; round += 1) {
    counters.counter('one').value += 1;
    clock.advance(10_000);
    await eventually('it was tried', () => log.lines.length === 1);
  }
  await file.close();
  assert.equal(log.lines.length, 1);
  assert.match(log.text, /the counters cannot be written to/);
});
