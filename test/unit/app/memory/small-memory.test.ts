import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryIsShort } from '../../../../src/app/memory/small-memory.js';
import { nativeTest } from '../../../helper/native.js';

const mib = 1024 * 1024;

test('a limit of 160 MB or less is short; none, and what systems report for none, is not', () => {
  assert.equal(memoryIsShort(64 * mib), true);
  assert.equal(memoryIsShort(160 * mib), true);
  assert.equal(memoryIsShort(160 * mib + 1), false);
  assert.equal(memoryIsShort(0), false);
  assert.equal(memoryIsShort(2 ** 63), false);
  assert.equal(memoryIsShort(2 ** 64), false);
});

nativeTest("the addon has free memory given back and bounds arenas where the C library is GNU's", (addon) => {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const isGnu = header.glibcVersionRuntime !== undefined;
  assert.equal(addon.fewArenas(), isGnu);
  // Whether there was anything to give back is the allocator's affair.
  const first = addon.trimMemory();
  assert.equal(isGnu || !first, true);
});
