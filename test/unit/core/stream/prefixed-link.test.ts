import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { LinkSink } from '../../../../src/core/stream/link.js';
import { prefixedLink } from '../../../../src/core/stream/prefixed-link.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

interface Recorded extends LinkSink {
  readonly events: string[];
  onData?: () => void;
}

function recorder(): Recorded {
  const events: string[] = [];
  const sink: Recorded = {
    events,
    data(bytes) {
      events.push(Buffer.from(bytes).toString('latin1'));
      sink.onData?.();
    },
    end: () => events.push('<end>'),
    drain: () => events.push('<drain>'),
    closed: (error) => events.push(error === undefined ? '<closed>' : `<${error.code}>`),
  };
  return sink;
}

test('delivers the prefix, what came since, and then the link itself, in order', async () => {
  const inner = new ScriptedLink();
  const first = Buffer.from('first ');
  const link = prefixedLink(inner, first);
  first.fill(0);
  inner.deliver('second ');
  const sink = recorder();
  link.start(sink);
  assert.deepEqual(sink.events, [], 'nothing from within start');
  inner.deliver('third');
  await settle();
  inner.deliver('fourth');
  inner.deliverEnd();
  inner.goAway();
  await settle();
  assert.equal(sink.events.slice(0, -3).join(''), 'first second third');
  assert.deepEqual(sink.events.slice(-3), ['fourth', '<end>', '<closed>']);
});

test('an end before the start is delivered behind the bytes, once', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, Buffer.from('x'));
  inner.deliverEnd();
  inner.deliverEnd();
  const sink = recorder();
  link.start(sink);
  await settle();
  inner.drain();
  assert.deepEqual(sink.events, ['x', '<end>', '<drain>']);
});

test('an end that was seen before the link came here is not lost', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, new Uint8Array(0), { ended: true });
  const sink = recorder();
  link.start(sink);
  await settle();
  assert.deepEqual(sink.events, ['<end>']);
});

test('pauses the link when it holds its limit, and resumes it for the owner', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, Buffer.from('abc'), { readAheadBytes: 5 });
  assert.equal(inner.paused, false);
  inner.deliver('de');
  assert.equal(inner.paused, true);
  const sink = recorder();
  link.start(sink);
  await settle();
  assert.deepEqual(sink.events, ['abcde']);
  assert.equal(inner.paused, false);
});

test('an owner that pauses on the first bytes gets nothing more until it resumes', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, Buffer.from('abc'));
  inner.deliverEnd();
  const sink = recorder();
  sink.onData = () => link.pause();
  link.start(sink);
  await settle();
  assert.deepEqual(sink.events, ['abc']);
  link.resume();
  await settle();
  assert.deepEqual(sink.events, ['abc', '<end>']);
});

test('paused before the start: nothing is delivered until resume', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, Buffer.from('abc'));
  link.pause();
  const sink = recorder();
  link.start(sink);
  await settle();
  assert.deepEqual(sink.events, []);
  link.resume();
  await settle();
  assert.deepEqual(sink.events, ['abc']);
  assert.equal(inner.paused, false);
});

test('tells of a link that closes while nobody has started it, and tells the later owner too', async () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, new Uint8Array(0));
  let gone = 0;
  link.whenGone(() => {
    gone += 1;
  });
  inner.goAway(new TsrayError('ERR_RESET', 'reset'));
  await settle();
  assert.equal(gone, 1);
  assert.equal(link.gone, true);
  const sink = recorder();
  link.start(sink);
  await settle();
  assert.deepEqual(sink.events, ['<ERR_RESET>']);
});

test('a link that ignores the pause is destroyed rather than held without bound', async () => {
  const inner = new ScriptedLink();
  prefixedLink(inner, new Uint8Array(0), { readAheadBytes: 0 });
  for (let i = 0; i < 5; i += 1) inner.deliver(new Uint8Array(256 * 1024));
  assert.equal(inner.error?.code, 'ERR_LIMIT');
});

test('writes, half-close and close go to the link', () => {
  const inner = new ScriptedLink();
  const link = prefixedLink(inner, new Uint8Array(0));
  link.write(Buffer.from('out'));
  link.end();
  link.close();
  assert.equal(inner.outputText, 'out');
  assert.equal(inner.ended, true);
  assert.equal(inner.closed, true);
});

test('an orderly close loses nothing that a slow owner has not had yet', async () => {
  for (const giveUp of [false, true]) {
    const inner = new ScriptedLink();
    const link = prefixedLink(inner, Buffer.from('first '));
    const sink = recorder();
    link.start(sink);
    link.pause();
    inner.deliver('second');
    inner.deliverEnd();
    inner.goAway();
    await settle();
    assert.deepEqual(sink.events, []);
    if (giveUp) link.destroy();
    else link.resume();
    await settle();
    const all = sink.events.join('');
    assert.equal(all, giveUp ? '<closed>' : 'first second<end><closed>');
    inner.deliverEnd();
    link.resume();
    await settle();
    assert.equal(sink.events.join(''), all, 'nothing follows');
  }
});
