import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { defaultLevelPolicy } from '../../../src/contract/policy.js';
import { plainTcp } from '../../../src/transport/stack/stream-settings.js';
import { inboundOf, outboundOf, settingsOf, userId, userIdBytes } from '../../helper/config.js';

const minimal = { inbounds: [{ protocol: 'socks', port: 1080 }], outbounds: [{ protocol: 'freedom' }] };

/** `settings` of an inbound or outbound of that protocol. */
const inboundSettings = (protocol: string, settings?: unknown) =>
  inboundOf({ protocol, port: 1080, settings }).settings;
const outboundSettings = (protocol: string, settings?: unknown) =>
  outboundOf({ protocol, settings }).settings;

test('log: absent, empty, and every key', () => {
  const log = (value?: unknown) => settingsOf({ ...minimal, log: value }).log;
  assert.deepEqual(log(), { access: 'none', error: 'stdout', level: 'warning' });
  assert.deepEqual(log(null), { access: 'none', error: 'stdout', level: 'warning' });
  assert.deepEqual(log({}), { access: 'stdout', error: 'stdout', level: 'warning' });
  assert.deepEqual(log({ access: '/a', error: 'none', loglevel: 'Debug' }), {
    access: '/a',
    error: 'none',
    level: 'debug',
  });
  assert.deepEqual(log({ access: 'none', error: '', loglevel: '' }), {
    access: 'none',
    error: 'stdout',
    level: 'warning',
  });
  for (const level of ['debug', 'info', 'warning', 'error'])
    assert.equal(log({ loglevel: level }).level, level);
});

test('log: loglevel none turns the access log off too', () => {
  const { log } = settingsOf({ ...minimal, log: { access: '/a', error: '/b', loglevel: 'none' } });
  assert.deepEqual(log, { access: 'none', error: '/b', level: 'none' });
});

test('log: a file that is called stdout stays a file', () => {
  assert.equal(settingsOf({ ...minimal, log: { access: 'stdout' } }).log.access, './stdout');
});

test('policy: every key of a level, and V2Ray defaults for absent ones', () => {
  const { policy } = settingsOf({
    ...minimal,
    policy: {
      levels: {
        0: {},
        1: {
          handshake: 4,
          connIdle: 120,
          uplinkOnly: 2,
          downlinkOnly: 5,
          bufferSize: 10,
          statsUserUplink: true,
          statsUserDownlink: true,
        },
        255: { handshake: 0, bufferSize: 0 },
        3: { bufferSize: -1 },
      },
      system: {
        statsInboundUplink: true,
        statsInboundDownlink: true,
        statsOutboundUplink: true,
        statsOutboundDownlink: true,
      },
    },
  });
  assert.deepEqual(policy.get(0), defaultLevelPolicy);
  assert.deepEqual(policy.get(1), {
    handshakeMs: 4000,
    connIdleMs: 120_000,
    uplinkOnlyMs: 2000,
    downlinkOnlyMs: 5000,
    bufferBytes: 10 * 1024,
  });
  assert.equal(policy.get(255)?.handshakeMs, 0);
  assert.equal(policy.get(255)?.bufferBytes, 0);
  assert.equal(policy.get(3)?.bufferBytes, Number.POSITIVE_INFINITY);
  assert.equal(policy.get(2), undefined);
});

test('policy: a timeout longer than a timer can run is cut, with a warning', () => {
  const config = { ...minimal, policy: { levels: { 0: { connIdle: 4294967295 } } } };
  const { settings, warnings } = parseConfig(JSON.stringify(config));
  assert.equal(settings?.policy.get(0)?.connIdleMs, 2_147_483_000);
  assert.deepEqual(
    warnings.map((warning) => [warning.code, warning.path]),
    [['ERR_CONFIG_VALUE', 'policy.levels.0.connIdle']],
  );
});

