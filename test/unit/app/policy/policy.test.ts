import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPolicy } from '../../../../src/app/policy/policy.js';

test('a listed level has its own limits, any other V2Ray’s defaults', () => {
  const own = { handshakeMs: 1, connIdleMs: 2, uplinkOnlyMs: 3, downlinkOnlyMs: 4, bufferBytes: 5 };
  const policy = createPolicy(() => new Map([[3, own]]));
  assert.equal(policy.forLevel(3), own);
  assert.deepEqual(policy.forLevel(0), {
    handshakeMs: 60_000,
    connIdleMs: 300_000,
    uplinkOnlyMs: 1_000,
    downlinkOnlyMs: 1_000,
    bufferBytes: 524_288,
  });
});
