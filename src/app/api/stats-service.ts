/** StatsService of V2Ray 4.34, v2ray 5 and Xray. */
import { memoryUsage, uptime } from 'node:process';
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
  if (regexp) throw new CallError(statusCodes.unimplemented, 'regexp is not supported; send parts of names');
  const wanted = pattern === '' ? patterns : [pattern, ...patterns];
  let slice: Message[] = [];
  let seen = 0;
  for (const counter of counters) {
    seen += 1;
    if (wanted.length === 0 || wanted.some((part) => counter.name.includes(part))) {
      slice.push({ stat: { name: counter.name, value: take(counter, reset) } });
    }
    if (seen % sliceCounters !== 0) continue;
    yield encoded(slice);
    slice = [];
  }
  yield encoded(slice);
}

function encoded(slice: readonly Message[]): Uint8Array {
  return Buffer.concat(slice.map((each) => encodeMessage(statAnswer, each)));
}