test('inbound: defaults', () => {
  assert.deepEqual(inboundOf({ protocol: 'http', port: 8080 }), {
    protocol: 'http',
    settings: { accounts: [], allowTransparent: false, userLevel: 0 },
    tag: '',
    listen: '0.0.0.0',
    ports: [8080],
    allocation: { strategy: 'always' },
    stream: plainTcp,
  });
});

test('inbound: every form of port', () => {
  const environment = { ONE: '2000', SOME: '3000-3002' };
  const ports = (port: unknown) => inboundOf({ protocol: 'http', port }, { environment }).ports;
  assert.deepEqual(ports(1080), [1080]);
  assert.deepEqual(ports(0), [0]);
  assert.deepEqual(ports('1080'), [1080]);
  assert.deepEqual(ports('1000-1005'), [1000, 1001, 1002, 1003, 1004, 1005]);
  assert.deepEqual(ports('env:ONE'), [2000]);
  assert.deepEqual(ports('env:SOME'), [3000, 3001, 3002]);
  assert.equal(ports('1-65535').length, 65535);
});

test('inbound: every form of listen', () => {
  const listen = (value: unknown) => inboundOf({ protocol: 'http', port: 1, listen: value }).listen;
  assert.equal(listen('127.0.0.1'), '127.0.0.1');
  assert.equal(listen(' 0.0.0.0 '), '0.0.0.0');
  assert.equal(listen('::'), '::');
  assert.equal(listen('[::1]'), '::1');
  assert.equal(listen('localhost'), '127.0.0.1');
  assert.equal(listen(null), '0.0.0.0');
});

test('inbound: allocate', () => {
  const allocation = (allocate: unknown) =>
    inboundOf({ protocol: 'http', port: '1000-1009', allocate }).allocation;
  assert.deepEqual(allocation({}), { strategy: 'always' });
  assert.deepEqual(allocation({ strategy: 'always', concurrency: 99 }), { strategy: 'always' });
  assert.deepEqual(allocation({ strategy: 'Random' }), {
    strategy: 'random',
    concurrency: 3,
    refreshMinutes: 5,
  });
  assert.deepEqual(allocation({ strategy: 'random', concurrency: 9, refresh: 2 }), {
    strategy: 'random',
    concurrency: 9,
    refreshMinutes: 2,
  });
});

test('inbound: harmless forms of what is not supported pass', () => {
  const inbound = inboundOf({
    protocol: 'socks',
    port: 1080,
    tag: 'in',
    sniffing: { enabled: false, destOverride: ['http', 'tls'], metadataOnly: false },
    streamSettings: {
      network: 'TCP',
      security: 'none',
      tcpSettings: { header: { type: 'none' }, acceptProxyProtocol: false },
      sockopt: { mark: 0, tcpFastOpen: false, tproxy: 'off' },
      wsSettings: {},
    },
  });
  assert.equal(inbound.tag, 'in');
  assert.deepEqual(inbound.stream, plainTcp);
});

test('socks inbound: defaults and every key', () => {
  assert.deepEqual(inboundSettings('socks'), {
    auth: 'noauth',
    accounts: [],
    udp: false,
    ip: { kind: 'ipv4', host: '127.0.0.1' },
    userLevel: 0,
    mixed: true,
  });
  const all = {
    auth: 'password',
    accounts: [{ user: 'a', pass: 'b' }, {}],
    udp: true,
    ip: '[2001:DB8::1]',
    userLevel: 3,
    packetEncoding: 'None',
    mixed: false,
  };
  assert.deepEqual(inboundSettings('SOCKS', all), {
    auth: 'password',
    accounts: [
      { user: 'a', pass: 'b' },
      { user: '', pass: '' },
    ],
    udp: true,
    ip: { kind: 'ipv6', host: '2001:db8::1' },
    userLevel: 3,
    mixed: false,
  });
});

test('http inbound: every key', () => {
  const all = { accounts: [{ user: 'a', pass: 'b' }], allowTransparent: true, userLevel: 1 };
  assert.deepEqual(inboundSettings('http', all), all);
});

