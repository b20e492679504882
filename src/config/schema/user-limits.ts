/** `limits` of a user of the vmess inbound (ours). */
import * as v from 'valibot';
import type { UserLimits } from '../../contract/user-limits.js';
import { checkedText, whole, words } from './types.js';

const number = (expected: string) =>
  v.pipe(
    v.number(expected),
    v.finite(expected),
    v.check((given) => given > 0, expected),
  );

const rate = number('a rate in Mbit/s above 0');

export const userLimitsSchema = v.object(
  {
    uplinkMbps: v.optional(rate),
    downlinkMbps: v.optional(rate),
    devices: v.optional(whole(1, 65535, 'a number of devices from 1')),
    quotaGB: v.optional(number('a quota in GB above 0')),
    quotaReset: v.optional(words(['never', 'day', 'week', 'month']), 'never'),
    expires: v.optional(
      checkedText('a date such as "2030-01-31", or with a time "2030-01-31T12:00:00Z"', (given) =>
        Number.isFinite(expiryMs(given)),
      ),
    ),
  },
  'an object',
);

type Given = v.InferOutput<typeof userLimitsSchema>;

/** 1 Mbit/s. */
const bytesPerMbps = 1_000_000 / 8;
const bytesPerGb = 1_000_000_000;

export function readUserLimits(given: Given): UserLimits {
  const { devices, downlinkMbps, expires, quotaGB, quotaReset, uplinkMbps } = given;
  return {
    quotaReset,
    ...(uplinkMbps === undefined ? {} : { uplinkBytesPerSecond: uplinkMbps * bytesPerMbps }),
    ...(downlinkMbps === undefined ? {} : { downlinkBytesPerSecond: downlinkMbps * bytesPerMbps }),
    ...(devices === undefined ? {} : { devices }),
    ...(quotaGB === undefined ? {} : { quotaBytes: quotaGB * bytesPerGb }),
    ...(expires === undefined ? {} : { expiresMs: expiryMs(expires) }),
  };
}

/** A day alone ends when it is over, in the local time of the machine. NaN: it is no date. */
function expiryMs(text: string): number {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (day === null) return /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  const [year = 0, month = 0, date = 0] = day.slice(1).map(Number);
  const begins = new Date(year, month - 1, date);
  if (begins.getMonth() !== month - 1 || begins.getDate() !== date) return Number.NaN;
  return new Date(year, month - 1, date + 1).getTime();
}
