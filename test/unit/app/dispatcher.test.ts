import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../src/core/errors.js';
import { contextFor } from '../../helper/contexts.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { MemoryLogger } from '../../helper/memory-log.js';

test('a target that cannot be opened is a warning; a client that did not wait is not', async () => {
  const outbound = new FakeOutbound();
  const dispatcher = dispatcherTo([outbound], { clock: new FakeClock() });
  for (const [error, level] of [
    [new TsrayError('ERR_DIAL_REFUSED', 'refused'), 'warning'],
    [new TsrayError('ERR_ABORTED', 'given up'), 'info'],
  ] as const) {
    const log = new MemoryLogger();
    outbound.failures.push(error);
    await assert.rejects(dispatcher.open(contextFor(at('192.0.2.1', 80), { log })), { code: error.code });
    assert.match(log.text, new RegExp(`^\\[${level}\\] tcp:192\\.0\\.2\\.1:80 could not be opened`));
  }
});