test('the deprecated timeout replaces connIdle, but only at level 0 and above 0', () => {
  const timeout = (settings: object) => {
    const inbound = { protocol: 'http', port: 1, settings };
    const parsed = parseConfig(JSON.stringify({ ...minimal, inbounds: [inbound] })).settings?.inbounds[0];
    return parsed?.protocol === 'http' ? parsed.settings.timeoutMs : 'missing';
  };
  assert.equal(timeout({ timeout: 30 }), 30_000);
  assert.equal(timeout({ timeout: 0 }), undefined);
  assert.equal(timeout({ timeout: 30, userLevel: 1 }), undefined);
  assert.equal(timeout({ timeout: 4294967295 }), 2_147_483_000);
});

test('of two accounts of one name the last counts, as in V2Ray', () => {
  const accounts = [
    { user: 'a', pass: '1' },
    { user: 'b', pass: '2' },
    { user: 'a', pass: '3' },
  ];
  for (const settings of [{ auth: 'password', accounts }, { accounts }]) {
    const protocol = 'auth' in settings ? 'socks' : 'http';
    const text = JSON.stringify({ ...minimal, inbounds: [{ protocol, port: 1, settings }] });
    const inbound = parseConfig(text).settings?.inbounds[0];
    assert.ok(inbound?.protocol === 'socks' || inbound?.protocol === 'http');
    assert.deepEqual(inbound.settings.accounts, [
      { user: 'a', pass: '3' },
      { user: 'b', pass: '2' },
    ]);
  }
});

test('dokodemo-door inbound: defaults and every key', () => {
  assert.deepEqual(inboundSettings('dokodemo-door', { address: 'example.com', port: 53 }), {
    address: { kind: 'domain', host: 'example.com' },
    port: 53,
    networks: ['tcp'],
    userLevel: 0,
  });
  const networks = (network: unknown) =>
    inboundSettings('Dokodemo-Door', {
      address: '192.0.2.1',
      port: 53,
      network,
      followRedirect: false,
      userLevel: 2,
    });
  const expected = { address: { kind: 'ipv4', host: '192.0.2.1' }, port: 53, userLevel: 2 };
  assert.deepEqual(networks('udp'), { ...expected, networks: ['udp'] });
  assert.deepEqual(networks('TCP, udp'), { ...expected, networks: ['tcp', 'udp'] });
  assert.deepEqual(networks(['udp', 'tcp', 'UDP']), { ...expected, networks: ['udp', 'tcp'] });
});

test('dokodemo-door inbound: no port passes, with a warning', () => {
  const inbound = { protocol: 'dokodemo-door', port: 1, settings: { address: '127.0.0.1' } };
  const config = { ...minimal, inbounds: [inbound] };
  settingsOf(config, {}, [
    'config.json:1:62  warning  ERR_CONFIG_VALUE  inbounds[0].settings.port: expected a port from 1 to 65535, found 0: connections will fail. Hint: It is the port to connect to.',
  ]);
});

test('vmess inbound: defaults and every key', () => {
  assert.deepEqual(inboundSettings('vmess', { clients: [{ id: userId }] }), {
    clients: [{ id: userIdBytes, alterId: 0, email: '', level: 0 }],
    defaultUser: { alterId: 0, level: 0 },
    disableInsecureEncryption: false,
  });
  const inbounds = [
    {
      protocol: 'vmess',
      port: 1,
      settings: {
        clients: [
          { id: userId },
          { id: 'example', alterId: 64, level: 1, email: 'a@example', security: 'Auto' },
          { id: userId.replaceAll('-', '').toUpperCase().replace(/^B/, 'A') },
        ],
        default: { alterId: 32, level: 2 },
        detour: { to: 'dynamic' },
        disableInsecureEncryption: true,
      },
    },
    { protocol: 'vmess', port: '2000-2009', tag: 'dynamic', allocate: { strategy: 'random' } },
  ];
  const [first] = settingsOf({ ...minimal, inbounds }).inbounds;
  assert.ok(first?.protocol === 'vmess');
  assert.deepEqual(first.settings, {
    clients: [
      { id: userIdBytes, alterId: 0, email: '', level: 0 },
      {
        id: Uint8Array.from(Buffer.from('feb54431301b52bba6dde1e93e81bb9e', 'hex')),
        alterId: 64,
        email: 'a@example',
        level: 1,
      },
      {
        id: Uint8Array.from([0xa8, ...userIdBytes.subarray(1)]),
        alterId: 0,
        email: '',
        level: 0,
      },
    ],
    defaultUser: { alterId: 32, level: 2 },
    detourTo: 'dynamic',
    disableInsecureEncryption: true,
  });
});

