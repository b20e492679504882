import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCrypto } from '../../../../../src/crypto/index.js';
import {
  type ResponseHeader,
  ResponseHeaderDecoder,
  type ResponseStep,
  sealResponseHeader,
} from '../../../../../src/proxy/vmess/header/response.js';
import {
  deriveSessionKeys,
  type HeaderKind,
  type SessionKeys,
} from '../../../../../src/proxy/vmess/header/session-keys.js';
import { kdf12, kdf16, kdfSalt } from '../../../../../src/proxy/vmess/kdf.js';
import { fromHex, headerVectors, toHex } from '../../../../helper/header-vectors.js';
import { splits } from '../../../../helper/split.js';

// The addon's where there is one; the suite also runs without.
const crypto = defaultCrypto();

const session = headerVectors.sessionKeys;
const v = 0x5a;

function keysOf(kind: HeaderKind): SessionKeys {
  return deriveSessionKeys(crypto, kind, fromHex(session.requestKey), fromHex(session.requestIv), v);
}

/** Feeds parts until an outcome; `body` is what came behind the header. */
function run(
  kind: HeaderKind,
  parts: readonly Uint8Array[],
  keys = keysOf(kind),
): { readonly step: ResponseStep; readonly body: Uint8Array; readonly decoder: ResponseHeaderDecoder } {
  const decoder = new ResponseHeaderDecoder(crypto, kind, keys);
  for (const [index, part] of parts.entries()) {
    const step = decoder.push(part);
    if (step.state === 'more') continue;
    const consumed = step.state === 'done' ? step.consumed : part.length;
    return { step, body: Buffer.concat([part.subarray(consumed), ...parts.slice(index + 1)]), decoder };
  }
  return { step: { state: 'more' }, body: new Uint8Array(0), decoder };
}

function headerOf(plain: Uint8Array): ResponseHeader {
  return { options: plain[1]!, command: plain[2]!, commandData: plain.slice(4) };
}

test('response keys follow from the request keys, by envelope', () => {
  assert.equal(toHex(keysOf('aead').responseKey), session.responseKeyAead);
  assert.equal(toHex(keysOf('aead').responseIv), session.responseIvAead);
  assert.equal(toHex(keysOf('legacy').responseKey), session.responseKeyLegacy);
  assert.equal(toHex(keysOf('legacy').responseIv), session.responseIvLegacy);
});

for (const vector of headerVectors.responseHeader) {
  const name = `${vector.mode} response header, ${vector.name}`;
  const expected = headerOf(fromHex(vector.plain));

  test(`${name}: sealed bytes`, () => {
    const sealed = sealResponseHeader(crypto, vector.mode, keysOf(vector.mode), expected);
    assert.equal(toHex(sealed.envelope), vector.wire);
    assert.equal(sealed.stream !== undefined, vector.mode === 'legacy');
  });

  test(`${name}: opened whole, byte by byte and in pieces, with the body left alone`, () => {
    const body = fromHex('0011223344');
    for (const parts of splits(Buffer.concat([fromHex(vector.wire), body]))) {
      const { step, body: rest } = run(vector.mode, parts);
      assert.equal(step.state, 'done');
      assert.deepEqual(step.state === 'done' && { ...step.header }, {
        ...expected,
        commandData: new Uint8Array(expected.commandData),
      });
      assert.equal(toHex(rest), toHex(body));
    }
  });

  test(`${name}: every proper prefix needs more`, () => {
    const wire = fromHex(vector.wire);
    for (let length = 0; length < wire.length; length += 1) {
      assert.equal(run(vector.mode, [wire.subarray(0, length)]).step.state, 'more');
    }
  });

  test(`${name}: another V is refused, and the decoder stays failed`, () => {
    const { step, decoder } = run(vector.mode, [fromHex(vector.wire)], { ...keysOf(vector.mode), v: v ^ 1 });
    assert.equal(step.state === 'failed' && step.error.code, 'ERR_PROTOCOL');
    assert.equal(decoder.push(fromHex(vector.wire)), step);
  });
}

test('any flipped bit of an AEAD response header is refused', () => {
  for (const vector of headerVectors.responseHeader.filter(({ mode }) => mode === 'aead')) {
    for (let bit = 0; bit < fromHex(vector.wire).length * 8; bit += 1) {
      const wire = fromHex(vector.wire);
      wire[bit >>> 3]! ^= 1 << (bit & 7);
      const { step } = run('aead', [wire]);
      assert.equal(step.state === 'failed' && step.error.code, 'ERR_INTEGRITY');
    }
  }
});

test('a legacy header hands on the running CFB stream, at the position behind the header', () => {
  for (const header of [undefined, { options: 0, command: 9, commandData: fromHex('0102030405') }]) {
    const keys = keysOf('legacy');
    const sealed = sealResponseHeader(crypto, 'legacy', keys, header);
    const body = Buffer.from('the body goes on with the same stream');
    const wire = Buffer.concat([sealed.envelope, sealed.stream!.update(body)]);
    for (const parts of splits(wire)) {
      const { step, body: rest } = run('legacy', parts, keys);
      assert.equal(step.state, 'done');
      assert.equal(step.state === 'done' && toHex(step.stream!.update(rest)), toHex(body));
    }
  }
});

test('options are ignored: sing echoes the ones of the request (docs/wire-format.md, section 4)', () => {
  const header = { options: 0x1d, command: 0, commandData: new Uint8Array(0) };
  for (const kind of ['aead', 'legacy'] as const) {
    const { step } = run(kind, [sealResponseHeader(crypto, kind, keysOf(kind), header).envelope]);
    assert.deepEqual(step.state === 'done' && step.header, header);
  }
});

test('without a command the length byte means nothing', () => {
  const keys = keysOf('legacy');
  const stream = crypto.cfbEncryptor(keys.responseKey, keys.responseIv);
  const { step, body } = run('legacy', [
    Buffer.concat([stream.update(Uint8Array.of(v, 0, 0, 7)), fromHex('0102')]),
  ]);
  assert.equal(step.state === 'done' && step.header.commandData.length, 0);
  assert.equal(toHex(body), '0102');
});

test('an AEAD header shorter than its parts is refused', () => {
  const { responseKey, responseIv } = keysOf('aead');
  const seal = (plain: Uint8Array): Uint8Array => {
    const wire = new Uint8Array(18 + plain.length + 16);
    crypto
      .aead('aes-128-gcm', kdf16(responseKey, kdfSalt.responseLengthKey))
      .seal(
        kdf12(responseIv, kdfSalt.responseLengthNonce),
        undefined,
        Uint8Array.of(0, plain.length),
        wire,
        0,
      );
    crypto
      .aead('aes-128-gcm', kdf16(responseKey, kdfSalt.responseHeaderKey))
      .seal(kdf12(responseIv, kdfSalt.responseHeaderNonce), undefined, plain, wire, 18);
    return wire;
  };
  const outcome = (...plain: number[]): string => {
    const { step } = run('aead', [seal(Uint8Array.from(plain))]);
    return step.state === 'failed' ? step.error.code : step.state;
  };
  assert.equal(outcome(v, 0, 1, 3, 1, 2, 3), 'done');
  assert.equal(outcome(v, 0, 1, 3, 1, 2, 3, 4), 'done');
  assert.equal(outcome(v, 0, 0, 3), 'done');
  assert.equal(outcome(v, 0, 1, 3, 1, 2), 'ERR_PROTOCOL');
  assert.equal(outcome(v, 0, 1), 'ERR_PROTOCOL');
  assert.equal(outcome(), 'ERR_PROTOCOL');
});
