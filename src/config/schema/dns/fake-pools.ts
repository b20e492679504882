/** `fakedns`: the ranges that fake addresses are taken from. */
import * as v from 'valibot';
import type { FakePoolSettings, QueryStrategy } from '../../../app/dns/settings.js';
import { parseAddress } from '../../../core/net/address.js';
import type { Checker } from '../../check/checker.js';
import { inside, itemsAt, type Place } from '../../check/place.js';
import { checkedText, whole } from '../types.js';

const rangeExpected = 'an IP range such as "198.18.0.0/15"';

const rangeText = checkedText(rangeExpected, (given) => parseRange(given) !== undefined);

export const poolSchema = v.object(
  { ipPool: rangeText, poolSize: v.optional(whole(1, 0x7fff_ffff, 'a number of names above 0')) },
  'an object',
);

/** V2Ray's. */
const usualSize = 65_535;

const ipv4Pool: FakePoolSettings = { base: parseAddress('198.18.0.0'), bits: 15, size: usualSize };
const ipv6Pool: FakePoolSettings = { base: parseAddress('fc00::'), bits: 18, size: usualSize };

/** V2Ray's pools of the families that are asked for. */
export function defaultPools(strategy: QueryStrategy): readonly FakePoolSettings[] {
  if (strategy === 'UseIPv4') return [ipv4Pool];
  return strategy === 'UseIPv6' ? [ipv6Pool] : [ipv4Pool, ipv6Pool];
}

/** One pool, a list of them, or v2ray 5's texts. Faults are reported. */
export function readPools(checker: Checker, place: Place): readonly FakePoolSettings[] {
  if (place.missing || place.node.kind === 'null') return [];
  if (place.node.kind === 'list') return itemsAt(place).flatMap((each) => readPool(checker, each) ?? []);
  const pool = readPool(checker, place);
  return pool === undefined ? [] : [pool];
}

function readPool(checker: Checker, place: Place): FakePoolSettings | undefined {
  if (place.node.kind === 'string') {
    const range = parseRange(place.node.value);
    if (range === undefined) checker.wrongValue(place, rangeExpected);
    return range === undefined ? undefined : { ...range, size: Math.min(usualSize, room(range) - 1) };
  }
  const given = checker.check(poolSchema, place);
  const range = given === undefined ? undefined : parseRange(given.ipPool);
  if (given === undefined || range === undefined) return undefined;
  const most = room(range) - 1;
  const size = given.poolSize ?? Math.min(usualSize, most);
  if (size > most) {
    checker.wrongValue(inside(place, 'poolSize'), `fewer than the ${room(range)} addresses of "ipPool"`);
    return undefined;
  }
  return { ...range, size };
}

function parseRange(
  text: string,
): { readonly base: FakePoolSettings['base']; readonly bits: number } | undefined {
  const parts = /^([^/%]+)\/(\d{1,3})$/.exec(text.trim());
  if (parts === null) return undefined;
  const base = parseAddress(parts[1]!);
  const bits = Number(parts[2]);
  if (base.kind === 'domain' || bits > width(base.kind) - 1) return undefined;
  return { base, bits };
}

function width(kind: 'ipv4' | 'ipv6'): number {
  return kind === 'ipv4' ? 32 : 128;
}

/** How many addresses there are; of the very large ranges, as many as are used. */
function room({ base, bits }: { readonly base: FakePoolSettings['base']; readonly bits: number }): number {
  return 2 ** Math.min(48, width(base.kind === 'ipv6' ? 'ipv6' : 'ipv4') - bits);
}