test('vmess inbound: an empty detour is none', () => {
  for (const detour of [{}, { to: '' }, null]) {
    const inbound = inboundOf({
      protocol: 'vmess',
      port: 1,
      settings: { clients: [{ id: userId }], detour },
    });
    assert.ok(inbound.protocol === 'vmess');
    assert.equal(inbound.settings.detourTo, undefined);
  }
});

test('vmess inbound: text behind a UUID is ignored as in V2Ray, with a warning', () => {
  const inbound = { protocol: 'vmess', port: 1, settings: { clients: [{ id: `${userId} (mine)` }] } };
  const { settings, warnings } = parseConfig(JSON.stringify({ ...minimal, inbounds: [inbound] }));
  const [first] = settings?.inbounds ?? [];
  assert.ok(first?.protocol === 'vmess');
  assert.deepEqual(first.settings.clients[0]?.id, userIdBytes);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['what follows the UUID is ignored, as V2Ray does; found 43 characters'],
  );
});

test('vmess inbound: features.detour is read, and wins as in V2Ray', () => {
  const inbounds = [
    {
      protocol: 'vmess',
      port: 1,
      settings: { detour: { to: 'a' }, features: { detour: { to: 'b' } } },
    },
    { protocol: 'vmess', port: 2, tag: 'a' },
    { protocol: 'vmess', port: 3, tag: 'b' },
  ];
  const [first] = parseConfig(JSON.stringify({ ...minimal, inbounds })).settings?.inbounds ?? [];
  assert.equal(first?.protocol === 'vmess' ? first.settings.detourTo : undefined, 'b');
});

test('outbound: defaults and the common keys', () => {
  assert.deepEqual(outboundOf({ protocol: 'freedom' }), {
    protocol: 'freedom',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false },
    tag: '',
    stream: plainTcp,
  });
  const outbounds = [
    {
      protocol: 'freedom',
      tag: 'a',
      sendThrough: '192.0.2.1',
      proxySettings: { tag: 'b', transportLayer: true },
      mux: { enabled: false, concurrency: 8 },
      domainStrategy: 'asis',
      streamSettings: {},
    },
    { protocol: 'blackhole', tag: 'b', mux: { enabled: true, concurrency: -1 }, sendThrough: '0.0.0.0' },
  ];
  const parsed = settingsOf({ ...minimal, outbounds }).outbounds;
  assert.deepEqual(parsed[0]?.sendThrough, { kind: 'ipv4', host: '192.0.2.1' });
  assert.equal(parsed[0]?.proxyTag, 'b');
  assert.equal(parsed[1]?.sendThrough, undefined);
});

