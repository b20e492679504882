import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { LinkSink } from '../../../../src/core/stream/link.js';
import { SinkGate } from '../../../../src/core/stream/sink-gate.js';

function listener(): LinkSink & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    data: (bytes) => heard.push(`data ${bytes.length}`),
    end: () => heard.push('end'),
    drain: () => heard.push('drain'),
    closed: (error) => heard.push(`closed ${error?.code ?? 'in order'}`),
  };
}

const microtasks = async (): Promise<void> => {
  await Promise.resolve();
  await Promise.resolve();
};

describe('SinkGate', () => {
  test('is silent until it is started, and flows then', () => {
    const gate = new SinkGate();
    gate.data(Buffer.from('lost'));
    assert.equal(gate.state, 'silent');
    const sink = listener();
    assert.ok(gate.start(sink));
    gate.data(Buffer.from('abc'));
    gate.drain();
    assert.deepEqual(sink.heard, ['data 3', 'drain']);
  });

  test('paused before the start, it flows once it is resumed', () => {
    const gate = new SinkGate();
    gate.pause();
    assert.equal(gate.resume(), false, 'nobody listens yet');
    assert.equal(gate.state, 'silent');
    gate.pause();
    assert.equal(gate.start(listener()), false);
    assert.ok(!gate.flowing);
    assert.ok(gate.resume());
    assert.ok(gate.flowing);
    assert.equal(gate.resume(), false, 'it was not paused');
  });

  test('a call under way delivers its rest and the end while paused; the end comes once', () => {
    const gate = new SinkGate();
    const sink = listener();
    gate.start(sink);
    gate.pause();
    gate.data(Buffer.from('rest'));
    gate.end();
    assert.equal(gate.resume(), false, 'nothing more waits');
    gate.end();
    gate.data(Buffer.from('behind the end'));
    assert.deepEqual(sink.heard, ['data 4', 'end']);
    const next = listener();
    assert.equal(gate.start(next), false);
    gate.end();
    assert.deepEqual(next.heard, [], 'an end is not told again');
  });

  test('closed by its owner, it delivers nothing but that it is gone', () => {
    const gate = new SinkGate();
    const sink = listener();
    gate.start(sink);
    gate.close();
    gate.data(Buffer.from('x'));
    gate.end();
    gate.drain();
    assert.ok(gate.left);
    gate.leave(undefined);
    assert.deepEqual(sink.heard, ['closed in order']);
  });

  test('tells once that it is gone, behind the call of the owner, with the first reason', async () => {
    const gate = new SinkGate();
    const sink = listener();
    gate.start(sink);
    gate.leaveSoon(new TsrayError('ERR_RESET', 'first'));
    gate.leaveSoon(undefined);
    gate.leave(new TsrayError('ERR_ABORTED', 'second'));
    assert.deepEqual(sink.heard, []);
    await microtasks();
    assert.deepEqual(sink.heard, ['closed ERR_RESET']);
    gate.close();
    assert.ok(gate.gone);
  });

  test('whoever starts it when it is gone is told, and nobody else', async () => {
    const gate = new SinkGate();
    gate.leaveSoon(new TsrayError('ERR_RESET', 'gone'));
    const [replaced, sink] = [listener(), listener()];
    gate.start(replaced);
    gate.start(sink);
    await microtasks();
    assert.deepEqual([replaced.heard, sink.heard], [[], ['closed ERR_RESET']]);
    const late = listener();
    gate.start(late);
    assert.deepEqual(late.heard, [], 'not from within start');
    await microtasks();
    assert.deepEqual(late.heard, ['closed ERR_RESET']);
  });
});
