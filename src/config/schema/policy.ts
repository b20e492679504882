/** `policy` */
import * as v from 'valibot';
import type { StatsSettings, UserStatsSettings } from '../../app/stats/settings.js';
import { defaultLevelPolicy, type LevelPolicy } from '../../contract/policy.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place } from '../check/place.js';
import { section } from './section.js';
import { flag, seconds, whole } from './types.js';

const levelSchema = v.object(
  {
    handshake: v.optional(seconds, defaultLevelPolicy.handshakeMs / 1000),
    connIdle: v.optional(seconds, defaultLevelPolicy.connIdleMs / 1000),
    uplinkOnly: v.optional(seconds, defaultLevelPolicy.uplinkOnlyMs / 1000),
    downlinkOnly: v.optional(seconds, defaultLevelPolicy.downlinkOnlyMs / 1000),
    bufferSize: v.optional(whole(-0x8000_0000, 0x7fff_ffff, 'a whole number of kilobytes')),
    statsUserUplink: v.optional(flag, false),
    statsUserDownlink: v.optional(flag, false),
    statsUserOnline: v.optional(flag, false),
  },
  'an object',
);

const systemSchema = v.object(
  {
    statsInboundUplink: v.optional(flag, false),
    statsInboundDownlink: v.optional(flag, false),
    statsOutboundUplink: v.optional(flag, false),
    statsOutboundDownlink: v.optional(flag, false),
  },
  'an object',
);

const levelKey = v.pipe(
  v.string('a user level from 0 to 255'),
  v.regex(/^0*(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/, 'a user level from 0 to 255'),
);

export const policySchema = v.object(
  {
    levels: v.optional(v.record(levelKey, levelSchema, 'an object'), {}),
    system: v.optional(systemSchema),
  },
  'an object',
);

/** The longest a timer of Node can run, about 24.8 days. */
export const maxTimeoutSeconds = 2_147_483;

/** `counted` holds if the configuration has `stats`. */
export interface PolicySettings {
  readonly levels: ReadonlyMap<number, LevelPolicy>;
  readonly counted: StatsSettings;
}

export const policy = section(policySchema, (value, place, checker): PolicySettings => {
  const counted = new Map<number, UserStatsSettings>();
  const levels = new Map<number, LevelPolicy>();
  for (const [key, level] of Object.entries(value.levels)) {
    const at = inside(place, 'levels', key);
    counted.set(Number(key), {
      uplink: level.statsUserUplink,
      downlink: level.statsUserDownlink,
      online: level.statsUserOnline,
    });
    levels.set(Number(key), {
      handshakeMs: milliseconds(level.handshake, inside(at, 'handshake'), checker),
      connIdleMs: milliseconds(level.connIdle, inside(at, 'connIdle'), checker),
      uplinkOnlyMs: milliseconds(level.uplinkOnly, inside(at, 'uplinkOnly'), checker),
      downlinkOnlyMs: milliseconds(level.downlinkOnly, inside(at, 'downlinkOnly'), checker),
      bufferBytes: bufferBytes(level.bufferSize),
    });
  }
  const { system } = value;
  return {
    levels,
    counted: {
      levels: counted,
      inbound: {
        uplink: system?.statsInboundUplink ?? false,
        downlink: system?.statsInboundDownlink ?? false,
      },
      outbound: {
        uplink: system?.statsOutboundUplink ?? false,
        downlink: system?.statsOutboundDownlink ?? false,
      },
    },
  };
});

function milliseconds(seconds: number, place: Place, checker: Checker): number {
  if (seconds <= maxTimeoutSeconds) return seconds * 1000;
  checker.warn(
    place,
    'ERR_CONFIG_VALUE',
    `longer than a timer can run; ${maxTimeoutSeconds} seconds are used`,
  );
  return maxTimeoutSeconds * 1000;
}

function bufferBytes(kilobytes: number | undefined): number {
  if (kilobytes === undefined) return defaultLevelPolicy.bufferBytes;
  return kilobytes < 0 ? Number.POSITIVE_INFINITY : kilobytes * 1024;
}
