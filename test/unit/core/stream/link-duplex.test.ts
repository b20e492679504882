import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { linkToDuplex } from '../../../../src/core/stream/link-duplex.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { duplexToLink } from '../../../../src/transport/socket/duplex-link.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { payload, sha256 } from '../../../helper/payload.js';

async function all(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

test('carries bytes both ways, half-closes and closes', async () => {
  const [near, far] = createPipe();
  const stream = linkToDuplex(near);
  const sink = CollectSink.on(far);
  stream.end('question');
  await sink.until((s) => s.ended === 1);
  assert.equal(sink.text, 'question');
  far.write(Buffer.from('answer'));
  far.end();
  assert.equal((await all(stream)).toString(), 'answer');
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error, undefined);
});

test('what is written after the end was read still arrives', async () => {
  const [near, far] = createPipe();
  const stream = linkToDuplex(near);
  far.end();
  assert.equal((await all(stream)).length, 0);
  const sink = CollectSink.on(far);
  stream.end('late');
  await sink.until((s) => s.ended === 1);
  assert.equal(sink.text, 'late');
});

test('a reader that stops pauses the link, a slow link stops the writer', async () => {
  const [near, far] = createPipe(1024);
  const stream = linkToDuplex(near);
  let sent = 0;
  stream.read(0);
  while (far.write(Buffer.alloc(32 * 1024))) {
    sent += 1;
    await new Promise(setImmediate);
    assert.ok(sent < 50, 'the link was never paused');
  }
  far.pause();
  const sink = CollectSink.on(far);
  let finished = false;
  stream.write(Buffer.alloc(8192), () => {
    finished = true;
  });
  await new Promise(setImmediate);
  assert.equal(finished, false);
  far.resume();
  await sink.until((s) => s.bytes.length === 8192);
  await new Promise(setImmediate);
  assert.equal(finished, true);
  stream.destroy();
  await sink.until((s) => s.closes === 1);
});

test('an error of the link is an error of the stream, and the other way round', async () => {
  const [near, far] = createPipe();
  const stream = linkToDuplex(near);
  far.destroy(new TsrayError('ERR_RESET', 'gone'));
  const [error] = (await once(stream, 'error')) as [TsrayError];
  assert.equal(error.code, 'ERR_RESET');

  const [near2, far2] = createPipe();
  const stream2 = linkToDuplex(near2);
  stream2.on('error', () => undefined);
  const sink = CollectSink.on(far2);
  stream2.destroy(new Error('enough'));
  await sink.until((s) => s.closes === 1);
  assert.match(sink.error?.message ?? '', /enough/);
});

test('a link over a stream over a link carries a large payload unchanged both ways', async () => {
  const [near, far] = createPipe();
  const link = duplexToLink(linkToDuplex(near));
  const data = payload(3_000_000);
  for (const [from, to] of [
    [link, far],
    [far, link],
  ] as const) {
    let at = 0;
    const more = (): void => {
      while (at < data.length) {
        const part = data.subarray(at, at + 50_000);
        at += part.length;
        if (!from.write(Uint8Array.from(part))) return;
      }
      from.end();
    };
    const sender = new CollectSink();
    from.start(Object.assign(sender, { drain: more }));
    const receiver = CollectSink.on(to);
    more();
    await receiver.until((s) => s.ended === 1);
    assert.equal(sha256(receiver.bytes), sha256(data));
  }
});
