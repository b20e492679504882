/**
 * Random rules and random targets: the outbound that V2Ray 4.34 takes and the one that tsray's router chooses. Each of
 * V2Ray's outbounds leads to a server on loopback that says its number, whatever the target is. What tsray does
 * otherwise on purpose is left out: capitals, dots at the end, nested ranges (which 4.34 searches wrongly).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GeoFiles } from '../../src/app/geo/geo-data.js';
import { createSniffing, sniffStream } from '../../src/app/sniff/sniffing.js';
import type { RouteQuery, Sniffed } from '../../src/contract/route-query.js';
import { parseAddress } from '../../src/core/net/address.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { geoipBytes, geositeBytes, removeFolder, vectorFolder } from '../helper/geo.js';
import { MemoryLogger } from '../helper/memory-log.js';
import { skipWithout } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { queryTo, routerOf } from '../helper/routing.js';
import { type SeededRandom, seededRandom } from '../helper/seeded-random.js';
import { readExactly, socksConnect } from '../helper/socks-client.js';
import { startV2ray } from '../helper/v2ray.js';

const outboundCount = 5;
const rounds = 10;
const decisionsPerRound = 200;
const rulesPerRound = 14;
/** Connections at a time. */
const width = 16;

const labels = ['a', 'b', 'mail', 'cdn-1', 'www', 'x'];
const roots = ['one.test', 'two.test', 'cn.example', 'lan'];
/** Name → address, for both programs; none is 127.0.0.1, to which 4.34 adds ::1. */
const names = new Map<string, string>();
for (const [index, root] of roots.entries()) {
  names.set(root, `127.${index + 1}.0.1`);
  for (const [at, label] of labels.entries()) {
    names.set(`${label}.${root}`, `127.${index + 1}.${at}.7`);
    names.set(`${label}.${label}.${root}`, `127.${((index + at) % 4) + 1}.200.${at}`);
  }
}
names.set('router', '127.9.0.1');
const allNames = [...names.keys()];

const folder = vectorFolder();
writeFileSync(
  join(folder, 'lists.dat'),
  geositeBytes({
    MIXED: [
      ['domain', 'two.test', 'cn'],
      ['full', 'www.one.test'],
      ['plain', 'cdn-', 'ads'],
      ['regex', '^mail\\.[a-z.]+\\.test$', 'cn'],
    ],
    SMALL: [['domain', 'cn.example']],
  }),
);
writeFileSync(
  join(folder, 'ranges.dat'),
  geoipBytes({
    EAST: [
      [[127, 1, 0, 0], 16],
      [[127, 3, 128, 0], 17],
    ],
    WEST: [[[127, 2, 0, 0], 15]],
  }),
);

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

function some<T>(random: SeededRandom, most: number, make: () => T): T[] {
  return Array.from({ length: 1 + random.below(most) }, make);
}

function domainItem(random: SeededRandom): string {
  const name = pick(random, allNames);
  return pick(random, [
    () => `domain:${name}`,
    () => `full:${name}`,
    () => pick(random, ['keyword:cdn', 'mail', 'on', '1.', 'keyword:.example', 'x.x']),
    () =>
      pick(random, [
        'regexp:^www\\.',
        'regexp:\\.test$',
        'regexp:^[a-b]\\.',
        'regexp:(cn|two)\\.',
        'regexp:^\\w+$',
      ]),
    () => pick(random, ['dotless:', 'dotless:out']),
    () =>
      pick(random, [
        'ext:lists.dat:mixed',
        'ext:lists.dat:Mixed@cn',
        'ext:lists.dat:small',
        'ext-domain:lists.dat:mixed@ads',
      ]),
  ])();
}

/** Disjoint ones: 4.34 searches nested ranges wrongly. */
function ipItems(random: SeededRandom): string[] {
  return pick(random, [
    () => ['ext:ranges.dat:east'],
    () => ['ext-ip:ranges.dat:WEST'],
    () => [`127.${1 + random.below(4)}.0.0/16`],
    () => [
      `127.1.${random.below(6)}.0/24`,
      `127.2.${random.below(6)}.7`,
      `127.4.200.0/${21 + random.below(8)}`,
    ],
    () => ['0.0.0.0/0'],
    () => ['::/0'],
  ])();
}

function portsOf(random: SeededRandom): string | number {
  return pick<string | number>(random, [80, '443', '1-100', '53,443,1000-2000', '0-65535', '8000-9000,22']);
}

/** Early ones look at the target, so that they leave something for the others. */
function ruleOf(random: SeededRandom, early: boolean): Record<string, unknown> {
  const rule: Record<string, unknown> = { type: 'field', outboundTag: `out${random.below(outboundCount)}` };
  const conditions: Readonly<Record<string, () => unknown>> = {
    domain: () => some(random, 3, () => domainItem(random)),
    ip: () => ipItems(random),
    port: () => portsOf(random),
    network: () => pick(random, ['tcp', 'udp', 'tcp,udp']),
    source: () => pick(random, [['127.0.0.1'], ['127.0.0.0/8'], ['10.0.0.0/8'], ['ext:ranges.dat:east']]),
    inboundTag: () => some(random, 2, () => pick(random, ['plain', 'users', 'sniffed', 'other'])),
    user: () => some(random, 2, () => pick(random, ['alice', 'bob', 'carol'])),
    protocol: () => some(random, 2, () => pick(random, ['http', 'tls', 'bittorrent'])),
  };
  const keys = Object.keys(conditions);
  // Those that say most come most often.
  const wanted =
    random.below(3) === 0
      ? [pick(random, keys), pick(random, keys)]
      : [pick(random, ['domain', 'ip', ...keys])];
  if (early) wanted.push(pick(random, ['domain', 'ip', 'domain']));
  for (const key of wanted) rule[key] = conditions[key]!();
  return rule;
}

