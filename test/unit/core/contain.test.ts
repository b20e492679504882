import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import { contain, containEvents, containStream, failed, later } from '../../../src/core/contain.js';
import { TsrayError } from '../../../src/core/errors.js';
import { watchDefects } from '../../helper/defects.js';

const boom = (): never => {
  throw new TypeError('boom');
};

test('what a callback throws goes to its connection as ERR_INTERNAL, a TsrayError as it is', () => {
  const errors: TsrayError[] = [];
  const fail = (error: TsrayError): void => {
    errors.push(error);
  };
  contain(fail, boom)();
  contain(fail, () => {
    throw new TsrayError('ERR_LIMIT', 'too much');
  })();
  contain(fail, (a: number, b: string) => assert.deepEqual([a, b], [1, 'x']))(1, 'x');
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['ERR_INTERNAL', 'ERR_LIMIT'],
  );
  assert.ok(errors[0]?.cause instanceof TypeError);
});

test('an end that fails as well throws nothing', () => {
  failed(new TypeError('first'), boom);
});

test('listeners behind the one that throws are not called, and later events are', () => {
  const emitter = new EventEmitter();
  const seen: string[] = [];
  containEvents(emitter, ({ code }) => seen.push(code));
  let calls = 0;
  emitter.on('data', () => {
    calls += 1;
    if (calls === 1) boom();
  });
  emitter.on('data', () => seen.push('second'));
  emitter.emit('data');
  emitter.emit('data');
  assert.deepEqual(seen, ['ERR_INTERNAL', 'second']);
});

test('an error event that nobody listens to is contained', () => {
  const emitter = new EventEmitter();
  const seen: string[] = [];
  containEvents(emitter, ({ message }) => seen.push(message));
  emitter.emit('error', new Error('nobody listens'));
  assert.deepEqual(seen, ['nobody listens']);
});

test('a stream whose listener throws is destroyed with what was thrown', async () => {
  const stream = containStream(new PassThrough());
  stream.on('data', boom);
  const told = once(stream, 'error');
  stream.write('x');
  const [error] = (await told) as [TsrayError];
  assert.equal(error.code, 'ERR_INTERNAL');
  assert.equal(stream.destroyed, true);
});

test('a microtask and a timer that throw end nothing else, and are reported', async () => {
  const defects = watchDefects();
  const seen: string[] = [];
  later(boom, ({ code }) => seen.push(code));
  later(boom);
  await new Promise<void>((resolve) => {
    systemClock.setTimer(0, boom);
    systemClock.setTimer(1, resolve);
  });
  await new Promise((resolve) => setImmediate(resolve));
  defects.stop();
  assert.deepEqual(seen, ['ERR_INTERNAL']);
  assert.ok(defects.messages.length > 0);
});
