import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsrayError } from '../../src/core/errors.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { createBodyDecoder, createBodyEncoder } from '../../src/proxy/vmess/body/index.js';
import {
  allFormats,
  decodeAll,
  encodeEach,
  isAead,
  isChunked,
  requestKeys,
  systemRandom,
} from '../contract/body/pair.js';

const anyFormat = fc.constantFrom(...allFormats);
const aeadFormat = fc.constantFrom(...allFormats.filter(isAead));
const anyPayloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 1967 }), { maxLength: 12 });

/** `bytes` in pieces whose lengths repeat `lengths`. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = lengths[parts.length % lengths.length]!;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}
const anyCut = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 });

test('what is encoded is decoded, for any format, payload, chunk size and cut', () => {
  fc.assert(
    fc.property(
      anyFormat,
      anyPayloads,
      anyCut,
      fc.integer({ min: 1, max: 3000 }),
      (format, payloads, lengths, maxChunkPayload) => {
        const encoder = createBodyEncoder(format, requestKeys, nodeCrypto, systemRandom, { maxChunkPayload });
        const packets = format.command === 'udp';
        const wire = new Uint8Array(Buffer.concat(encodeEach(encoder, payloads, packets)));
        const decoder = createBodyDecoder(format, requestKeys, nodeCrypto);
        const { payload, chunks } = decodeAll(decoder, cut(wire, lengths));
        assert.equal(Buffer.compare(payload, Buffer.concat(payloads)), 0);
        assert.equal(decoder.atBoundary, true);
        if (!isChunked(format)) return;
        assert.equal(decoder.state, 'ended');
        if (packets) {
          assert.deepEqual(
            chunks.map((chunk) => chunk.length),
            payloads.map((packet) => packet.length),
          );
        }
      },
    ),
  );
});

test('any bytes at all leave a decoder open, ended or failed with an error of ours', () => {
  fc.assert(
    fc.property(anyFormat, fc.uint8Array({ maxLength: 5000 }), anyCut, (format, bytes, lengths) => {
      const decoder = createBodyDecoder(format, requestKeys, nodeCrypto);
      decodeAll(decoder, cut(bytes, lengths));
      if (decoder.state !== 'failed') {
        assert.equal(decoder.failure, undefined);
        return;
      }
      assert.ok(decoder.failure instanceof TsrayError);
      assert.match(decoder.failure.code, /^ERR_(INTEGRITY|PROTOCOL)$/);
      assert.equal(decodeAll(decoder, [bytes]).payload.length, 0);
    }),
  );
});

test('a changed AEAD body yields whole, unchanged chunks from its start and nothing else', () => {
  const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 1, max: 255 }), drop: fc.boolean() });
  fc.assert(
    fc.property(
      aeadFormat,
      anyPayloads,
      fc.array(change, { minLength: 1 }),
      anyCut,
      (format, payloads, changes, lengths) => {
        const encoder = createBodyEncoder(format, requestKeys, nodeCrypto, systemRandom);
        const packets = format.command === 'udp';
        let wire = new Uint8Array(Buffer.concat(encodeEach(encoder, payloads, packets)));
        for (const { at, value, drop } of changes) {
          const index = at % wire.length;
          if (drop) wire = new Uint8Array(Buffer.concat([wire.subarray(0, index), wire.subarray(index + 1)]));
          else wire[index]! ^= value;
          if (wire.length === 0) return;
        }
        const decoder = createBodyDecoder(format, requestKeys, nodeCrypto);
        const { payload, chunks } = decodeAll(decoder, cut(wire, lengths));
        const expected = Buffer.concat(payloads.slice(0, chunks.length));
        assert.equal(Buffer.compare(payload, expected), 0);
      },
    ),
  );
});
