/**
 * What rules cost: `node .build/bench/routing.js <folder with geosite.dat and geoip.dat>`. One decision with large lists,
 * and start and memory of tsray and V2Ray with the same real lists, in turn. Prints a table.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GeoFiles } from '../src/app/geo/geo-data.js';
import type { DomainItem } from '../src/app/router/domain-item.js';
import { parseDomainItem } from '../src/app/router/domain-item.js';
import { createDomainMatcher } from '../src/app/router/match/domain.js';
import { domainNameOf } from '../src/app/router/match/domain-name.js';
import { ipNumberOf } from '../src/app/router/match/ip-number.js';
import { IpRangesBuilder } from '../src/app/router/match/ip-ranges.js';
import { createRouter } from '../src/app/router/router.js';
import type { RouteQuery } from '../src/contract/route-query.js';
import { parseAddress } from '../src/core/net/address.js';
import { FakeClock } from '../test/helper/fake-clock.js';
import { MemoryLogger } from '../test/helper/memory-log.js';
import { freePorts } from '../test/helper/ports.js';
import { seededRandom } from '../test/helper/seeded-random.js';

const folder = process.argv[2] ?? '/usr/share/v2ray';
const random = seededRandom(5);
const rows: string[][] = [];

/** Microseconds a call, over half a second after as long to warm up. */
function measure(name: string, goal: string, run: (index: number) => unknown): void {
  let result = 0;
  for (const counted of [false, true]) {
    const begun = process.cpuUsage();
    const end = performance.now() + 500;
    let calls = 0;
    while (performance.now() < end) for (let index = 0; index < 500; index += 1, calls += 1) run(calls);
    const { system, user } = process.cpuUsage(begun);
    if (counted) result = (user + system) / calls;
  }
  rows.push([name, `${result.toFixed(2)} us`, '', goal]);
}

const misses = [
  'www.example.com',
  'a.b.c.some-long-hostname.cdn.provider.net',
  `${'x'.repeat(60)}.${'y'.repeat(60)}.org`,
  'abc123def.cloud.test',
].map(domainNameOf);
const addresses = ['8.8.8.8', '200.1.2.3', '2001:db8::1', '240.0.0.1'].map((text) =>
  ipNumberOf(parseAddress(text)),
);
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

function decisions(): void {
  const domains: DomainItem[] = [];
  for (let index = 0; index < 88_000; index += 1) {
    domains.push({ kind: 'domain', value: `n${random.below(1 << 30).toString(36)}.tld${index % 50}` });
  }
  for (let index = 0; index < 11_000; index += 1) domains.push({ kind: 'full', value: `f${index}.x.test` });
  for (let index = 0; index < 1_000; index += 1) {
    domains.push({ kind: 'keyword', value: `kw${random.below(1 << 30).toString(36)}` });
  }
  const geo = new GeoFiles([folder], new MemoryLogger());
  const large = createDomainMatcher(domains, geo);
  measure('a miss through 100,000 names', '≤ 5 us', (index) => large.matches(pick(misses, index)));
  const builder = new IpRangesBuilder();
  for (let index = 0; index < 220_000; index += 1) {
    builder.addV4((random.below(0x1_0000_0000) & ~0x3ff) >>> 0, 22 + random.below(7));
  }
  for (let index = 0; index < 80_000; index += 1) {
    const words = [0x2001_0000 + random.below(1 << 16), random.below(0x1_0000_0000), 0, 0];
    builder.add({ family: 6, words }, 48);
  }
  const ranges = builder.build();
  measure('a miss through 300,000 ranges', '≤ 5 us', (index) => ranges.has(pick(addresses, index)));
  const items = ['geosite:cn', 'geosite:geolocation-!cn', 'geosite:category-ads-all'].map(parseDomainItem);
  const real = createDomainMatcher(items as DomainItem[], geo);
  measure(
    'a miss through the real cn, geolocation-!cn and ads, with their regular expressions',
    '≤ 20 us',
    (index) => real.matches(pick(misses, index)),
  );
  const rules = Array.from({ length: 30 }, (_, index) => ({
    name: `rule ${index}`,
    target: { kind: 'outbound', tag: 'out' } as const,
    conditions: {
      domains: [{ kind: 'domain', value: `d${index}.test` }] as const,
      networks: ['tcp'] as const,
    },
  }));
  const router = createRouter(
    { domainStrategy: 'AsIs', rules, balancers: [] },
    {
      geo,
      resolver: { resolve: () => Promise.resolve([]) },
      outboundTags: () => ['out'],
      clock: new FakeClock(),
      random,
      log: new MemoryLogger(),
    },
  );
  const query = (host: string): RouteQuery => ({
    source: { network: 'tcp', address: parseAddress('127.0.0.1'), port: 1 },
    destination: { network: 'tcp', address: { kind: 'domain', host }, port: 443 },
    inboundTag: 'in',
  });
  const [early, late, none] = ['d0.test', 'www.d29.test', 'www.example.com'].map(query);
  measure('a decision of 30 rules, the first matches', '', () => router.pick(early!));
  measure('a decision of 30 rules, the last matches', '', () => router.pick(late!));
  measure('a decision of 30 rules, none matches', '', () => router.pick(none!));
}

