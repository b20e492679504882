import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemRandom } from '../../../../src/core/random.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { RetryTokens } from '../../../../src/transport/quic/retry-tokens.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const where = '127.0.0.1:4433';
const destination = Buffer.from('first-destination');

function start() {
  const clock = new FakeClock();
  const deps = { clock, random: systemRandom, crypto: nodeCrypto };
  return { clock, tokens: new RetryTokens(deps), others: new RetryTokens(deps) };
}

test('a token gives back the destination it was made for, for 10 s', () => {
  const { clock, tokens } = start();
  const token = tokens.make(where, destination);
  assert.deepEqual(Buffer.from(tokens.open(where, token)!), destination);
  clock.advance(10_000);
  assert.deepEqual(Buffer.from(tokens.open(where, token)!), destination);
  clock.advance(1_000);
  assert.equal(tokens.open(where, token), undefined);
});

test('it is of no use to another address, port or server', () => {
  const { others, tokens } = start();
  const token = tokens.make(where, destination);
  for (const other of ['127.0.0.2:4433', '127.0.0.1:4434', ''])
    assert.equal(tokens.open(other, token), undefined);
  assert.equal(others.open(where, token), undefined);
});

test('any other bytes are none', () => {
  const { tokens } = start();
  const token = tokens.make(where, destination);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(tokens.open(where, bytes), undefined);
    }),
  );
  for (let at = 0; at < token.length; at += 1) {
    const changed = Uint8Array.from(token);
    changed[at]! ^= 1;
    assert.equal(tokens.open(where, changed), undefined, `byte ${at}`);
    assert.equal(tokens.open(where, token.subarray(0, at)), undefined, `${at} bytes`);
  }
});
