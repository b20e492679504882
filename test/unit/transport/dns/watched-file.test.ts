import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WatchedFile } from '../../../../src/transport/dns/watched-file.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const dir = mkdtempSync(join(tmpdir(), 'tsray-watched-'));
after(() => rmSync(dir, { recursive: true }));

function watched(path: string, clock: FakeClock): { read(): string; readonly parsed: string[] } {
  const parsed: string[] = [];
  const file = new WatchedFile(
    path,
    (text) => {
      parsed.push(text);
      return text;
    },
    clock,
  );
  return { read: () => file.current(), parsed };
}

test('is read again after it has changed, and looked at every five seconds only', () => {
  const path = join(dir, 'changing');
  const clock = new FakeClock();
  writeFileSync(path, 'one');
  const { parsed, read } = watched(path, clock);
  assert.equal(read(), 'one');
  writeFileSync(path, 'second');
  assert.equal(read(), 'one');
  clock.advance(5000);
  assert.equal(read(), 'second');
  clock.advance(5000);
  assert.equal(read(), 'second');
  assert.deepEqual(parsed, ['', 'one', 'second']);
  // The same length, another time.
  writeFileSync(path, 'thirds');
  utimesSync(path, 1, 1);
  clock.advance(5000);
  assert.equal(read(), 'thirds');
});

test('counts as empty while it is missing', () => {
  const path = join(dir, 'coming');
  const clock = new FakeClock();
  const { read } = watched(path, clock);
  assert.equal(read(), '');
  writeFileSync(path, 'here');
  clock.advance(5000);
  assert.equal(read(), 'here');
  rmSync(path);
  clock.advance(5000);
  assert.equal(read(), '');
});
