import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../src/core/net/address.js';
import { dnsOf } from '../../helper/dns.js';

const serversOf = (...servers: readonly unknown[]) => dnsOf({ servers }).settings!.servers;
const domain = (host: string) => parseAddress(host);

test('every form of a server', () => {
  const forms: readonly (readonly [string, object])[] = [
    ['127.0.0.1', { kind: 'udp', address: domain('127.0.0.1'), port: 53 }],
    ['dns.example', { kind: 'udp', address: domain('dns.example'), port: 53 }],
    ['::1', { kind: 'udp', address: domain('::1'), port: 53 }],
    ['udp://127.0.0.1:5353', { kind: 'udp', address: domain('127.0.0.1'), port: 5353 }],
    ['localhost', { kind: 'localhost' }],
    ['fakedns', { kind: 'fake' }],
    ['tcp://127.0.0.1', { kind: 'tcp', address: domain('127.0.0.1'), port: 53, local: false }],
    ['tcp+local://[::1]:54', { kind: 'tcp', address: domain('::1'), port: 54, local: true }],
    [
      'https://dns.example/dns-query?a=b#c',
      { kind: 'https', address: domain('dns.example'), port: 443, local: false, path: '/dns-query?a=b' },
    ],
    [
      'HTTPS+local://127.0.0.1:8443',
      { kind: 'https', address: domain('127.0.0.1'), port: 8443, local: true, path: '/' },
    ],
    ['quic+local://dns.example', { kind: 'quic', address: domain('dns.example'), port: 853, local: true }],
  ];
  for (const [text, at] of forms) {
    assert.deepEqual(serversOf(text)[0]!.at, at, text);
    assert.deepEqual(serversOf({ address: text })[0]!.at, at, text);
  }
  assert.deepEqual(serversOf({ address: '127.0.0.1', port: 54 })[0]!.at, {
    kind: 'udp',
    address: domain('127.0.0.1'),
    port: 54,
  });
});

test('what is no server is an error that says what one is', () => {
  for (const [server, message] of [
    ['127.0.0.1:53', /the port has a key of its own|expected an IP address, a host name/],
    ['gopher://x', /expected an IP address, a host name/],
    ['https:///dns-query', /a URL with a host/],
    ['tcp://127.0.0.1:70000', /a URL with a host/],
    ['tls://127.0.0.1', /DNS over "tls" is not supported/],
    ['h2c://127.0.0.1', /DNS over "h2c" is not supported/],
    [{ port: 53 }, /servers\[0\]\.address|expected a string/],
    [7, /expected/],
  ] as const) {
    const { errors } = dnsOf({ servers: [server] });
    assert.match(errors.join('\n'), message, JSON.stringify(server));
  }
  assert.match(dnsOf({ servers: '127.0.0.1' }).errors.join(), /expected a list/);
});

test('options of a server, in the spellings of the cores, and those of all', () => {
  const [first, second] = dnsOf({
    clientIp: '127.1.1.1',
    queryStrategy: 'use_ipv4',
    disableCache: true,
    servers: [
      {
        address: '127.0.0.1',
        domains: ['a.test', 'full:b.test', 'domain:c.test'],
        expectIPs: ['127.0.0.0/8'],
        clientIP: '::1',
        tag: 'one',
        queryStrategy: 'UseIP',
        cacheStrategy: 'enabled',
        fallbackStrategy: 'Disabled',
      },
      { address: '127.0.0.2', expectedIPs: ['127.0.0.0/8'], skipFallback: true },
    ],
  }).settings!.servers;
  assert.deepEqual(
    [first!.domains.map(({ kind }) => kind), first!.expectIps.length, first!.clientIp!.host, first!.tag],
    [['keyword', 'full', 'domain'], 1, '::1', 'one'],
  );
  assert.deepEqual([first!.queryStrategy, first!.disableCache, first!.skipFallback], ['UseIP', false, true]);
  assert.deepEqual(
    [
      second!.queryStrategy,
      second!.disableCache,
      second!.skipFallback,
      second!.clientIp!.host,
      second!.expectIps.length,
    ],
    ['UseIPv4', true, true, '127.1.1.1', 1],
  );
});

test('fallback rules, v2ray 5’s word for them included', () => {
  assert.deepEqual(
    [true, undefined].map(
      (disableFallback) => dnsOf({ disableFallback, fallbackStrategy: 'Disabled' }).settings!.disableFallback,
    ),
    [true, true],
  );
  const { disableFallback, disableFallbackIfMatch } = dnsOf({ fallbackStrategy: 'DisabledIfAnyMatch' })
    .settings!;
  assert.deepEqual([disableFallback, disableFallbackIfMatch], [false, true]);
});

