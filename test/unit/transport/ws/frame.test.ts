import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type RandomSource, systemRandom } from '../../../../src/core/random.js';
import {
  encodeClose,
  encodeMessages,
  encodePing,
  encodePong,
  FrameDecoder,
  maxWireBytes,
  messageBytes,
} from '../../../../src/transport/ws/frame.js';
import { applyMask } from '../../../../src/transport/ws/mask.js';
import { payload } from '../../../helper/payload.js';
import { splits } from '../../../helper/split.js';

/** The key of RFC 6455's examples. */
const exampleKey: RandomSource = {
  fill(into) {
    into.set([0x37, 0xfa, 0x21, 0x3d]);
    return into;
  },
  below: () => 0,
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function messages(data: Uint8Array, keys: RandomSource | undefined): Uint8Array {
  const out = new Uint8Array(maxWireBytes(data.length));
  return out.subarray(0, encodeMessages(data, keys, out, 0));
}

interface Decoded {
  readonly data: Buffer;
  readonly pings: readonly string[];
  readonly decoder: FrameDecoder;
}

function decode(parts: readonly Uint8Array[], masked: boolean): Decoded {
  const decoder = new FrameDecoder(masked);
  const data: Buffer[] = [];
  const pings: string[] = [];
  for (const part of parts) {
    // What is lent is overwritten afterwards, and there is no more room than promised.
    const lent = Uint8Array.from(part);
    const into = new Uint8Array(part.length);
    data.push(Buffer.from(decoder.push(lent, into)));
    lent.fill(0xee);
    into.fill(0xee);
    const ping = decoder.takePing();
    if (ping !== undefined) pings.push(Buffer.from(ping).toString());
  }
  return { data: Buffer.concat(data), pings, decoder };
}

function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe('the examples of RFC 6455 section 5.7', () => {
  const examples: Readonly<Record<string, readonly [wire: string, masked: boolean, data: string]>> = {
    'a text message': ['810548656c6c6f', false, 'Hello'],
    'a masked text message': ['818537fa213d7f9f4d5158', true, 'Hello'],
    'a fragmented text message': ['010348656c 80026c6f', false, 'Hello'],
    '256 bytes': [`827e0100${'61'.repeat(256)}`, false, 'a'.repeat(256)],
    '64 KiB': [`827f0000000000010000${'61'.repeat(65_536)}`, false, 'a'.repeat(65_536)],
  };
  for (const [name, [wire, masked, data]] of Object.entries(examples)) {
    test(name, () => {
      for (const parts of splits(bytes(wire))) {
        const decoded = decode(parts, masked);
        assert.equal(decoded.data.toString(), data);
        assert.equal(decoded.decoder.state, 'open');
        assert.ok(decoded.decoder.atBoundary);
      }
    });
  }

  test('a ping, and its answer', () => {
    for (const parts of splits(bytes('890548656c6c6f'))) {
      assert.deepEqual(decode(parts, false).pings, ['Hello']);
    }
    assert.equal(hex(encodePong(Buffer.from('Hello'), exampleKey)), '8a8537fa213d7f9f4d5158');
  });
});

test('writes binary messages, masked or not', () => {
  const hello = Buffer.from('Hello');
  assert.equal(hex(messages(hello, undefined)), '820548656c6c6f');
  assert.equal(hex(messages(hello, exampleKey)), '828537fa213d7f9f4d5158');
  assert.equal(hex(messages(Buffer.alloc(126), undefined).subarray(0, 5)), '827e007e00');
  assert.equal(hex(messages(Buffer.alloc(125), exampleKey).subarray(0, 6)), '82fd37fa213d');
  assert.equal(hex(messages(new Uint8Array(0), undefined)), '');
});

test('a long write is several messages of less than 64 KiB', () => {
  const wire = messages(Buffer.alloc(messageBytes + 1), undefined);
  assert.equal(wire.length, 4 + messageBytes + 2 + 1);
  assert.equal(hex(wire.subarray(0, 4)), '827efffc');
  assert.equal(hex(wire.subarray(4 + messageBytes)), '820100');
});

test('writes control frames', () => {
  assert.equal(hex(encodeClose(1000, undefined)), '880203e8');
  assert.equal(hex(encodeClose(1000, exampleKey)), '888237fa213d3412');
  assert.equal(hex(encodeClose(1005, undefined)), '8800');
  assert.equal(hex(encodePing(new Uint8Array(0), undefined)), '8900');
});

test('control frames may stand within a fragmented message; the last ping is what counts', () => {
  const wire = bytes('0201 61 8901 31 8901 32 8a00 0000 8001 62');
  const decoded = decode([wire], false);
  assert.equal(decoded.data.toString(), 'ab');
  assert.deepEqual(decoded.pings, ['2']);
});

test('a close frame ends it, with its code or without; what follows is dropped', () => {
  for (const [wire, code] of [
    ['8200 820161 880203e9 820162', 1001],
    ['820161 8800 ffff', 1005],
    ['820161 880703e8 68656c6c6f', 1000],
  ] as const) {
    for (const parts of splits(bytes(wire))) {
      const { data, decoder } = decode(parts, false);
      assert.deepEqual([data.toString(), decoder.state, decoder.closeCode], ['a', 'closed', code]);
    }
  }
});

const faults: Readonly<Record<string, readonly [wire: string, masked: boolean]>> = {
  'the first reserved bit (compression)': ['c2', false],
  'the third reserved bit': ['92', false],
  'a data opcode that is not known': ['83', false],
  'a control opcode that is not known': ['8b', false],
  'no mask from a client': ['8201', true],
  'a mask from a server': ['8281', false],
  'a fragmented ping': ['0900', false],
  'a long ping': ['897e', false],
  'half a close code': ['8801', false],
  'a continuation of nothing': ['8001', false],
  'a continuation of a whole message': ['820161 8001', false],
  'a message within another': ['020161 8201', false],
  'a length beyond all numbers': ['827f 8000000000000000', false],
};

for (const [name, [wire, masked]] of Object.entries(faults)) {
  test(`refuses ${name}`, () => {
    for (const parts of splits(Buffer.concat([bytes(wire), Buffer.from('rest of it')]))) {
      const { data, decoder } = decode(parts, masked);
      assert.equal(decoder.state, 'failed');
      assert.equal(decoder.failure?.code, 'ERR_PROTOCOL');
      assert.ok(data.length <= 1);
    }
  });
}

test('is at a border between messages only', () => {
  const decoder = new FrameDecoder(false);
  const feed = (text: string): boolean => {
    decoder.push(bytes(text), new Uint8Array(64));
    return decoder.atBoundary;
  };
  assert.deepEqual(['82', '02', '61', '62', '0200', '8900', '8000'].map(feed), [
    false,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});

test('hands on data without copying where it can', () => {
  const decoder = new FrameDecoder(false);
  decoder.push(bytes('827e1000'), new Uint8Array(4));
  const read = new Uint8Array(100);
  assert.equal(decoder.push(read, new Uint8Array(100)), read);
});

test('masks by words what it would mask by bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat(200),
      fc.nat(9),
      fc.nat(9),
      fc.nat(3),
      (key, length, start, offset, phase) => {
        const memory = payload(256);
        const view = memory.subarray(start, start + offset + length);
        const expected = Buffer.from(memory);
        for (let at = 0; at < length; at += 1) expected[start + offset + at]! ^= key[(phase + at) & 3]!;
        applyMask(view, offset, length, key, phase);
        assert.deepEqual(memory, expected);
      },
    ),
  );
});

test('what is encoded is decoded, whatever the sizes and splits', () => {
  const writes = fc.array(fc.oneof(fc.nat(300), fc.nat(200_000)), { maxLength: 6 });
  fc.assert(
    fc.property(writes, fc.boolean(), fc.nat(), (sizes, masked, seed) => {
      const parts = sizes.map((size) => payload(size));
      const keys = masked ? systemRandom : undefined;
      const wire = Buffer.concat(parts.map((part) => messages(part, keys)));
      const all = splits(wire.subarray(0, 4000), seed)
        .slice(0, 3)
        .map((split) => [...split, wire.subarray(4000)]);
      for (const split of all) {
        const decoded = decode(split, masked);
        assert.ok(decoded.data.equals(Buffer.concat(parts)));
        assert.ok(decoded.decoder.atBoundary);
      }
    }),
    { numRuns: 60 },
  );
});

test('no input makes it throw, or give more than it was given', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
      fc.boolean(),
      (parts, masked) => {
        const decoder = new FrameDecoder(masked);
        for (const part of parts) {
          assert.ok(decoder.push(part, new Uint8Array(part.length)).length <= part.length);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
