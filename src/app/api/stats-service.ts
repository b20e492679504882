/** StatsService of V2Ray 4.34, v2ray 5 and Xray. */
import { memoryUsage, uptime } from 'node:process';
import { Regexps, regexpFault } from '../router/match/regexps.js';
import { type Counter, type Counters, take } from '../stats/counters.js';
import type { OnlineUsers } from '../stats/online.js';
import { encodeMessage, type Message, type MessageType } from './message.js';
import { CallError, type ServiceMethods, statusCodes } from './service.js';

const stat: MessageType = { name: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
const statAnswer: MessageType = { stat: { number: 1, type: stat } };
const named: MessageType = { name: { number: 1, type: 'string' }, reset: { number: 2, type: 'bool' } };
const query: MessageType = {
  pattern: { number: 1, type: 'string' },
  reset: { number: 2, type: 'bool' },
  patterns: { number: 3, type: 'string', repeated: true },
  regexp: { number: 4, type: 'bool' },
};
const system: MessageType = {
  handles: { number: 1, type: 'number' },
  alloc: { number: 3, type: 'number' },
  totalAlloc: { number: 4, type: 'number' },
  sys: { number: 5, type: 'number' },
  uptime: { number: 10, type: 'number' },
};
const mapEntry: MessageType = { key: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
const addresses: MessageType = {
  name: { number: 1, type: 'string' },
  ips: { number: 2, type: mapEntry, repeated: true },
};
const users: MessageType = { users: { number: 1, type: 'string', repeated: true } };

const userStats: MessageType = {
  email: { number: 1, type: 'string' },
  ips: {
    number: 2,
    type: { ip: { number: 1, type: 'string' }, lastSeen: { number: 2, type: 'number' } },
    repeated: true,
  },
  traffic: {
    number: 3,
    type: { uplink: { number: 1, type: 'number' }, downlink: { number: 2, type: 'number' } },
  },
};
const usersStats: MessageType = { users: { number: 1, type: userStats, repeated: true } };

/** Counters encoded between two turns of the event loop; about a millisecond's work. */
const sliceCounters = 1000;

export interface StatsSource {
  readonly counters: Counters;
  readonly online: OnlineUsers;
}

/** `source` undefined: the configuration has no `stats`. */
export function statsMethods(source: StatsSource | undefined): ServiceMethods {
  return {
    GetStats: {
      request: named,
      answer(request, path) {
        const { name, reset } = request as { name: string; reset: boolean };
        const counter = source?.counters.get(name);
        if (counter === undefined) throw notFound(name, path);
        return [encodeMessage(statAnswer, { stat: { name, value: take(counter, reset) } })];
      },
    },
    QueryStats: {
      request: query,
      answer(request, path) {
        if (source === undefined) {
          if (isXray(path)) return [];
          throw new CallError(statusCodes.unknown, 'QueryStats only works its own stats.Manager.');
        }
        return matching(source.counters.all(), request);
      },
    },
    GetSysStats: {
      request: {},
      answer() {
        const { arrayBuffers, heapUsed, rss } = memoryUsage();
        const handles = process.getActiveResourcesInfo().length;
        const alloc = heapUsed + arrayBuffers;
        const answer = { handles, alloc, totalAlloc: alloc, sys: rss, uptime: Math.floor(uptime()) };
        return [encodeMessage(system, answer)];
      },
    },
    GetStatsOnline: {
      request: named,
      answer(request, path) {
        const { name } = request as { name: string };
        const hosts = onlineOf(source, name, path);
        return [encodeMessage(statAnswer, { stat: { name, value: hosts.size } })];
      },
    },
    GetStatsOnlineIpList: {
      request: named,
      answer(request, path) {
        const { name } = request as { name: string };
        const ips = [...onlineOf(source, name, path)].map(([key, value]) => ({ key, value }));
        return [encodeMessage(addresses, { name, ips })];
      },
    },
    GetUsersStats: {
      request: { withTraffic: { number: 1, type: 'bool' }, reset: { number: 2, type: 'bool' } },
      answer({ reset, withTraffic }) {
        return source === undefined ? [] : usersNow(source, withTraffic === true, reset === true);
      },
    },
    GetAllOnlineUsers: {
      request: {},
      answer() {
        const emails = source?.online.emails() ?? [];
        return [encodeMessage(users, { users: emails.map((email) => `user>>>${email}>>>online`) })];
      },
    },
  };
}

function isXray(path: string): boolean {
  return path.startsWith('/xray.');
}

/** The texts and codes that callers test for differ between V2Ray and Xray. */
function notFound(name: string, path: string): CallError {
  return isXray(path)
    ? new CallError(statusCodes.notFound, `${name} not found.`)
    : new CallError(statusCodes.unknown, `v2ray.com/core/app/stats/command: ${name} not found.`);
}

function onlineOf(source: StatsSource | undefined, name: string, path: string): ReadonlyMap<string, number> {
  const email = /^user>>>(.*)>>>online$/s.exec(name)?.[1];
  const hosts = email === undefined ? undefined : source?.online.of(email);
  if (hosts === undefined) throw notFound(name, path);
  return hosts;
}

function* matching(counters: Iterable<Counter>, request: Message): Iterable<Uint8Array> {
  const { pattern, patterns, regexp, reset } = request as {
    pattern: string;
    patterns: readonly string[];
    regexp: boolean;
    reset: boolean;
  };
  const wanted = pattern === '' ? patterns : [pattern, ...patterns];
  const isWanted = nameTest(wanted, regexp);
  let slice: Message[] = [];
  let seen = 0;
  for (const counter of counters) {
    seen += 1;
    if (isWanted(counter.name)) {
      slice.push({ stat: { name: counter.name, value: take(counter, reset) } });
    }
    if (seen % sliceCounters !== 0) continue;
    yield encoded(slice);
    slice = [];
  }
  yield encoded(slice);
}

/** Throws a CallError for what is no regular expression of RE2's syntax. */
function nameTest(wanted: readonly string[], regexp: boolean): (name: string) => boolean {
  if (wanted.length === 0) return () => true;
  if (!regexp) return (name) => wanted.some((part) => name.includes(part));
  for (const pattern of wanted) {
    const fault = regexpFault(pattern);
    if (fault !== undefined) throw new CallError(statusCodes.unknown, `error parsing regexp: ${fault}`);
  }
  const expressions = new Regexps(wanted);
  return (name) => expressions.hasText(name);
}

/** Users who have a connection now, with their addresses. */
function* usersNow(
  { counters, online }: StatsSource,
  withTraffic: boolean,
  reset: boolean,
): Iterable<Uint8Array> {
  const traffic = (email: string, direction: string): number => {
    const counter = counters.get(`user>>>${email}>>>traffic>>>${direction}`);
    return counter === undefined ? 0 : take(counter, reset);
  };
  for (const email of online.emails()) {
    const ips = [...(online.of(email) ?? [])].map(([ip, lastSeen]) => ({ ip, lastSeen }));
    const bytes = withTraffic
      ? { traffic: { uplink: traffic(email, 'uplink'), downlink: traffic(email, 'downlink') } }
      : {};
    yield encodeMessage(usersStats, { users: [{ email, ips, ...bytes }] });
  }
}

function encoded(slice: readonly Message[]): Uint8Array {
  return Buffer.concat(slice.map((each) => encodeMessage(statAnswer, each)));
}
