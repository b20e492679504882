import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { type Handshake, performHandshake } from '../../../../src/core/stream/handshake.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

/** One byte 'y' is done, 'n' is a refusal, others ask for more. */
const yesOrNo = (): Handshake<string> => ({
  push(bytes) {
    const word = String.fromCharCode(bytes[0]!);
    if (word === 'y') {
      return { kind: 'done', value: 'yes', rest: bytes.subarray(1), reply: Buffer.from('ok') };
    }
    if (word === 'n') {
      return { kind: 'failed', error: new TsrayError('ERR_PROTOCOL', 'no'), reply: Buffer.from('bad') };
    }
    return { kind: 'more', reply: Buffer.from('?') };
  },
});

function start(signal?: AbortSignal) {
  const clock = new FakeClock();
  const link = new ScriptedLink();
  const result = performHandshake(link, yesOrNo(), {
    clock,
    timeoutMs: 5000,
    opening: Buffer.from('hello'),
    signal,
    peer: 'the peer',
  });
  return { clock, link, result };
}

test('sends the opening and replies, and hands on what came behind the handshake', async () => {
  const { clock, link, result } = start();
  link.deliver('x');
  link.deliver('yrest');
  const { value, link: open } = await result;
  assert.equal(value, 'yes');
  assert.equal(link.outputText, 'hello?ok');
  assert.equal(clock.pendingTimers, 0);
  const got: string[] = [];
  open.start({
    data: (bytes) => got.push(Buffer.from(bytes).toString()),
    end() {},
    drain() {},
    closed() {},
  });
  await settle();
  assert.deepEqual(got, ['rest']);
});

test('a refusal is sent, the link closed in an orderly way', async () => {
  const { clock, link, result } = start();
  link.deliver('n');
  await assert.rejects(result, { code: 'ERR_PROTOCOL' });
  assert.equal(link.outputText, 'hellobad');
  assert.equal(link.closed, true);
  assert.equal(clock.pendingTimers, 0);
});

test('a peer that stays silent is cut off at the deadline', async () => {
  const { clock, link, result } = start();
  const rejected = assert.rejects(result, { code: 'ERR_HANDSHAKE_TIMEOUT', message: /the peer .* 5 s/ });
  clock.advance(4999);
  assert.equal(link.destroyed, false);
  clock.advance(1);
  await rejected;
  assert.equal(link.destroyed, true);
});

test('an end or a close in the handshake is a truncation; an error keeps its code', async () => {
  const ended = start();
  ended.link.deliverEnd();
  await assert.rejects(ended.result, { code: 'ERR_TRUNCATED' });
  assert.equal(ended.link.destroyed, true);
  const closed = start();
  closed.link.goAway();
  await assert.rejects(closed.result, { code: 'ERR_TRUNCATED' });
  const reset = start();
  reset.link.goAway(new TsrayError('ERR_RESET', 'reset'));
  await assert.rejects(reset.result, { code: 'ERR_RESET' });
  for (const one of [ended, closed, reset]) assert.equal(one.clock.pendingTimers, 0);
});

test('aborting destroys the link, before and during the handshake', async () => {
  const early = start(AbortSignal.abort());
  await assert.rejects(early.result, { code: 'ERR_ABORTED' });
  assert.equal(early.link.destroyed, true);
  const controller = new AbortController();
  const late = start(controller.signal);
  controller.abort();
  await assert.rejects(late.result, { code: 'ERR_ABORTED' });
  assert.equal(late.link.destroyed, true);
  assert.equal(late.clock.pendingTimers, 0);
});
