import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type LogLines, RelayedLog, writeLines } from '../../../../src/app/workers/log-relay.js';
import type { AccessRecord } from '../../../../src/contract/logger.js';
import { MemoryAccessLog, MemoryLogger } from '../../../helper/memory-log.js';

const record: AccessRecord = {
  from: '127.0.0.1:1',
  status: 'accepted',
  to: 'tcp:127.0.0.1:80',
  email: 'a@x',
};

test('lines of one turn come together, as they were written, with area and session', async () => {
  const batches: LogLines[] = [];
  const log = new RelayedLog('info', (lines) => batches.push(structuredClone(lines)));
  log.logger.scoped('proxy/vmess').session(7).info('one');
  log.logger.debug('too fine');
  log.access.write(record);
  log.logger.warning('two');
  assert.equal(log.logger.enabled('debug'), false);
  assert.equal(log.logger.enabled('info'), true);
  await turn();
  assert.deepEqual(batches, [
    [
      { level: 'info', area: 'proxy/vmess', id: 7, message: 'one' },
      record,
      { level: 'warning', area: undefined, id: undefined, message: 'two' },
    ],
  ]);
  const logger = new MemoryLogger();
  const access = new MemoryAccessLog();
  writeLines(
    { logger, access, reopen: () => Promise.resolve(), close: () => Promise.resolve() },
    batches[0]!,
  );
  assert.equal(logger.lines.length, 2);
  assert.match(logger.lines[0]!, /one/);
  assert.match(logger.lines[0]!, /7/);
  assert.deepEqual(access.records, [record]);
});

test('closing sends what waits; nothing is sent where nothing is logged', async () => {
  const batches: LogLines[] = [];
  const log = new RelayedLog('error', (lines) => batches.push(lines));
  log.logger.error('last words');
  await log.close();
  assert.equal(batches.length, 1);
  const silent = new RelayedLog('none', () => assert.fail('nothing is logged'));
  silent.logger.error('unheard');
  silent.access.write(record);
  await silent.close();
  await turn();
});

test('more lines in one turn than can wait are left out and counted', async () => {
  const batches: LogLines[] = [];
  const log = new RelayedLog('info', (lines) => batches.push(lines));
  for (let n = 0; n < 10_005; n += 1) log.logger.info(`${n}`);
  await turn();
  assert.equal(batches[0]?.length, 10_001);
  assert.match(JSON.stringify(batches[0]?.at(-1)), /5 lines were left out/);
});
