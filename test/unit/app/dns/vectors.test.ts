import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsAnswer } from '../../../../src/contract/dns.js';
import { type TestDns, testDns } from '../../../helper/dns.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import type { Answering } from '../../../helper/name-server.js';
import { readVectors } from '../../../helper/project.js';

// What V2Ray 4.34, v2ray 5 and Xray answered; tsray follows v2ray 5, but where the table below says otherwise.

type Program = 'v434' | 'v5' | 'xray';

type Result = readonly [rcode: string, addresses: readonly string[], seen: readonly [a: number, b: number]];

interface Case {
  readonly scenario: string;
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  readonly results: Readonly<Partial<Record<Program, Result>>>;
}

const { cases } = readVectors<{ readonly cases: readonly Case[] }>('dns.json');

const a = '127.0.0.11';
const b = '127.0.0.12';

const scenarios: Readonly<Record<string, object>> = {
  'domains on 2nd': {
    servers: [a, { address: b, domains: ['domain:dom2', 'full:f.x', 'keyword:kw', 'regexp:^re\\.', 'sub'] }],
  },
  'both match: order = matcher kind/specificity': {
    servers: [
      { address: a, domains: ['domain:m.x'] },
      { address: b, domains: ['full:a.m.x', 'domain:b.m.x', 'keyword:zz', 'regexp:qq'] },
    ],
  },
  'expectIPs mismatch then 2nd': {
    servers: [{ address: a, domains: ['domain:y', 'domain:x'], expectIps: ['127.8.0.0/16'] }, b],
  },
  'expectIPs partial (mixed)': { servers: [{ address: a, expectIps: ['127.8.0.0/16'] }, b] },
  'expectIPs all mismatch': {
    servers: [
      { address: a, expectIps: ['127.9.0.0/16'] },
      { address: b, expectIps: ['127.9.0.0/16'] },
    ],
  },
  skipFallback: { servers: [{ address: a, skipFallback: true, domains: ['domain:sf'] }, b] },
  'all skipFallback no match': { servers: [{ address: a, skipFallback: true, domains: ['domain:sf'] }] },
  disableFallback: { disableFallback: true, servers: [a, { address: b, domains: ['domain:dom2'] }] },
  disableFallbackIfMatch: {
    disableFallbackIfMatch: true,
    servers: [{ address: a, domains: ['domain:x'] }, b],
  },
  hosts: {
    servers: [a],
    hosts: {
      'one.h': '127.1.1.1',
      'domain:dom.h': '127.2.2.2',
      'keyword:kw': '127.3.3.3',
      'regexp:^r\\.': '127.4.4.4',
      'dotless:rou': '127.5.5.5',
      'alias.h': 'one.h',
      'alias2.h': 'remote.z',
      'full:full.h': '127.6.6.6',
      'v6.h': '2001:db8::9',
      'lo.h': '127.0.0.1',
      'loop1.h': 'loop2.h',
      'loop2.h': 'loop1.h',
      'UP.h': '127.7.7.7',
      'a.dom.h': '127.9.9.9',
    },
  },
  'hosts list': {
    servers: [a],
    hosts: { 'l.h': ['127.1.1.1', '2001:db8::1', '127.1.1.2'], 'm.h': ['x.z', '127.1.1.1'] },
  },
  'hosts rcode #3': { servers: [a], hosts: { 'r.h': '#3', 'r0.h': '#0' } },
  'hosts geosite-like domain->domain': { servers: [a], hosts: { 'domain:g.h': 'safe.z' } },
  'queryStrategy UseIPv4': { servers: [a], queryStrategy: 'UseIPv4' },
  disableCache: { servers: [a], disableCache: true },
  clientIp: { servers: [a], clientIp: '127.1.2.3' },
  'clientIp v6': { servers: [a], clientIp: '2001:db8::7' },
};