interface Started {
  readonly seconds: number;
  readonly megabytes: number;
}

/** From the start of the program until its port is open, and what it then holds. */
async function start(command: string, args: readonly string[], port: number): Promise<Started> {
  const begun = performance.now();
  const child = spawn(command, args, {
    stdio: 'ignore',
    env: { ...process.env, 'v2ray.location.asset': folder, V2RAY_LOCATION_ASSET: folder },
  });
  try {
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
      await delay(3);
    }
    const seconds = (performance.now() - begun) / 1000;
    await delay(1500);
    return { seconds, megabytes: residentMegabytes(child) };
  } finally {
    child.kill();
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function residentMegabytes({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function starts(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'tsray-bench-routing-'));
  const rules = [
    { type: 'field', domain: ['geosite:category-ads-all'], outboundTag: 'block' },
    { type: 'field', domain: ['geosite:cn'], outboundTag: 'direct' },
    { type: 'field', ip: ['geoip:cn', 'geoip:private'], outboundTag: 'direct' },
  ];
  const results = new Map<string, { seconds: number[]; megabytes: number[] }>();
  try {
    for (let round = 0; round < 7; round += 1) {
      for (const [what, routing] of [
        ['without rules', {}],
        ['geosite:cn, geoip:cn, ads', { rules }],
      ] as const) {
        for (const program of ['V2Ray', 'tsray']) {
          const [port = 0] = await freePorts(1);
          const file = join(work, `${port}.json`);
          const config = {
            inbounds: [{ protocol: 'socks', listen: '127.0.0.1', port }],
            outbounds: [
              { tag: 'direct', protocol: 'freedom' },
              { tag: 'block', protocol: 'blackhole' },
            ],
            routing,
          };
          writeFileSync(file, JSON.stringify(config));
          const started =
            program === 'V2Ray'
              ? await start('v2ray', ['-config', file], port)
              : await start(process.execPath, [join('bin', 'tsray.js'), 'run', '-c', file], port);
          const key = `${what}\t${program}`;
          const result = results.get(key) ?? { seconds: [], megabytes: [] };
          result.seconds.push(started.seconds);
          result.megabytes.push(started.megabytes);
          results.set(key, result);
        }
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const of = (key: string, field: 'seconds' | 'megabytes'): number => median(results.get(key)?.[field] ?? []);
  for (const what of ['without rules', 'geosite:cn, geoip:cn, ads']) {
    const [theirs, ours] = ['V2Ray', 'tsray'].map((program) => `${what}\t${program}`) as [string, string];
    rows.push([
      `start, ${what}`,
      `${of(ours, 'seconds').toFixed(2)} s`,
      `${of(theirs, 'seconds').toFixed(2)} s`,
      '',
    ]);
    rows.push([
      `memory, ${what}`,
      `${of(ours, 'megabytes').toFixed(1)} MB`,
      `${of(theirs, 'megabytes').toFixed(1)} MB`,
      '',
    ]);
  }
}

decisions();
await starts();
console.log('| figure | tsray | V2Ray | goal |\n| --- | --- | --- | --- |');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
