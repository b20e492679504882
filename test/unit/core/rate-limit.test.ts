import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../../src/core/rate-limit.js';
import { FakeClock } from '../../helper/fake-clock.js';

test('lets some through in each window and then tells how many it left out', () => {
  const clock = new FakeClock();
  const limit = new RateLimit({ clock, perWindow: 2, windowMs: 1000 });
  const lines: string[] = [];
  const warn = (): void => limit.warn((line) => lines.push(line), 'invalid user');
  for (let i = 0; i < 5; i += 1) warn();
  assert.deepEqual(lines, ['invalid user', 'invalid user']);
  clock.advance(999);
  warn();
  assert.equal(lines.length, 2);
  clock.advance(1);
  warn();
  warn();
  assert.deepEqual(lines.slice(2), ['invalid user (4 more such warnings were left out)', 'invalid user']);
  assert.equal(clock.pendingTimers, 0);
});
