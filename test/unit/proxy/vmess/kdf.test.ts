import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KdfSalt, kdf, kdf12, kdf16, kdfSalt } from '../../../../src/proxy/vmess/kdf.js';
import { fromHex, headerVectors, toHex } from '../../../helper/header-vectors.js';

for (const vector of headerVectors.kdf) {
  test(`kdf: ${vector.label}`, () => {
    const key = fromHex(vector.key);
    const path = vector.path.map(fromHex);
    assert.equal(toHex(kdf(key, ...path)), vector.output32);
    assert.equal(toHex(kdf16(key, ...path)), vector.kdf16);
    assert.equal(toHex(kdf12(key, ...path)), vector.output32.slice(0, 24));
    const [first, ...rest] = path;
    if (first !== undefined && first.length <= 64) {
      const salt = new KdfSalt(Buffer.from(first).toString('latin1'));
      assert.equal(toHex(kdf(key, salt, ...rest)), vector.output32);
    }
  });
}

test('kdf gives the same for a salt with kept states at any place and around calls of other depths', () => {
  const key = fromHex('00112233445566778899aabbccddeeff');
  const { requestHeaderKey } = kdfSalt;
  const long = new Uint8Array(100).fill(0x61);
  const plain = toHex(kdf(key, requestHeaderKey.bytes, long, requestHeaderKey.bytes));
  kdf(long, long, long, long, long);
  assert.equal(toHex(kdf(key, requestHeaderKey, long, requestHeaderKey)), plain);
  kdf(key);
  assert.equal(toHex(kdf(key, requestHeaderKey, long, requestHeaderKey)), plain);
});

test('the key of authenticated lengths', () => {
  const { requestKey, authLenKeyAesGcm } = headerVectors.sessionKeys;
  assert.equal(toHex(kdf16(fromHex(requestKey), kdfSalt.authenticatedLength)), authLenKeyAesGcm);
});
