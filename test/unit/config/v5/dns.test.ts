import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { formatProblem } from '../../../../src/config/problem.js';

const around = {
  inbounds: [{ protocol: 'socks', port: 1080 }],
  outbounds: [{ protocol: 'freedom' }],
};

function parsed(config: object) {
  const { errors, settings, warnings } = parseConfig(JSON.stringify({ ...around, ...config }));
  return { settings, lines: [...errors, ...warnings].map(formatProblem) };
}

test('dns means the same in both formats', () => {
  const newer = parsed({
    router: {},
    services: { fakeDns: { pools: [{ ipPool: '198.18.0.0/15', lruSize: 100 }] } },
    dns: {
      nameServer: [
        {
          address: { address: '127.0.0.1', port: 5353 },
          prioritizedDomain: [
            { type: 'Subdomain', domain: 'a.test' },
            { domain: 'b.test' },
            { type: 'Keyword', domain: 'k' },
            { type: 3, domain: '^r' },
          ],
          geoip: [{ cidr: [{ ipAddr: '127.0.0.0', prefix: 8 }] }],
          skipFallback: true,
          tag: 'one',
          queryStrategy: 'USE_IP4',
        },
        { address: { address: 'https://dns.test/dns-query' } },
        { address: { address: 'localhost' } },
        { address: { address: 'fakedns' } },
      ],
      staticHosts: [
        { type: 'Full', domain: 'h.test', ip: ['127.0.0.5', '::1'] },
        { type: 'Subdomain', domain: 'p.test', proxiedDomain: 'q.test' },
      ],
      clientIp: '127.1.1.1',
      tag: 'dns',
      disableFallbackIfMatch: true,
      cacheStrategy: 'CacheDisabled',
    },
  });
  const older = parsed({
    fakeDns: [{ ipPool: '198.18.0.0/15', poolSize: 100 }],
    dns: {
      servers: [
        {
          address: '127.0.0.1',
          port: 5353,
          domains: ['domain:a.test', 'full:b.test', 'keyword:k', 'regexp:^r'],
          expectIPs: ['127.0.0.0/8'],
          skipFallback: true,
          tag: 'one',
          queryStrategy: 'UseIPv4',
        },
        'https://dns.test/dns-query',
        'localhost',
        'fakedns',
      ],
      hosts: { 'full:h.test': ['127.0.0.5', '::1'], 'domain:p.test': 'q.test' },
      clientIp: '127.1.1.1',
      tag: 'dns',
      disableFallbackIfMatch: true,
      disableCache: true,
    },
  });
  assert.deepEqual(newer.lines, []);
  assert.deepEqual(older.lines, []);
  assert.deepEqual(newer.settings!.dns, older.settings!.dns);
});

test('keys of the other format, and what cannot be, are errors', () => {
  for (const [dns, message] of [
    [{ servers: ['127.0.0.1'] }, /Write "nameServer"/],
    [{ hosts: { a: '127.0.0.1' } }, /Write "staticHosts"/],
    [{ nameServer: [{ address: { address: '127.0.0.1', network: 'TCP' } }] }, /by UDP here only/],
    [{ nameServer: [{ address: { address: 'gopher://x' } }] }, /expected an IP address, a host name/],
    [{ queryStrategy: 'USE_NONE' }, /expected USE_IP|expected "USE_IP"/],
    [{ staticHosts: [{ domain: 'a.test', ip: ['x y'] }] }, /expected an IP address, a name/],
    [{ fakeDns: {} }, /expected "pools"/],
  ] as const) {
    const { lines, settings } = parsed({ router: {}, dns });
    assert.match(lines.join('\n'), message, JSON.stringify(dns));
    assert.equal(settings, undefined);
  }
});

test('the dns outbound has its server in an object', () => {
  const { lines, settings } = parsed({
    router: {},
    outbounds: [
      {
        protocol: 'dns',
        settings: { server: { network: 'tcp', address: '127.0.0.1', port: 53 }, responseTtl: 5 },
      },
    ],
  });
  assert.deepEqual(lines, []);
  const [outbound] = settings!.outbounds;
  assert.ok(outbound?.protocol === 'dns');
  assert.deepEqual(
    [outbound.settings.network, outbound.settings.address?.host, outbound.settings.port],
    ['tcp', '127.0.0.1', 53],
  );
});
