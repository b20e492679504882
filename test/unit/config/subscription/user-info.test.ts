import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeUserInfo,
  formatBytes,
  parseUserInfo,
} from '../../../../src/config/subscription/user-info.js';

test('reads what the header says', () => {
  assert.deepEqual(
    parseUserInfo('upload=455727941; download=6174315083; total=1073741824000; expire=1671815872'),
    {
      upload: 455_727_941,
      download: 6_174_315_083,
      total: 1_073_741_824_000,
      expiresMs: 1_671_815_872_000,
    },
  );
});

test('reads what careless servers say', () => {
  assert.deepEqual(parseUserInfo('Upload = 1.0;download=2.75;total=;expire=null'), {
    upload: 1,
    download: 2,
  });
  assert.deepEqual(parseUserInfo('expire=1671815872000'), { expiresMs: 1_671_815_872_000 });
  assert.deepEqual(parseUserInfo('expire=0'), {});
  assert.deepEqual(parseUserInfo('nothing of use'), {});
});

test('is one short phrase', () => {
  const gib = 1024 ** 3;
  const expiresMs = Date.UTC(2027, 0, 31);
  const say = (upload: number | undefined, total: number | undefined, end?: number): string =>
    describeUserInfo({
      ...(upload === undefined ? {} : { upload, download: 0 }),
      ...(total === undefined ? {} : { total }),
      ...(end === undefined ? {} : { expiresMs: end }),
    });
  assert.equal(say(gib, 100 * gib, expiresMs), 'used 1.0 GiB of 100 GiB, until 2027-01-31');
  assert.equal(say(512, 0), 'used 512 B');
  assert.equal(say(undefined, gib), '1.0 GiB in all');
  assert.equal(say(undefined, undefined), '');
  assert.equal(say(undefined, undefined, 1e300), '');
});

test('bytes have a unit that people can read', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 102_400, 1024 ** 6].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '100 KiB',
    '1024 PiB',
  ]);
});