interface Decision {
  readonly host: string;
  readonly port: number;
  readonly inbound: 'plain' | 'users' | 'sniffed';
  readonly user: string | undefined;
  /** What the client sends first, for the inbound that sniffs. */
  readonly bytes: Buffer | undefined;
}

function firstBytes(random: SeededRandom): Buffer {
  const name = pick(random, allNames);
  return pick(random, [
    () => Buffer.from(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`),
    () => Buffer.from(`\x13BitTorrent protocol${'\0'.repeat(48)}`, 'latin1'),
    () => Buffer.from('SSH-2.0-test\r\n'),
  ])();
}

function decisionOf(random: SeededRandom): Decision {
  const inbound = pick(random, ['plain', 'plain', 'users', 'sniffed'] as const);
  const address = `127.${1 + random.below(5)}.${random.below(256)}.${random.below(256)}`;
  return {
    host: random.below(3) === 0 ? address : pick(random, allNames),
    port: pick(random, [80, 443, 53, 1500, 8080, 22, 65_535]),
    inbound,
    user: inbound === 'users' ? pick(random, ['alice', 'bob']) : undefined,
    bytes: inbound === 'sniffed' ? firstBytes(random) : undefined,
  };
}

const sniffing = createSniffing(
  { overrides: ['http', 'tls'], metadataOnly: false, routeOnly: false, domainsExcluded: [], ipsExcluded: [] },
  { crypto: defaultCrypto(), geo: new GeoFiles([], new MemoryLogger()) },
);

function queryOf({ bytes, host, inbound, port, user }: Decision): RouteQuery {
  let sniffed: Sniffed | undefined;
  if (bytes !== undefined) {
    const step = sniffStream(bytes, 'tcp');
    sniffed = step.state === 'found' ? step.sniffed : undefined;
  }
  const replaced = sniffed !== undefined && sniffing.overrides(sniffed, parseAddress(host));
  return queryTo(replaced ? sniffed!.domain! : host, port, {
    inboundTag: inbound,
    ...(user === undefined ? {} : { user: { email: user, level: 0 } }),
    ...(sniffed === undefined ? {} : { sniffed }),
  });
}

async function inBatches<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await run(items[next++]!);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

describe('the outbound of V2Ray 4.34 and of tsray', { skip: skipWithout('v2ray') }, () => {
  const servers: Server[] = [];

  before(async () => {
    for (let index = 0; index < outboundCount; index += 1) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        socket.end(String(index));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.push(server);
    }
  });
  after(() => {
    for (const server of servers) server.close();
    removeFolder(folder);
  });

  for (let round = 0; round < rounds; round += 1) {
    const random = seededRandom(1000 + round);
    const domainStrategy = ['AsIs', 'IPIfNonMatch', 'IPOnDemand'][round % 3]!;
    test(`round ${round}, ${domainStrategy}`, async () => {
      const rules = Array.from({ length: rulesPerRound }, (_, index) => ruleOf(random, index < 10));
      const routing = { domainStrategy, rules };
      const decisions = Array.from({ length: decisionsPerRound }, () => decisionOf(random));
      const { router } = routerOf(routing, {
        geo: new GeoFiles([folder], new MemoryLogger()),
        resolver: { resolve: (name) => Promise.resolve([parseAddress(names.get(name) ?? '127.250.0.1')]) },
      });
      const firstPort = await freePortRange(3);
      const inbounds = (['plain', 'users', 'sniffed'] as const).map((tag, index) => ({
        tag,
        listen: '127.0.0.1',
        port: firstPort + index,
        protocol: 'socks',
        settings:
          tag === 'users'
            ? { auth: 'password', accounts: ['alice', 'bob'].map((user) => ({ user, pass: 'p' })) }
            : { auth: 'noauth' },
        ...(tag === 'sniffed' ? { sniffing: { enabled: true, destOverride: ['http', 'tls'] } } : {}),
      }));
      const v2ray = await startV2ray(
        {
          inbounds,
          outbounds: servers.map((server, index) => ({
            tag: `out${index}`,
            protocol: 'freedom',
            settings: { redirect: `127.0.0.1:${(server.address() as AddressInfo).port}` },
          })),
          dns: { servers: ['localhost'], hosts: Object.fromEntries(names) },
          routing,
        },
        { 'v2ray.location.asset': folder },
      );
      try {
        await inBatches(decisions, async (decision) => {
          const { bytes, host, inbound, port, user } = decision;
          const socket = await socksConnect(
            inbounds.find(({ tag }) => tag === inbound)!.port,
            { host, port },
            user === undefined ? undefined : { user, pass: 'p' },
          );
          if (bytes !== undefined) socket.write(bytes);
          const theirs = `out${(await readExactly(socket, 1)).toString()}`;
          socket.destroy();
          const { outboundTag = 'out0', rule } = await router.pick(queryOf(decision));
          const told = JSON.stringify({ ...decision, bytes: bytes?.toString('latin1') });
          assert.equal(outboundTag, theirs, `${told} by ${rule ?? 'no rule'} of ${JSON.stringify(routing)}`);
        });
      } finally {
        await v2ray.close();
      }
      const deciding = router.counts().filter(({ matches }) => matches > 0).length;
      assert.ok(deciding >= 2, `only ${deciding} rules decided anything`);
    });
  }
});
