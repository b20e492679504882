import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserLimits } from '../../../src/contract/user-limits.js';
import { inboundOf, problemLines, userId } from '../../helper/config.js';

function inbound(limits: object, email = 'a@x'): object {
  return { protocol: 'vmess', port: 1, settings: { clients: [{ id: userId, email, limits }] } };
}

function limitsOf(limits: object): UserLimits | undefined {
  const made = inboundOf(inbound(limits));
  assert.equal(made.protocol, 'vmess');
  return made.protocol === 'vmess' ? made.settings.clients[0]?.limits : undefined;
}

function problems(limits: object, email?: string): string {
  return problemLines(
    JSON.stringify({ inbounds: [inbound(limits, email)], outbounds: [{ protocol: 'freedom' }] }),
  ).join('\n');
}

test('limits of a user, in bytes and milliseconds', () => {
  assert.deepEqual(limitsOf({}), { quotaReset: 'never' });
  assert.deepEqual(
    limitsOf({ uplinkMbps: 8, downlinkMbps: 0.5, devices: 3, quotaGB: 1.5, quotaReset: 'Month' }),
    {
      quotaReset: 'month',
      uplinkBytesPerSecond: 1_000_000,
      downlinkBytesPerSecond: 62_500,
      devices: 3,
      quotaBytes: 1_500_000_000,
    },
  );
  assert.equal(limitsOf({ expires: '2030-01-31T12:00:00Z' })?.expiresMs, Date.UTC(2030, 0, 31, 12));
  // A day counts to its end.
  assert.equal(limitsOf({ expires: '2030-01-31' })?.expiresMs, new Date(2030, 1, 1).getTime());
});

test('what is no limit is an error, and never no limit', () => {
  for (const [limits, expected] of [
    [{ uplinkMbps: 0 }, /uplinkMbps.*Mbit\/s above 0/],
    [{ downlinkMbps: '5' }, /downlinkMbps/],
    [{ devices: 0 }, /devices/],
    [{ quotaGB: -1 }, /quotaGB/],
    [{ quotaReset: 'hour' }, /quotaReset/],
    [{ expires: '2030-02-31' }, /expires/],
    [{ expires: 'tomorrow' }, /expires/],
    [{ expires: 1_900_000_000 }, /expires/],
  ] as const) {
    assert.match(problems(limits), expected, JSON.stringify(limits));
  }
  assert.match(problems({ devices: 1 }, ''), /ERR_CONFIG_CONFLICT.*limits/);
});