test('freedom outbound: every key', () => {
  const freedom = (settings: unknown) => outboundSettings('freedom', settings);
  const base = { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false };
  assert.deepEqual(freedom({ userLevel: 9, blockPrivate: true }), {
    ...base,
    userLevel: 9,
    blockPrivate: true,
  });
  const strategies: Record<string, readonly string[]> = {
    AsIs: ['AsIs', 'asis', ''],
    UseIP: ['UseIP', 'useip', 'use_ip'],
    UseIPv4: ['UseIPv4', 'useip4', 'use_ip4', 'use_ipv4', 'Use_IP_v4'],
    UseIPv6: ['UseIPv6', 'useip6', 'use_ip6', 'use_ipv6', 'use_ip_v6'],
  };
  for (const [strategy, spellings] of Object.entries(strategies)) {
    for (const domainStrategy of spellings) {
      assert.deepEqual(freedom({ domainStrategy }), { ...base, domainStrategy: strategy });
    }
  }
  const redirects: [string, object | undefined][] = [
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['example.com:0', { host: 'example.com' }],
    [':443', { port: 443 }],
    ['[2001:DB8::1]:53', { host: '2001:db8::1', port: 53 }],
    [':0', undefined],
    ['', undefined],
  ];
  for (const [redirect, expected] of redirects) {
    assert.deepEqual(freedom({ redirect }), expected === undefined ? base : { ...base, redirect: expected });
  }
});

test('blackhole outbound', () => {
  assert.deepEqual(outboundSettings('blackhole'), { response: 'none' });
  assert.deepEqual(outboundSettings('blackhole', { response: {} }), { response: 'none' });
  assert.deepEqual(outboundSettings('blackhole', { response: { type: 'none' } }), { response: 'none' });
  assert.deepEqual(outboundSettings('blackhole', { response: { type: 'HTTP' } }), { response: 'http' });
});

test('socks and http outbounds', () => {
  const servers = [
    { address: ' proxy.example ', port: 1080 },
    { address: '192.0.2.1', port: 1, users: [{ user: 'a', pass: 'b' }] },
    { address: '::1', port: 65535, users: [{ user: 'a', pass: 'b', level: 1, email: 'c' }, {}] },
  ];
  const expected = [
    { address: { kind: 'domain', host: 'proxy.example' }, port: 1080, users: [] },
    {
      address: { kind: 'ipv4', host: '192.0.2.1' },
      port: 1,
      users: [{ user: 'a', pass: 'b', level: 0, email: '' }],
    },
    {
      address: { kind: 'ipv6', host: '::1' },
      port: 65535,
      users: [
        { user: 'a', pass: 'b', level: 1, email: 'c' },
        { user: '', pass: '', level: 0, email: '' },
      ],
    },
  ];
  assert.deepEqual(outboundSettings('socks', { servers }), { servers: expected });
  assert.deepEqual(outboundSettings('http', { servers }), { servers: expected });
  const versioned = [{ ...servers[0], version: '5' }];
  assert.deepEqual(outboundSettings('socks', { servers: versioned }), { servers: [expected[0]] });
});

test('vmess outbound: defaults and every key', () => {
  const vnext = [
    { address: 'a.example', port: 443, users: [{ id: userId }] },
    {
      address: '192.0.2.1',
      port: 1,
      users: [
        {
          id: userId,
          alterId: 4,
          security: 'ChaCha20-Poly1305',
          level: 1,
          email: 'e',
          experiments: 'AuthenticatedLength|NoTerminationSignal',
        },
      ],
    },
  ];
  assert.deepEqual(outboundSettings('vmess', { vnext }), {
    servers: [
      {
        address: { kind: 'domain', host: 'a.example' },
        port: 443,
        users: [
          {
            id: userIdBytes,
            alterId: 0,
            email: '',
            level: 0,
            security: 'auto',
            authenticatedLength: false,
            terminationSignal: true,
          },
        ],
      },
      {
        address: { kind: 'ipv4', host: '192.0.2.1' },
        port: 1,
        users: [
          {
            id: userIdBytes,
            alterId: 4,
            email: 'e',
            level: 1,
            security: 'chacha20-poly1305',
            authenticatedLength: true,
            terminationSignal: false,
          },
        ],
      },
    ],
  });
});

