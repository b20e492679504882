import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { CollectSink } from '../../../helper/collect-sink.js';

test('delivers in order what was written before and after the reader started', async () => {
  const [a, b] = createPipe();
  a.write(Buffer.from('one '));
  const sink = CollectSink.on(b);
  a.write(Buffer.from('two '));
  await sink.until((s) => s.text === 'one two ');
  a.write(Buffer.from('three'));
  assert.equal(sink.text, 'one two three');
});

test('asks the writer to wait while the reader is paused and drains on resume', async () => {
  const [a, b] = createPipe(10);
  const writer = CollectSink.on(a);
  const reader = CollectSink.on(b);
  b.pause();
  assert.equal(a.write(Buffer.alloc(20)), false);
  b.resume();
  await writer.until((s) => s.drains === 1);
  assert.equal(reader.bytes.length, 20);
});

test('refuses a writer that ignores backpressure without bound', () => {
  const [a, b] = createPipe(10);
  b.pause();
  assert.throws(
    () => {
      for (let i = 0; i < 40; i += 1) a.write(Buffer.alloc(64 * 1024));
    },
    (error) => error instanceof TsrayError && error.code === 'ERR_LIMIT',
  );
});

test('passes on a half-close and keeps the other direction open', async () => {
  const [a, b] = createPipe();
  const sinkA = CollectSink.on(a);
  const sinkB = CollectSink.on(b);
  a.end();
  await sinkB.until((s) => s.ended === 1);
  b.write(Buffer.from('still open'));
  assert.equal(sinkA.text, 'still open');
  assert.equal(sinkA.closes, 0);
});

test('close delivers what was written, then closes both ends once', async () => {
  const [a, b] = createPipe();
  const sinkA = CollectSink.on(a);
  const sinkB = CollectSink.on(b);
  b.pause();
  a.write(Buffer.from('last words'));
  a.close();
  a.close();
  b.resume();
  await sinkB.until((s) => s.closes === 1);
  assert.equal(sinkB.text, 'last words');
  assert.equal(sinkB.ended, 1);
  assert.equal(sinkA.closes, 1);
});

test('destroy tells both ends the reason, also an end that starts later', async () => {
  const [a, b] = createPipe();
  const sinkA = CollectSink.on(a);
  const reason = new TsrayError('ERR_RESET', 'gone');
  a.destroy(reason);
  await sinkA.until((s) => s.closes === 1);
  const sinkB = CollectSink.on(b);
  await sinkB.until((s) => s.closes === 1);
  assert.equal(sinkA.error, reason);
  assert.equal(sinkB.error, reason);
});