/** Where tsray does better than v2ray 5, or as another. */
const differently: Readonly<Record<string, Result>> = {
  // A client is told at once, where V2Ray says nothing.
  'expectIPs all mismatch: a.ok A': ['SERVFAIL', [], [1, 1]],
  'disableFallbackIfMatch: drop1.x A': ['SERVFAIL', [], [1, 0]],
  // Names are the same in any case, as in Xray.
  'hosts: up.h A': ['NOERROR', ['127.7.7.7'], [0, 0]],
  'hosts: UP.h A': ['NOERROR', ['127.7.7.7'], [0, 0]],
  // Response codes are Xray's.
  'hosts rcode #3: r.h A': ['NXDOMAIN', [], [0, 0]],
  'hosts rcode #3: r0.h A': ['NOERROR', [], [0, 0]],
};

const nameServer =
  (second: boolean): Answering =>
  ({ name, type }) => {
    const lower = name.toLowerCase();
    if (!second && lower === 'drop1.x') return undefined;
    const data =
      type === 'AAAA'
        ? ['2001:db8::1']
        : lower === 'exp.x' && !second
          ? ['127.101.1.1', '127.8.8.8']
          : lower === 'a.ok' && !second
            ? ['127.101.1.1', '127.101.1.2']
            : ['a.ok', 'x.dom2', 'a.dom2', 'drop1.x'].includes(lower)
              ? ['127.102.2.2']
              : [second ? '127.102.0.1' : '127.101.0.1'];
    return { answers: data.map((each) => ({ type: type as 'A', name, ttl: 60, data: each })) };
  };

function expectedOf({ name, results, scenario, type }: Case): Result {
  return differently[`${scenario}: ${name} ${type}`] ?? results.v5!;
}

const rcodeNames: Readonly<Record<number, string>> = { 0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN' };

/** The clock moves while nothing else does, so that servers that say nothing are given up. */
async function answered(dns: TestDns, clock: FakeClock, asking: Promise<DnsAnswer>): Promise<Result> {
  let settled = false;
  const result = asking.then(
    ({ addresses, rcode }): Result => [
      rcodeNames[rcode] ?? String(rcode),
      addresses.map(({ host }) => host),
      [0, 0],
    ],
    (): Result => ['SERVFAIL', [], [0, 0]],
  );
  void result.then(() => (settled = true));
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!settled) clock.advance(500);
  }
  const [rcode, addresses] = await result;
  const seen = (server: string): number => new Set(dns.asked.filter((line) => line.includes(server))).size;
  return [rcode, [...addresses].sort(), [seen(a), seen(b)]];
}

for (const each of cases) {
  const { name, scenario, type } = each;
  test(`${scenario}: ${name} ${type}`, async () => {
    const clock = new FakeClock();
    const dns = testDns(
      scenarios[scenario],
      { [`udp:${a}:53`]: nameServer(false), [`udp:${b}:53`]: nameServer(true) },
      { clock },
    );
    const asking = dns.client.ask(name, type === 'A' ? 'ipv4' : 'ipv6');
    const [rcode, addresses, seen] = await answered(dns, clock, asking);
    const [expectedRcode, expectedAddresses, expectedSeen] = expectedOf(each);
    assert.deepEqual([rcode, addresses], [expectedRcode, [...expectedAddresses].sort()]);
    // Zero may mean an answer from an earlier case of the same run.
    const fromHosts = scenario.startsWith('hosts') && !addresses.some((text) => text.startsWith('127.10'));
    if (fromHosts || expectedSeen[0] + expectedSeen[1] > 0) assert.deepEqual(seen, expectedSeen);
    await dns.close();
    assert.equal(clock.pendingTimers, 0);
  });
}

test('every scenario has a configuration, and every difference is one', () => {
  assert.deepEqual(
    cases.filter(({ scenario }) => scenarios[scenario] === undefined),
    [],
  );
  const names = new Set(cases.map(({ name, scenario, type }) => `${scenario}: ${name} ${type}`));
  for (const name of Object.keys(differently)) assert.ok(names.has(name), name);
  assert.equal(cases.length, 60);
});
