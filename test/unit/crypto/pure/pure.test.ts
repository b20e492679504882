import assert from 'node:assert/strict';
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  aesScheduleWords,
  decryptAesBlock,
  encryptAesBlock,
  loadAesBlock,
  storeAesBlock,
  writeAesDecryptSchedule,
  writeAesEncryptSchedule,
} from '../../../../src/crypto/pure/aes-block.js';
import { crc32, crc32OfWords } from '../../../../src/crypto/pure/crc32.js';
import { hmacMd5OfSeconds, hmacMd5StateWords, writeHmacMd5State } from '../../../../src/crypto/pure/md5.js';
import {
  compressSha256,
  finishSha256,
  initialSha256State,
  loadSha256Block,
  newSha256Block,
  sha256,
  sha256Bytes,
} from '../../../../src/crypto/pure/sha256.js';
import { fromHex, headerVectors, toHex } from '../../../helper/header-vectors.js';

function pattern(length: number, step: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * step + length) & 0xff);
}

test('crc32 gives the published check value, over bytes and over words', () => {
  for (const { inputText, output } of headerVectors.crc32Ieee) {
    assert.equal(crc32(Buffer.from(inputText)).toString(16).padStart(8, '0'), output);
  }
  const bytes = fromHex('000000006553f10001020304');
  assert.equal(crc32(bytes), 0xb85575f7);
  assert.equal(crc32OfWords(0, 0x6553f100, 0x01020304), 0xb85575f7);
});

test('sha256 agrees with node:crypto for every length up to three blocks', () => {
  for (let length = 0; length <= 192; length += 1) {
    const message = pattern(length, 7);
    assert.equal(toHex(sha256(message)), createHash('sha256').update(message).digest('hex'), `${length}`);
  }
});

test('sha256 goes on from a saved state', () => {
  const message = pattern(200, 3);
  const block = newSha256Block();
  const state = initialSha256State();
  loadSha256Block(block, message);
  compressSha256(state, block, state);
  const saved = state.slice();
  for (const end of [64, 100, 119, 120, 128, 200]) {
    finishSha256(saved, 64, message.subarray(64, end), block, state);
    const expected = createHash('sha256').update(message.subarray(0, end)).digest('hex');
    assert.equal(toHex(sha256Bytes(state)), expected);
  }
});

test('AES-128 of one block: the FIPS 197 example and agreement with node:crypto', () => {
  const schedule = new Int32Array(aesScheduleWords + 3);
  const block = new Int32Array(4);
  const out = new Uint8Array(16);
  const run = (key: Uint8Array, plain: Uint8Array): string => {
    writeAesEncryptSchedule(key, schedule, 3);
    loadAesBlock(block, plain);
    encryptAesBlock(schedule, 3, block);
    storeAesBlock(block, out);
    const sealed = toHex(out);
    const opened = new Int32Array(4);
    writeAesDecryptSchedule(key, schedule, 3);
    decryptAesBlock(schedule, 3, block, opened);
    storeAesBlock(opened, out);
    assert.equal(toHex(out), toHex(plain));
    return sealed;
  };
  assert.equal(
    run(fromHex('000102030405060708090a0b0c0d0e0f'), fromHex('00112233445566778899aabbccddeeff')),
    '69c4e0d86a7b0430d8cdb78070b4c55a',
  );
  for (let round = 0; round < 64; round += 1) {
    const key = createHash('md5').update(`key ${round}`).digest();
    const plain = createHash('md5').update(`block ${round}`).digest();
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    assert.equal(run(key, plain), cipher.update(plain).toString('hex'));
  }
});

test('HMAC-MD5 of seconds agrees with node:crypto', () => {
  const states = new Int32Array(hmacMd5StateWords + 1);
  const digest = new Int32Array(4);
  for (const seconds of [0, 1, 1_700_000_000, 0xffff_ffff, 0x1_0000_0005]) {
    for (const length of [0, 1, 16, 63, 64]) {
      const key = pattern(length, 11);
      const message = Buffer.alloc(8);
      message.writeBigUInt64BE(BigInt(seconds));
      writeHmacMd5State(key, states, 1);
      hmacMd5OfSeconds(states, 1, seconds, digest);
      const expected = createHmac('md5', key).update(message).digest('hex');
      const bytes = Buffer.alloc(16);
      digest.forEach((word, index) => {
        bytes.writeInt32LE(word, index * 4);
      });
      assert.equal(bytes.toString('hex'), expected);
    }
  }
});
