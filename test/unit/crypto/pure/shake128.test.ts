import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Shake128 } from '../../../../src/crypto/provider.js';
import { shake128 } from '../../../../src/crypto/pure/shake128.js';
import { readVectors } from '../../../helper/project.js';

const { shakeSequence: vectors } = readVectors<{
  shakeSequence: { seed: string; u16: number[] }[];
}>('vmess.json');

function squeeze(shake: Shake128, units: number): Buffer {
  const bytes = Buffer.alloc(2 * units);
  for (let index = 0; index < units; index += 1) bytes.writeUInt16BE(shake.nextU16(), 2 * index);
  return bytes;
}

test('gives the reference sequences', () => {
  assert.ok(vectors.length > 0);
  for (const { seed, u16 } of vectors) {
    const shake = shake128(Buffer.from(seed, 'hex'));
    assert.deepEqual(
      u16.map(() => shake.nextU16()),
      u16,
    );
  }
});

test('agrees with OpenSSL over many blocks of output', () => {
  const seed = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const expected = createHash('shake128', { outputLength: 20_000 }).update(seed).digest();
  assert.deepEqual(squeeze(shake128(seed), 10_000), expected);
});

test('agrees with OpenSSL for seeds of every length around the block borders', () => {
  for (let length = 0; length <= 340; length += 1) {
    const seed = Buffer.from(Array.from({ length }, (_, index) => (index * 7 + length) & 0xff));
    const expected = createHash('shake128', { outputLength: 340 }).update(seed).digest();
    assert.deepEqual(squeeze(shake128(seed), 170), expected, `seed of ${length} bytes`);
  }
});
