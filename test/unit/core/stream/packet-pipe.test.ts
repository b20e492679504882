import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { createPacketPipe } from '../../../../src/core/stream/packet-pipe.js';
import { at } from '../../../helper/fake-listen.js';
import { settle } from '../../../helper/scripted-link.js';

const remote = at('192.0.2.1', 53, 'udp');

function sink() {
  const heard: string[] = [];
  return {
    heard,
    packet: (bytes: Uint8Array) => void heard.push(Buffer.from(bytes).toString()),
    closed: (error: TsrayError | undefined) => void heard.push(`closed ${error?.code ?? ''}`),
  };
}

test('what one end sends the other delivers; before it is started nothing is kept', () => {
  const [a, b] = createPacketPipe();
  assert.equal(a.send(Buffer.from('lost'), remote), false);
  const far = sink();
  b.start(far);
  assert.equal(a.send(Buffer.from('one'), remote), true);
  assert.deepEqual(far.heard, ['one']);
});

test('an end of either closes both, once, and a late sink is told', async () => {
  const [a, b] = createPacketPipe();
  const near = sink();
  a.start(near);
  b.destroy(new TsrayError('ERR_RESET', 'gone'));
  a.close();
  await settle();
  assert.deepEqual(near.heard, ['closed ERR_RESET']);
  const late = sink();
  b.start(late);
  await settle();
  assert.deepEqual(late.heard, ['closed ERR_RESET']);
  assert.equal(a.send(Buffer.from('x'), remote), false);
});
