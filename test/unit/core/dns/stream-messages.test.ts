import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeStreamMessage, StreamMessages } from '../../../../src/core/dns/stream-messages.js';
import { splits } from '../../../helper/split.js';

test('messages come out whole, however the stream is cut', () => {
  const messages = [Buffer.from('first'), Buffer.alloc(0), Buffer.alloc(3000, 7), Buffer.from('last')];
  const stream = Buffer.concat(messages.map((each) => encodeStreamMessage(each)));
  for (const parts of splits(stream)) {
    const decoder = new StreamMessages();
    const found = parts.flatMap((part) => decoder.push(part)).map((each) => Buffer.from(each));
    assert.deepEqual(found, messages);
  }
});

test('a message that is longer than its length can say is refused', () => {
  assert.throws(() => encodeStreamMessage(new Uint8Array(65_536)), { code: 'ERR_LIMIT' });
});

test('what is given out stays when the stream goes on', () => {
  const decoder = new StreamMessages();
  const [first] = decoder.push(encodeStreamMessage(Buffer.from('one')));
  decoder.push(encodeStreamMessage(Buffer.from('two')));
  assert.equal(Buffer.from(first!).toString(), 'one');
});
