import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage, type MessageType } from '../../../../src/app/api/message.js';
import { MalformedMessage } from '../../../../src/core/protobuf.js';

const inner: MessageType = { name: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
const outer: MessageType = {
  flag: { number: 1, type: 'bool' },
  list: { number: 2, type: inner, repeated: true },
  raw: { number: 16, type: 'bytes' },
};
const message = {
  flag: true,
  list: [
    { name: 'a', value: 300 },
    { name: '', value: 2 ** 40 },
  ],
  raw: Uint8Array.of(7),
};
const hex = '080112060a016110ac021207108080808080208201' + '0107';

test('a message has the bytes that protobuf gives it, and comes back from them', () => {
  const bytes = encodeMessage(outer, message);
  assert.equal(bytes.toString('hex'), hex);
  const back = decodeMessage(outer, bytes);
  assert.deepEqual({ ...back, raw: Uint8Array.from(back['raw'] as Uint8Array) }, message);
});

test('what is cut off in the middle of a field is refused', () => {
  const bytes = Buffer.from(hex, 'hex');
  const whole = new Set([0, 2, 10, 19, bytes.length]);
  for (let length = 0; length <= bytes.length; length += 1) {
    if (whole.has(length)) decodeMessage(outer, bytes.subarray(0, length));
    else
      assert.throws(() => decodeMessage(outer, bytes.subarray(0, length)), MalformedMessage, String(length));
  }
});

test('unknown fields are passed over; wrong types, the number 0 and bad UTF-8 are refused', () => {
  assert.deepEqual(decodeMessage(inner, Uint8Array.of(0x18, 5)), { name: '', value: 0 });
  for (const bad of [
    [0x08, 1],
    [0x12, 0],
    [0x02, 0],
    [0x0a, 1, 0xff],
    [0x0b],
    [0x10, ...Array(11).fill(0x80)],
  ]) {
    assert.throws(() => decodeMessage(inner, Uint8Array.from(bad)), MalformedMessage, String(bad));
  }
});
