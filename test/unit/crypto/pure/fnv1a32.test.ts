import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fnv1a32 } from '../../../../src/crypto/pure/fnv1a32.js';
import { readVectors } from '../../../helper/project.js';

const { fnv1a32: vectors } = readVectors<{ fnv1a32: { input: string; output: string }[] }>('vmess.json');

test('gives the reference checksums', () => {
  assert.ok(vectors.length > 0);
  for (const { input, output } of vectors) {
    assert.equal(fnv1a32(Buffer.from(input, 'hex')).toString(16).padStart(8, '0'), output);
  }
});

test('goes on from an earlier result', () => {
  const bytes = Buffer.from('foobar');
  assert.equal(fnv1a32(bytes.subarray(3), fnv1a32(bytes.subarray(0, 3))), fnv1a32(bytes));
});
