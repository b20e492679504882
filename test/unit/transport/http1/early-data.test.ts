import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEarlyData,
  divideFirstWrite,
  encodeEarlyData,
  encodePaddedEarlyData,
} from '../../../../src/transport/http1/early-data.js';

const bytes = Uint8Array.of(0xfb, 0xff, 0xbf, 0x01);

test('is written in the URL-safe alphabet, without padding or with', () => {
  assert.equal(encodeEarlyData(bytes), '-_-_AQ');
  assert.equal(encodePaddedEarlyData(bytes), '-_-_AQ==');
  assert.equal(encodePaddedEarlyData(bytes.subarray(0, 3)), '-_-_');
  assert.equal(encodeEarlyData(new Uint8Array(0)), '');
});

test('is read in both alphabets, padded or not', () => {
  for (const text of ['-_-_AQ', '-_-_AQ==', '+/+/AQ', '+/+/AQ==', '-/+_AQ']) {
    assert.deepEqual(Uint8Array.from(decodeEarlyData(text) ?? []), bytes, text);
  }
  assert.equal(decodeEarlyData('')?.length, 0);
});

test('what is no base64 is none', () => {
  for (const text of ['a', 'abcde', 'chat, superchat', 'ab=c', 'ab===', 'a b', 'é', 'ab.c']) {
    assert.equal(decodeEarlyData(text), undefined, text);
  }
});

test('takes up to the maximum, or by Xray’s rule all or nothing', () => {
  const lengths = (max: number, whole: boolean): number[] => {
    const { early, rest } = divideFirstWrite(bytes, max, whole);
    return [early.length, rest.length];
  };
  assert.deepEqual(lengths(3, false), [3, 1]);
  assert.deepEqual(lengths(4, false), [4, 0]);
  assert.deepEqual(lengths(9, false), [4, 0]);
  assert.deepEqual(lengths(3, true), [0, 4]);
  assert.deepEqual(lengths(4, true), [4, 0]);
});
