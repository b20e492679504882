import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aesScheduleWords,
  encryptAesBlock,
  loadAesBlock,
  storeAesBlock,
  writeAesDecryptSchedule,
  writeAesEncryptSchedule,
} from '../../../../src/crypto/pure/aes-block.js';
import { crc32 } from '../../../../src/crypto/pure/crc32.js';
import { loadAuthId, openAuthId, sealAuthId } from '../../../../src/proxy/vmess/auth-id.js';
import { kdf16, kdfSalt } from '../../../../src/proxy/vmess/kdf.js';
import { fromHex, headerVectors, toHex } from '../../../helper/header-vectors.js';

function schedules(key: Uint8Array): { readonly seal: Int32Array; readonly open: Int32Array } {
  const seal = new Int32Array(aesScheduleWords);
  const open = new Int32Array(aesScheduleWords);
  writeAesEncryptSchedule(key, seal, 0);
  writeAesDecryptSchedule(key, open, 0);
  return { seal, open };
}

function open(schedule: Int32Array, authId: Uint8Array): number {
  const words = new Int32Array(4);
  loadAuthId(words, authId);
  return openAuthId(schedule, 0, words);
}

for (const vector of headerVectors.authId) {
  test(`seals and opens AuthID ${vector.authId}`, () => {
    const key = kdf16(fromHex(vector.cmdKey), kdfSalt.authIdKey);
    assert.equal(toHex(key), vector.aesKey);
    const schedule = schedules(key);
    const authId = new Uint8Array(18);
    sealAuthId(schedule.seal, vector.unixTime, fromHex(vector.random), authId, 1);
    assert.equal(toHex(authId.subarray(1, 17)), vector.authId);
    assert.equal(open(schedule.open, fromHex(vector.authId)), vector.unixTime);
  });
}

test('an AuthID of another key, or with any bit flipped, does not open', () => {
  const vector = headerVectors.authId[0]!;
  const schedule = schedules(fromHex(vector.aesKey));
  assert.equal(open(schedules(fromHex(vector.cmdKey)).open, fromHex(vector.authId)), -1);
  for (let bit = 0; bit < 128; bit += 1) {
    const authId = fromHex(vector.authId);
    authId[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(open(schedule.open, authId), -1);
  }
});

test('negative times and times after 2106 count as no fit', () => {
  const schedule = schedules(fromHex(headerVectors.authId[0]!.aesKey));
  for (const time of ['ffffffffffffff88', '0000000100000000']) {
    const plain = fromHex(`${time}01020304`);
    const checksum = crc32(plain).toString(16).padStart(8, '0');
    const block = new Int32Array(4);
    loadAesBlock(block, fromHex(`${time}01020304${checksum}`));
    encryptAesBlock(schedule.seal, 0, block);
    const authId = new Uint8Array(16);
    storeAesBlock(block, authId);
    assert.equal(open(schedule.open, authId), -1);
  }
});
