import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../../../src/core/errors.js';
import { GunFraming, messageLimitBytes } from '../../../../src/transport/grpc/frame.js';
import { payload } from '../../../helper/payload.js';
import { splits } from '../../../helper/split.js';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function encode(bytes: Uint8Array): Buffer {
  const into = Buffer.alloc(bytes.length + 16);
  return into.subarray(0, new GunFraming().encode(bytes, into));
}

/** All payload of `parts`; what is delivered is copied, as it is lent. */
function decode(parts: readonly Uint8Array[], end = true): Buffer {
  const framing = new GunFraming();
  const pieces: Buffer[] = [];
  for (const part of parts) {
    framing.decode(part, (piece) => {
      assert.ok(piece.length > 0);
      pieces.push(Buffer.from(piece));
    });
  }
  if (end) framing.finish();
  return Buffer.concat(pieces);
}

/** Layouts written by hand from the wire format. */
const messages: readonly { readonly name: string; readonly data: Buffer; readonly wire: Buffer }[] = [
  { name: 'one byte', data: hex('ff'), wire: hex('00 00000003 0a 01 ff') },
  {
    name: '127 bytes, a one-byte length',
    data: Buffer.alloc(127, 1),
    wire: Buffer.concat([hex('00 00000081 0a 7f'), Buffer.alloc(127, 1)]),
  },
  {
    name: '128 bytes, a two-byte length',
    data: Buffer.alloc(128, 2),
    wire: Buffer.concat([hex('00 00000083 0a 8001'), Buffer.alloc(128, 2)]),
  },
  {
    name: '16383 bytes',
    data: Buffer.alloc(16383, 3),
    wire: Buffer.concat([hex('00 00004002 0a ff7f'), Buffer.alloc(16383, 3)]),
  },
  {
    name: '16384 bytes, a three-byte length',
    data: Buffer.alloc(16384, 4),
    wire: Buffer.concat([hex('00 00004004 0a 808001'), Buffer.alloc(16384, 4)]),
  },
];

describe('encoding', () => {
  for (const { name, data, wire } of messages) {
    test(`${name}: exact bytes`, () => assert.deepEqual(encode(data), wire));
  }

  test('a full message is 32 KiB long', () => {
    const framing = new GunFraming();
    const room = framing.fit(64 * 1024);
    assert.equal(encode(payload(room)).length, 32 * 1024);
  });

  test('never asks for an empty payload', () => {
    for (let room = 0; room < 20; room += 1) assert.ok(new GunFraming().fit(room) >= 1);
  });
});

describe('decoding', () => {
  for (const { name, data, wire } of messages) {
    test(`${name}, whole, byte by byte and at random splits`, () => {
      for (const parts of splits(wire)) assert.deepEqual(decode(parts), data);
    });
  }

  test('messages one after another', () => {
    const wire = Buffer.concat(messages.map((each) => each.wire));
    const data = Buffer.concat(messages.map((each) => each.data));
    for (const parts of splits(wire)) assert.deepEqual(decode(parts), data);
  });

  const readable: Readonly<Record<string, { readonly wire: string; readonly data: string }>> = {
    'an empty message': { wire: '00 00000000', data: '' },
    'an empty Hunk field': { wire: '00 00000002 0a 00', data: '' },
    'several fields, as MultiHunk has them': {
      wire: '00 00000009 0a 02 6162 0a 00 0a 01 63',
      data: '616263',
    },
    'a field 2 with bytes': { wire: '00 00000008 12 03 616263 0a 01 7a', data: '7a' },
    'a field with a varint': { wire: '00 00000006 18 ac02 0a 01 7a', data: '7a' },
    'a field with 8 bytes': { wire: '00 0000000c 21 0102030405060708 0a 01 7a', data: '7a' },
    'a field with 4 bytes': { wire: '00 00000008 2d 01020304 0a 01 7a', data: '7a' },
    'a field 16, with a tag of two bytes': { wire: '00 00000007 8201 01 7a 0a 01 7b', data: '7b' },
    'a length in more bytes than it needs': { wire: '00 00000005 0a 818000 7a', data: '7a' },
    'a field that ends with its message': { wire: '00 00000003 0a 01 61 00 00000002 12 00', data: '61' },
  };
  for (const [name, { wire, data }] of Object.entries(readable)) {
    test(`takes ${name}`, () => {
      for (const parts of splits(hex(wire))) assert.equal(decode(parts).toString('hex'), data);
    });
  }

  const broken: Readonly<Record<string, { readonly wire: string; readonly code: ErrorCode }>> = {
    'a compressed message': { wire: '01 00000003 0a 01 ff', code: 'ERR_PROTOCOL' },
    'an unknown flag': { wire: '80 00000003 0a 01 ff', code: 'ERR_PROTOCOL' },
    'a message above 4 MiB': { wire: '00 00400001', code: 'ERR_LIMIT' },
    'a message of 4 GiB': { wire: '00 ffffffff', code: 'ERR_LIMIT' },
    'a field longer than its message': { wire: '00 00000003 0a 02 ff', code: 'ERR_PROTOCOL' },
    'a field of 2^63 bytes': { wire: '00 0000000f 0a ffffffffffffffff7f', code: 'ERR_PROTOCOL' },
    'a varint of eleven bytes': { wire: '00 0000000f 0a ffffffffffffffffffffff', code: 'ERR_PROTOCOL' },
    'a tag cut off by the end of its message': { wire: '00 00000001 8a', code: 'ERR_PROTOCOL' },
    'a length cut off by the end of its message': { wire: '00 00000002 0a 80', code: 'ERR_PROTOCOL' },
    'a tag at the end of its message': { wire: '00 00000001 0a', code: 'ERR_PROTOCOL' },
    'a field that needs a value and has none': { wire: '00 00000001 18', code: 'ERR_PROTOCOL' },
    'a fixed field cut off': { wire: '00 00000003 21 0102', code: 'ERR_PROTOCOL' },
    'field number 0': { wire: '00 00000003 02 01 ff', code: 'ERR_PROTOCOL' },
    'a group': { wire: '00 00000003 0b 01 ff', code: 'ERR_PROTOCOL' },
    'wire type 7': { wire: '00 00000003 0f 01 ff', code: 'ERR_PROTOCOL' },
  };
  for (const [name, { wire, code }] of Object.entries(broken)) {
    test(`refuses ${name}`, () => {
      for (const parts of splits(hex(wire))) assert.throws(() => decode(parts, false), { code });
    });
  }

  test('takes a message of 4 MiB', () => {
    const data = payload(messageLimitBytes - 5);
    const wire = Buffer.concat([hex('00 00400000 0a fbffff01'), data]);
    assert.ok(decode([wire]).equals(data));
  });

  test('an end within a message is a truncation, wherever it comes', () => {
    const wire = messages[2]!.wire;
    for (let at = 1; at < wire.length; at += 1) {
      assert.throws(() => decode([wire.subarray(0, at)]), { code: 'ERR_TRUNCATED' });
    }
    assert.equal(decode([]).length, 0);
  });
});