test('vmess outbound: every security in any case', () => {
  const words = ['auto', 'aes-128-gcm', 'chacha20-poly1305', 'none', 'zero', 'aes-128-cfb'];
  for (const word of words) {
    const vnext = [{ address: 'a.example', port: 1, users: [{ id: userId, security: word.toUpperCase() }] }];
    const outbound = outboundOf({ protocol: 'vmess', settings: { vnext } });
    assert.ok(outbound.protocol === 'vmess');
    assert.equal(outbound.settings.servers[0]?.users[0]?.security, word);
  }
});

test('deprecated lists come first, in V2Ray’s order, and the top-level port fills in', () => {
  const config = {
    port: 1001,
    inbound: { protocol: 'socks', tag: 'a' },
    inboundDetour: [{ protocol: 'http', port: 1002, tag: 'b' }],
    inbounds: [{ protocol: 'http', port: 1003, tag: 'c' }],
    outbound: { protocol: 'freedom', tag: 'd' },
    outboundDetour: [{ protocol: 'blackhole', tag: 'e' }],
    outbounds: [{ protocol: 'freedom', tag: 'f' }],
  };
  const { settings, errors, warnings } = parseConfig(JSON.stringify(config));
  assert.deepEqual(errors, []);
  assert.deepEqual(
    warnings.map((warning) => [warning.code, warning.path]),
    ['port', 'inbound', 'inboundDetour', 'outbound', 'outboundDetour'].map((key) => [
      'ERR_CONFIG_DEPRECATED',
      key,
    ]),
  );
  assert.deepEqual(
    settings?.inbounds.map(({ tag, ports }) => [tag, ...ports]),
    [
      ['a', 1001],
      ['b', 1002],
      ['c', 1003],
    ],
  );
  assert.deepEqual(
    settings?.outbounds.map(({ tag }) => tag),
    ['d', 'e', 'f'],
  );
});

test('harmless forms of missing sections pass without a word', () => {
  settingsOf({
    ...minimal,
    $schema: 'https://example.com/schema.json',
    _note: 'mine',
    routing: { domainStrategy: 'AsIs', rules: [] },
    dns: { servers: ['localhost'] },
    stats: {},
    api: {},
    reverse: { bridges: [], portals: [] },
    transport: { tcpSettings: {}, quicSettings: {} },
    fakeDns: null,
    observatory: {},
  });
});

test('ignoreUnsupported leaves sections and inbounds out and lets outbounds refuse', () => {
  const config = {
    dns: { servers: ['127.0.0.1'] },
    inbounds: [
      { protocol: 'socks', port: 1 },
      { protocol: 'shadowsocks', port: 2 },
      { protocol: 'vmess', port: 3, streamSettings: { network: 'xhttp' } },
    ],
    outbounds: [
      { protocol: 'trojan', tag: 'first' },
      { protocol: 'freedom', tag: 'second', domainStrategy: 'UseIP' },
      {
        protocol: 'freedom',
        tag: 'third',
        streamSettings: { security: 'reality' },
        proxySettings: { tag: 'first' },
      },
    ],
  };
  const { settings, errors, warnings } = parseConfig(JSON.stringify(config), { ignoreUnsupported: true });
  assert.deepEqual(errors.map(formatProblem), []);
  assert.deepEqual(
    settings?.inbounds.map(({ ports }) => ports),
    [[1]],
  );
  assert.deepEqual(
    settings?.outbounds.map(({ protocol, tag }) => [protocol, tag]),
    [
      ['blackhole', 'first'],
      ['freedom', 'second'],
      ['blackhole', 'third'],
    ],
  );
  assert.deepEqual(
    warnings.map(({ path, message }) => `${path}: ${message}`),
    [
      'inbounds[1].protocol: the inbound protocol "shadowsocks" is not supported by tsray; this inbound is left out',
      'inbounds[2].streamSettings.network: the transport "xhttp" is not supported by tsray; this inbound is left out',
      'outbounds[0].protocol: the outbound protocol "trojan" is not supported by tsray; this outbound refuses everything',
      'outbounds[2].streamSettings.security: the security "reality" cannot be had with Node.js: its TLS lets nobody shape the handshake; this outbound refuses everything',
    ],
  );
});
