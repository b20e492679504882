import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLog, type Log, type LogOptions } from '../../../../src/app/log/log.js';
import type { TextStream } from '../../../../src/app/log/sink.js';
import type { TsrayError } from '../../../../src/core/errors.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-log-'));
after(() => rmSync(folder, { recursive: true }));

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Standard output whose reader is the test. */
class FakeStdout implements TextStream {
  readonly texts: string[] = [];
  readonly pending: ((error?: Error | null) => void)[] = [];
  stalled = false;
  listeners = 0;

  write(text: string, done: (error?: Error | null) => void): void {
    this.texts.push(text);
    if (this.stalled) this.pending.push(done);
    else queueMicrotask(() => done());
  }

  on(): void {
    this.listeners += 1;
  }

  removeListener(): void {
    this.listeners -= 1;
  }
}

function setUp(options: Partial<LogOptions>): {
  log: Log;
  stdout: FakeStdout;
  clock: FakeClock;
  problems: TsrayError[];
} {
  const stdout = new FakeStdout();
  const clock = new FakeClock(new Date(2026, 0, 2, 3, 4, 5).getTime());
  const problems: TsrayError[] = [];
  const log = createLog({
    access: 'none',
    error: 'stdout',
    level: 'warning',
    clock,
    stdout,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  return { log, stdout, clock, problems };
}

const record = { from: '192.0.2.7:1', status: 'accepted', to: 'tcp:example.com:443' } as const;

test('writes whole lines with time, level, session and area, one batch a turn', async () => {
  const { log, stdout, clock } = setUp({ level: 'info', access: 'stdout' });
  const scoped = log.logger.scoped('proxy/vmess/inbound');
  log.logger.info('started');
  scoped.session(42).warning('invalid user');
  log.access.write({ ...record, detour: 'direct' });
  await log.close();
  assert.deepEqual(stdout.texts, [
    [
      '2026/01/02 03:04:05 [Info] started',
      '2026/01/02 03:04:05 [Warning] [42] proxy/vmess/inbound: invalid user',
      '2026/01/02 03:04:05 192.0.2.7:1 accepted tcp:example.com:443 [direct]',
      '',
    ].join('\n'),
  ]);
  log.logger.error('too late');
  await log.close();
  assert.equal(stdout.texts.length, 1);
  assert.equal(stdout.listeners, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('a level silences what is below it, and none everything', async () => {
  for (const [level, expected] of [
    ['debug', ['Debug', 'Info', 'Warning', 'Error']],
    ['info', ['Info', 'Warning', 'Error']],
    ['warning', ['Warning', 'Error']],
    ['error', ['Error']],
    ['none', []],
  ] as const) {
    const { log, stdout } = setUp({ level, access: 'stdout' });
    const { logger } = log;
    for (const each of ['debug', 'info', 'warning', 'error'] as const) {
      logger[each]('x');
      assert.equal(
        logger.enabled(each),
        expected.some((name) => name.toLowerCase() === each),
        `${level} ${each}`,
      );
    }
    log.access.write(record);
    await log.close();
    const text = stdout.texts.join('');
    assert.deepEqual(
      [...text.matchAll(/\[(\w+)\]/g)].map((match) => match[1]),
      [...expected],
    );
    assert.equal(text.includes('accepted'), level !== 'none');
  }
  const { log } = setUp({ error: 'none', level: 'debug' });
  assert.equal(log.logger.enabled('error'), false);
  await log.close();
});

test('IDs and line ends never get through', async () => {
  const { log, stdout } = setUp({ access: 'stdout' });
  log.logger.warning('user b831381d-6324-4d53-ad4f-8cda48b30811\nwas refused');
  log.access.write({ ...record, to: 'tcp:b831381d63244d53ad4f8cda48b30811\n:1' });
  await log.close();
  const text = stdout.texts.join('');
  assert.ok(!text.includes('6324'));
  assert.equal(text.split('\n').length, 3);
});

test('a file is appended to, private to its owner, and may hold both logs', async () => {
  const file = join(folder, 'both.log');
  const first = setUp({ access: file, error: file });
  first.log.logger.warning('one');
  first.log.access.write(record);
  await first.log.close();
  const second = setUp({ error: file });
  second.log.logger.error('two');
  await second.log.close();
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.slice(20));
  assert.deepEqual(lines, ['[Warning] one', '192.0.2.7:1 accepted tcp:example.com:443', '[Error] two', '']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('reopening follows a rotated file, and no line is lost or cut', async () => {
  const file = join(folder, 'rotate.log');
  const { log } = setUp({ error: file });
  const expected: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let line = 0; line < 100; line += 1) {
      log.logger.warning(`${round} ${line}`);
      expected.push(`${round} ${line}`);
    }
    if (round === 1) await settled();
    renameSync(file, `${file}.${round}`);
    await log.reopen();
  }
  log.logger.warning('last');
  await log.close();
  const all = [0, 1, 2]
    .map((round) => readFileSync(`${file}.${round}`, 'utf8'))
    .concat(readFileSync(file, 'utf8'))
    .join('');
  assert.deepEqual(
    all
      .trimEnd()
      .split('\n')
      .map((line) => line.slice('2026/01/02 03:04:05 [Warning] '.length)),
    [...expected, 'last'],
  );
  assert.equal(readFileSync(file, 'utf8').includes('last'), true);
  await log.reopen();
});

test('a file that cannot be reopened stays in use and the problem is told', async () => {
  const file = join(folder, 'sub.log');
  const { log, problems } = setUp({ error: file });
  log.logger.warning('before');
  await settled();
  renameSync(file, `${file}.1`);
  // A folder of that name stands in the way.
  const { mkdirSync } = await import('node:fs');
  mkdirSync(file);
  await log.reopen();
  log.logger.warning('after');
  await log.close();
  assert.equal(problems.length, 1);
  assert.equal(problems[0]!.code, 'ERR_LOG');
  assert.match(readFileSync(`${file}.1`, 'utf8'), /before[\s\S]*after/);
});

test('a file that cannot be opened is an error with a hint', () => {
  const blocked = join(folder, 'plain');
  writeFileSync(blocked, '');
  assert.throws(() => setUp({ access: 'stdout', error: join(blocked, 'x.log') }), {
    code: 'ERR_LOG',
    hint: /folder must exist/,
  });
});

test('a reader that stops costs a bounded amount of memory; what was left out is counted', async () => {
  const { log, stdout, clock } = setUp({});
  stdout.stalled = true;
  const text = 'x'.repeat(1000);
  log.logger.warning('first');
  await settled();
  for (let i = 0; i < 5000; i += 1) log.logger.warning(text);
  await settled();
  assert.equal(stdout.texts.length, 1);
  stdout.stalled = false;
  stdout.pending.shift()!();
  await log.close();
  assert.equal(stdout.texts.length, 2);
  assert.ok(stdout.texts[1]!.length < 1_100_000);
  const lines = stdout.texts[1]!.trimEnd().split('\n');
  const counted = Number(/\((\d+) lines were left out/.exec(lines.at(-1)!)![1]);
  assert.equal(counted + lines.length - 1, 5000);
  assert.equal(clock.pendingTimers, 0);
});

test('closing waits a second for a reader that has stopped, not longer', async () => {
  const { log, stdout, clock } = setUp({});
  stdout.stalled = true;
  log.logger.warning('unread');
  const closing = log.close();
  await settled();
  clock.advance(1000);
  await closing;
  assert.equal(stdout.texts.length, 1);
});

test('a write that fails is told once until one succeeds', async () => {
  const { log, stdout, problems } = setUp({});
  for (const failure of [new Error('EPIPE'), new Error('EPIPE'), null, new Error('EPIPE')]) {
    stdout.stalled = true;
    log.logger.warning('x');
    await settled();
    stdout.pending.shift()!(failure);
  }
  await log.close();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['cannot write to standard output: EPIPE', 'cannot write to standard output: EPIPE'],
  );
});
