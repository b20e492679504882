import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { LateLink } from '../../../../src/core/stream/late-link.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

interface Late {
  readonly link: LateLink;
  readonly inner: ScriptedLink;
  readonly first: string[];
  readonly signals: AbortSignal[];
  discarded(): boolean;
  /** Whether somebody wants to know that the peer has left. */
  watched(): boolean;
  peerLeft(): void;
  opened(): void;
  failed(error: TsrayError): void;
}

function late(): Late {
  const inner = new ScriptedLink();
  const first: string[] = [];
  const signals: AbortSignal[] = [];
  let discarded = false;
  let left: (() => void) | undefined;
  let resolve: (link: Link) => void = () => undefined;
  let reject: (error: TsrayError) => void = () => undefined;
  const link = new LateLink({
    open(bytes, signal) {
      first.push(Buffer.from(bytes).toString());
      signals.push(signal);
      return new Promise<Link>((yes, no) => {
        resolve = yes;
        reject = no;
      });
    },
    discard: () => {
      discarded = true;
    },
    watch(action) {
      left = action;
      return () => {
        left = undefined;
      };
    },
  });
  return {
    link,
    inner,
    first,
    signals,
    discarded: () => discarded,
    watched: () => left !== undefined,
    peerLeft: () => left!(),
    opened: () => resolve(inner),
    failed: (error) => reject(error),
  };
}

test('opens with the first write, and sends later ones in order behind it', async () => {
  const { link, inner, first, opened } = late();
  const sink = CollectSink.on(link);
  const lent = Buffer.from('first');
  assert.ok(link.write(new Uint8Array(0)));
  assert.ok(link.write(lent));
  lent.fill(0);
  assert.ok(link.write(Buffer.from('second ')));
  assert.ok(link.write(Buffer.from('third')));
  opened();
  await settle();
  assert.deepEqual(first, ['first']);
  assert.equal(inner.outputText, 'second third');
  inner.deliver('answer');
  assert.equal(sink.text, 'answer');
  link.write(Buffer.from('!'));
  assert.equal(inner.outputText, 'second third!');
});

test('asks a fast writer to wait until it is open', async () => {
  const { link, inner, opened } = late();
  const sink = CollectSink.on(link);
  link.write(Buffer.from('first'));
  assert.equal(link.write(Buffer.alloc(64 * 1024)), false);
  opened();
  await settle();
  assert.equal(sink.drains, 1);
  assert.equal(inner.output.length, 64 * 1024);
});

test('leaves the drain to the inner link if that is full as well', async () => {
  const { link, inner, opened } = late();
  const sink = CollectSink.on(link);
  link.write(Buffer.from('first'));
  link.write(Buffer.alloc(64 * 1024));
  inner.accepts = false;
  opened();
  await settle();
  assert.equal(sink.drains, 0);
  inner.drain();
  assert.equal(sink.drains, 1);
});

test('a writer that does not wait is stopped', async () => {
  const { link, signals } = late();
  const sink = CollectSink.on(link);
  for (let count = 0; count < 3; count += 1) link.write(Buffer.alloc(700_000));
  await settle();
  assert.equal(sink.error?.code, 'ERR_LIMIT');
  assert.equal(signals[0]?.aborted, true);
});

test('pauses, ends and closes what it opens as it was told before', async () => {
  const { link, inner, opened } = late();
  link.start(new CollectSink());
  link.pause();
  link.write(Buffer.from('first'));
  link.end();
  link.write(Buffer.from('dropped'));
  opened();
  await settle();
  assert.deepEqual([inner.paused, inner.ended, inner.closed], [true, true, false]);
  link.resume();
  link.close();
  assert.deepEqual([inner.paused, inner.closed, inner.outputText], [false, true, '']);
});

test('closing while opening waits for what was written', async () => {
  const { link, inner, signals, opened } = late();
  const sink = CollectSink.on(link);
  link.write(Buffer.from('first'));
  link.write(Buffer.from('second'));
  link.close();
  assert.equal(signals[0]?.aborted, false);
  opened();
  await settle();
  assert.deepEqual([inner.outputText, inner.closed], ['second', true]);
  assert.deepEqual([sink.closes, sink.error], [1, undefined]);
});

test('an opening that fails closes the link with its error; after close, without', async () => {
  for (const closing of [false, true]) {
    const { link, failed } = late();
    const sink = CollectSink.on(link);
    link.write(Buffer.from('first'));
    if (closing) link.close();
    failed(new TsrayError('ERR_UPSTREAM', 'no'));
    await settle();
    assert.deepEqual([sink.closes, sink.error?.code], [1, closing ? undefined : 'ERR_UPSTREAM']);
    assert.ok(link.write(Buffer.from('dropped')));
  }
});

test('destroying while opening aborts it, and ends a link that comes all the same', async () => {
  const { link, inner, signals, opened } = late();
  const sink = CollectSink.on(link);
  link.write(Buffer.from('first'));
  link.destroy(new TsrayError('ERR_ABORTED', 'given up'));
  await settle();
  assert.deepEqual([sink.closes, sink.error?.code, signals[0]?.aborted], [1, 'ERR_ABORTED', true]);
  opened();
  await settle();
  assert.ok(inner.destroyed);
  assert.equal(sink.closes, 1);
});

test('unwritten, it ends the way below; a sink that comes later is told', async () => {
  for (const how of ['close', 'destroy'] as const) {
    const { link, first, discarded } = late();
    link[how]();
    link[how]();
    assert.ok(discarded());
    const sink = CollectSink.on(link);
    await settle();
    assert.deepEqual([sink.closes, first.length], [1, 0]);
  }
});

test('a peer that leaves before the first write closes the link, with a hint; also for a sink that comes later', async () => {
  const { link, first, discarded, watched, peerLeft } = late();
  const sink = CollectSink.on(link);
  assert.ok(watched());
  peerLeft();
  assert.equal(sink.closes, 0, 'not from within');
  await settle();
  assert.deepEqual([sink.closes, sink.error?.code], [1, 'ERR_CLOSED']);
  assert.ok(sink.error?.hint !== undefined);
  assert.ok(discarded());
  assert.ok(!watched());
  assert.ok(link.write(Buffer.from('dropped')));
  assert.equal(first.length, 0);
  const later = CollectSink.on(link);
  await settle();
  assert.deepEqual([later.closes, later.error?.code], [1, 'ERR_CLOSED']);
});

test('a peer that has left when the link is made closes it likewise', async () => {
  const link = new LateLink({
    open: () => Promise.reject(new Error('not asked for')),
    discard: () => undefined,
    watch(left) {
      left();
      return () => undefined;
    },
  });
  const sink = CollectSink.on(link);
  await settle();
  assert.equal(sink.error?.code, 'ERR_CLOSED');
});

test('the watch ends with the first write, and with the link', () => {
  for (const act of [
    (link: LateLink) => link.write(Buffer.from('first')),
    (link: LateLink) => link.close(),
    (link: LateLink) => link.destroy(),
  ]) {
    const { link, watched } = late();
    act(link);
    assert.ok(!watched());
  }
});

test('the policy’s limit holds for what is queued, and is passed on', async () => {
  const { link, inner, opened } = late();
  link.start(new CollectSink());
  link.limitQueue(1000);
  assert.ok(link.write(Buffer.from('first')));
  assert.ok(link.write(Buffer.alloc(999)));
  assert.equal(link.write(Buffer.alloc(1)), false);
  opened();
  await settle();
  assert.equal(inner.queueLimit, 1000);
  link.limitQueue(500);
  assert.equal(inner.queueLimit, 500);
});