test('hosts of every form', () => {
  const { errors, settings } = dnsOf({
    hosts: {
      'One.test': '127.0.0.1',
      'domain:d.test': ['127.0.0.2', '::1'],
      'keyword:k': 'Other.test.',
      'regexp:^r': '#3',
      'dotless:x': '127.0.0.3',
      'geosite:cn': '127.0.0.4',
      'ext:file.dat:list': '127.0.0.5',
    },
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(
    settings!.hosts.map(({ pattern, value }) => [pattern.kind, value.kind]),
    [
      ['full', 'addresses'],
      ['domain', 'addresses'],
      ['keyword', 'name'],
      ['regexp', 'rcode'],
      ['regexp', 'addresses'],
      ['list', 'addresses'],
      ['list', 'addresses'],
    ],
  );
  assert.deepEqual(settings!.hosts[0]!.pattern, { kind: 'full', value: 'one.test' });
  assert.deepEqual(settings!.hosts[2]!.value, { kind: 'name', name: 'other.test' });
});

test('what hosts cannot be', () => {
  for (const [hosts, message] of [
    [{ a: 'http://x/' }, /hosts.*a.*: expected an IP address, a name/],
    [{ a: '127.0.0.0/8' }, /expected an IP address/],
    [{ a: '#99' }, /expected an IP address/],
    [{ a: [] }, /expected an IP address/],
    [{ a: ['127.0.0.1', 5] }, /expected an IP address/],
    [{ 'regexp:(': '127.0.0.1' }, /the pattern is not understood/],
    [{ 'geosite:': '127.0.0.1' }, /the pattern is not understood/],
    [['a'], /expected an object/],
  ] as const) {
    assert.match(dnsOf({ hosts }).errors.join('\n'), message, JSON.stringify(hosts));
  }
});

test('pools of fake addresses stand in three places and three forms', () => {
  const pools = (fakedns: unknown) => {
    const { errors, settings } = dnsOf({}, fakedns);
    assert.deepEqual(errors, []);
    return settings!.fakePools.map(({ base, bits, size }) => `${base.host}/${bits} ${size}`);
  };
  assert.deepEqual(pools({ ipPool: '198.18.0.0/15', poolSize: 100 }), ['198.18.0.0/15 100']);
  assert.deepEqual(pools([{ ipPool: '198.18.0.0/24' }, { ipPool: 'fc00::/18', poolSize: 5 }]), [
    '198.18.0.0/24 255',
    'fc00::/18 5',
  ]);
  assert.deepEqual(pools(['198.18.0.0/15', 'fc00::/18']), ['198.18.0.0/15 65535', 'fc00::/18 65535']);
  const inside = dnsOf({ fakedns: ['198.18.0.0/24'], servers: [{ address: '127.0.0.1', fakedns: true }] })
    .settings!;
  assert.deepEqual(
    inside.servers.map(({ at }) => at.kind),
    ['fake', 'udp'],
  );
  assert.equal(inside.fakePools.length, 1);
});

test('without pools, V2Ray’s are there for a server "fakedns", of the families that are asked for', () => {
  assert.deepEqual(
    dnsOf({ servers: ['fakedns'] }).settings!.fakePools.map(({ base }) => base.host),
    ['198.18.0.0', 'fc00::'],
  );
  assert.deepEqual(
    dnsOf({ servers: ['fakedns'], queryStrategy: 'UseIPv4' }).settings!.fakePools.map(
      ({ base }) => base.host,
    ),
    ['198.18.0.0'],
  );
  assert.deepEqual(dnsOf({ servers: ['127.0.0.1'] }).settings!.fakePools, []);
});

test('a pool that cannot be', () => {
  for (const [pool, message] of [
    [{ ipPool: '198.18.0.0/30', poolSize: 4 }, /fewer than the 4 addresses/],
    [{ ipPool: '198.18.0.0' }, /expected an IP range/],
    [{ ipPool: '198.18.0.0/32' }, /expected an IP range/],
    ['x/8', /expected an IP range/],
    [{ poolSize: 5 }, /ipPool|IP range/],
  ] as const) {
    assert.match(dnsOf({}, pool).errors.join('\n'), message, JSON.stringify(pool));
  }
});

test('what would decide the answers and is not there is an error', () => {
  for (const dns of [
    { useSystemHosts: true },
    { queryStrategy: 'UseSystem' },
    { servers: [{ address: '127.0.0.1', finalQuery: true }] },
    { servers: [{ address: '127.0.0.1', unexpectedIPs: ['127.0.0.1'] }] },
  ]) {
    assert.equal(dnsOf(dns).errors.length, 1, JSON.stringify(dns));
  }
  assert.deepEqual(dnsOf({ useSystemHosts: false, enableParallelQuery: true, serveStale: true }).errors, []);
});
