import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessConnections } from '../../../../src/app/limits/connection-limits.js';
import { parseOpenFiles, readProcessLimits } from '../../../../src/app/limits/process-limits.js';
import type { ConnectionPlace, Counted } from '../../../../src/contract/connection-limits.js';
import { destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

const mib = 1024 * 1024;
const log = new MemoryLogger();

function by(email: string | undefined, host = '192.0.2.1'): Counted {
  const source = destinationOf('tcp', host, 1000);
  return email === undefined ? { source, log } : { source, log, user: { email, level: 0 } };
}

function make(openFiles: number | undefined, heapBytes = 4096 * mib): ProcessConnections {
  return new ProcessConnections({ openFiles, heapBytes }, new FakeClock());
}

/** As many places as are given. */
function fill(limits: ProcessConnections, connection: Counted): ConnectionPlace[] {
  const places: ConnectionPlace[] = [];
  for (;;) {
    const place = limits.admit(connection);
    if (place === undefined) return places;
    places.push(place);
  }
}

test('the bound follows the open files and the heap, whichever is less', () => {
  assert.equal(make(20_000).limit, 9_000);
  assert.equal(make(1_024).limit, 460);
  assert.equal(make(20_000, 64 * mib).limit, 1_365);
  assert.equal(make(undefined, 64 * mib).limit, 1_365);
  assert.equal(make(20).limit, 32);
});

test('one user alone has two thirds; others have a share', () => {
  const limits = make(20_000);
  assert.equal(fill(limits, by('greedy@example.com')).length, 6_075);
  assert.equal(limits.hasRoom(by('greedy@example.com')), false);
  const second = fill(limits, by('second@example.com'));
  assert.ok(second.length > 1_500, `${second.length}`);
  const third = fill(limits, by('third@example.com'));
  assert.ok(third.length > 300, `${third.length}`);
  assert.ok(limits.open < limits.limit);
});

test('a quiet user has room while others ask for all', () => {
  const limits = make(20_000);
  for (let n = 0; n < 20; n += 1) fill(limits, by(`greedy${n}@example.com`));
  for (let n = 0; n < 30; n += 1) {
    const quiet = fill(limits, by(`quiet${n}@example.com`));
    assert.equal(quiet.length, 16);
  }
  assert.ok(limits.open < limits.limit);
});

test('users are told apart by email, others by address', () => {
  for (const [one, other] of [
    [by('a@example.com'), by('b@example.com')],
    [by(''), by('', '192.0.2.2')],
    [by(undefined), by(undefined, '192.0.2.2')],
    [by('a@example.com'), by(undefined)],
  ] as const) {
    const limits = make(1_000);
    const taken = fill(limits, one).length;
    assert.ok(taken > 250);
    assert.equal(limits.admit(one), undefined);
    assert.notEqual(limits.admit(other), undefined);
  }
  const limits = make(1_000);
  fill(limits, by('a@example.com', '192.0.2.1'));
  assert.equal(limits.admit(by('a@example.com', '192.0.2.2')), undefined);
});

test('what is released can be taken again, and is released once', () => {
  const limits = make(1_000);
  const places = fill(limits, by('a@example.com'));
  for (const place of places) {
    place.release();
    place.release();
  }
  assert.equal(limits.open, 0);
  assert.equal(fill(limits, by('a@example.com')).length, places.length);
});

test('the log says who, how many and why, three times a minute', () => {
  const logger = new MemoryLogger();
  const clock = new FakeClock();
  const limits = new ProcessConnections({ openFiles: 1_000, heapBytes: 4096 * mib }, clock);
  const connection = { ...by('a@example.com'), log: logger };
  for (let n = 0; n < 1_000; n += 1) limits.admit(connection);
  const lines = logger.text.split('\n').filter((line) => line.includes('connections open'));
  assert.equal(lines.length, 3);
  assert.match(
    lines[0]!,
    /the user a@example\.com has 304 connections open; more are refused, since 304 of the 450 that 1000 open files allow are in use/,
  );
  clock.advance(60_000);
  limits.hasRoom(connection);
  assert.match(logger.text, /\d+ more such warnings were left out/);
});

test('open files are read from /proc/self/limits', () => {
  const text =
    'Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95937                95937                processes \nMax open files            20000                524288               files     \n';
  assert.equal(parseOpenFiles(text), 20_000);
  assert.equal(parseOpenFiles(text.replace(/20000/, 'unlimited')), undefined);
  assert.equal(parseOpenFiles(''), undefined);
  const { heapBytes, openFiles } = readProcessLimits();
  assert.ok(heapBytes > 16 * mib);
  if (process.platform === 'linux') assert.ok(openFiles === undefined || openFiles > 0);
});
