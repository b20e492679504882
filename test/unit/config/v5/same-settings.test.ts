import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { formatProblem } from '../../../../src/config/problem.js';
import type { Settings } from '../../../../src/config/settings.js';
import { userId as id } from '../../../helper/config.js';

// What is written in V2Ray's newer format and in its older one gives the same settings.

type Json = Readonly<Record<string, unknown>>;
type Pair = readonly [name: string, v5: Json, v4: Json];

function settingsOf(config: Json, format?: 'jsonv5'): Settings {
  const parsed = parseConfig(JSON.stringify(config, null, 1), { format });
  assert.deepEqual(parsed.errors.map(formatProblem), []);
  assert.deepEqual(parsed.warnings.map(formatProblem), []);
  assert.ok(parsed.settings);
  return parsed.settings;
}

const freedom = { protocol: 'freedom' };
const socks = { protocol: 'socks', port: 1080 };
const base = { inbounds: [socks], outbounds: [freedom] };

const vmess5 = { address: 'a.example', port: 443, uuid: id };
const vmess4 = { vnext: [{ address: 'a.example', port: 443, users: [{ id }] }] };

const server = (streamSettings: Json): Json => ({
  inbounds: [{ protocol: 'http', port: 80, streamSettings }],
  outbounds: [freedom],
});
const client = (streamSettings: Json): Json => ({
  inbounds: [socks],
  outbounds: [{ protocol: 'http', settings: { address: 'a.example', port: 80 }, streamSettings }],
});
const client4 = (streamSettings: Json): Json => ({
  inbounds: [socks],
  outbounds: [
    { protocol: 'http', settings: { servers: [{ address: 'a.example', port: 80 }] }, streamSettings },
  ],
});
const inbound = (entry: Json): Json => ({ inbounds: [{ port: 1080, ...entry }], outbounds: [freedom] });
const outbound = (entry: Json): Json => ({ inbounds: [socks], outbounds: [entry] });
const policy5 = (level: Json): Json => ({ ...base, services: { policy: { level: { 3: level } } } });
const policy4 = (level: Json): Json => ({ ...base, policy: { levels: { 3: level } } });

const pem = '-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const pin = Buffer.alloc(32, 7).toString('base64');
const headers = (type: string, rest: Json = {}): Json => ({
  '@type': `types.v2fly.org/v2ray.core.transport.internet.headers.${type}`,
  ...rest,
});

const logs: readonly Pair[] = [
  ['nothing', { ...base, services: {} }, base],
  [
    'a log to the terminal',
    { ...base, log: { error: { type: 'Console', level: 'Info' }, access: { type: 'Console' } } },
    { ...base, log: { access: '', error: '', loglevel: 'info' } },
  ],
  [
    'logs to files',
    {
      ...base,
      log: {
        error: { type: 'File', path: '/tmp/e.log', level: 'Debug' },
        access: { type: 'File', path: '/tmp/a.log', level: 'Debug' },
      },
    },
    { ...base, log: { access: '/tmp/a.log', error: '/tmp/e.log', loglevel: 'debug' } },
  ],
  [
    'no log at all',
    { ...base, log: { error: { type: 'None' }, access: { type: 'None' } } },
    { ...base, log: { access: 'none', error: 'none' } },
  ],
  [
    'an error log of level None, which leaves the access log alone',
    { ...base, log: { error: { type: 'Console', level: 'None' }, access: { type: 'Console' } } },
    { ...base, log: { access: '', error: 'none' } },
  ],
  [
    'an error log without level',
    { ...base, log: { error: { type: 'Console' } } },
    { ...base, log: { access: 'none', loglevel: 'warning' } },
  ],
  [
    'enums as numbers and in another case',
    { ...base, log: { error: { type: 1, level: 4 }, access: { type: 'none' } } },
    { ...base, log: { access: 'none', loglevel: 'debug' } },
  ],
  [
    'an access log alone',
    { ...base, log: { access: { type: 'Console' } } },
    { ...base, log: { access: '' } },
  ],
];

const inbounds: readonly Pair[] = [
  [
    'a vmess inbound',
    inbound({ protocol: 'vmess', tag: 'in', listen: '127.0.0.1', settings: { users: [id] } }),
    inbound({ protocol: 'vmess', tag: 'in', listen: '127.0.0.1', settings: { clients: [{ id }] } }),
  ],
  [
    'a socks inbound',
    inbound({ protocol: 'socks', settings: { udpEnabled: true, address: '10.0.0.1', deferLastReply: true } }),
    inbound({ protocol: 'socks', settings: { udp: true, ip: '10.0.0.1' } }),
  ],
  [
    'a socks inbound in snake_case',
    inbound({ protocol: 'socks', settings: { udp_enabled: true, packet_encoding: 'None' } }),
    inbound({ protocol: 'socks', settings: { udp: true } }),
  ],
  [
    'a socks inbound that packs packets with their addresses',
    inbound({ protocol: 'socks', settings: { udpEnabled: true, packetEncoding: 'Packet' } }),
    inbound({ protocol: 'socks', settings: { udp: true, packetEncoding: 'Packet' } }),
  ],
  [
    'a socks inbound that packs packets as a stream, by number',
    inbound({ protocol: 'socks', settings: { udpEnabled: true, packet_encoding: 2 } }),
    inbound({ protocol: 'socks', settings: { udp: true, packetEncoding: 'Stream' } }),
  ],
  [
    'an http inbound with a range of ports and sniffing off',
    inbound({ protocol: 'http', port: '1000-1002', settings: {}, sniffing: { enabled: false } }),
    inbound({ protocol: 'http', port: '1000-1002' }),
  ],
  [
    'a dokodemo-door inbound with a list of networks',
    inbound({
      protocol: 'dokodemo-door',
      settings: { address: 'a.example', port: '53', networks: ['tcp', 'udp'] },
    }),
    inbound({
      protocol: 'dokodemo-door',
      settings: { address: 'a.example', port: 53, network: 'tcp,udp' },
    }),
  ],
  [
    'a dokodemo-door inbound with networks in one string',
    inbound({ protocol: 'dokodemo-door', settings: { address: '1.1.1.1', port: 53, networks: 'udp' } }),
    inbound({ protocol: 'dokodemo-door', settings: { address: '1.1.1.1', port: 53, network: 'udp' } }),
  ],
];

const outbounds: readonly Pair[] = [
  [
    'a vmess outbound',
    outbound({ protocol: 'vmess', tag: 'out', settings: vmess5 }),
    outbound({ protocol: 'vmess', tag: 'out', settings: vmess4 }),
  ],
  [
    'a port as a string',
    outbound({ protocol: 'vmess', settings: { ...vmess5, port: '443' } }),
    outbound({ protocol: 'vmess', settings: vmess4 }),
  ],
  [
    'a socks outbound',
    outbound({ protocol: 'socks', settings: { address: '::1', port: 1080 } }),
    outbound({ protocol: 'socks', settings: { servers: [{ address: '::1', port: 1080 }] } }),
  ],
  [
    'an http outbound',
    outbound({ protocol: 'http', settings: { address: 'a', port: 1, h1SkipWaitForReply: true } }),
    outbound({ protocol: 'http', settings: { servers: [{ address: 'a', port: 1 }] } }),
  ],
  [
    'freedom to another host',
    outbound({
      protocol: 'freedom',
      settings: {
        destinationOverride: { server: { address: '::1', port: 53 } },
        protocolReplacement: 'IDENTITY',
      },
    }),
    outbound({ protocol: 'freedom', settings: { redirect: '[::1]:53' } }),
  ],
  [
    'freedom to another port',
    outbound({ protocol: 'freedom', settings: { destination_override: { server: { port: '53' } } } }),
    outbound({ protocol: 'freedom', settings: { redirect: ':53' } }),
  ],
  [
    "tsray's own keys",
    {
      inbounds: [{ ...socks, settings: { mixed: false, udpEnabled: false } }],
      outbounds: [
        { protocol: 'socks', settings: { address: 'a', port: 1 }, predial: 2 },
        { protocol: 'freedom', settings: { blockPrivate: true } },
      ],
    },
    {
      inbounds: [{ ...socks, settings: { mixed: false } }],
      outbounds: [
        { protocol: 'socks', settings: { servers: [{ address: 'a', port: 1 }] }, predial: 2 },
        { protocol: 'freedom', settings: { blockPrivate: true } },
      ],
    },
  ],
  ['a blackhole', outbound({ protocol: 'blackhole', settings: {} }), outbound({ protocol: 'blackhole' })],
  [
    'mux, sendThrough, a chain and domainStrategy',
    {
      inbounds: [socks],
      outbounds: [
        {
          protocol: 'vmess',
          settings: vmess5,
          mux: { enabled: true, concurrency: 4 },
          sendThrough: '127.0.0.1',
          proxySettings: { tag: 'b', transportLayer: true },
          domainStrategy: 'AsIs',
        },
        { protocol: 'freedom', tag: 'b' },
      ],
    },
    {
      inbounds: [socks],
      outbounds: [
        {
          protocol: 'vmess',
          settings: vmess4,
          mux: { enabled: true, concurrency: 4 },
          sendThrough: '127.0.0.1',
          proxySettings: { tag: 'b', transportLayer: true },
        },
        { protocol: 'freedom', tag: 'b' },
      ],
    },
  ],
];

const transports: readonly Pair[] = [
  ['no transport', client({ security: 'none' }), client4({ security: 'none' })],
  ['an empty transport', client({ transport: '', transportSettings: {} }), client4({ network: 'tcp' })],
  [
    'tcp behind a proxy that tells the source',
    server({ transport: 'tcp', transportSettings: { acceptProxyProtocol: true } }),
    server({ network: 'tcp', tcpSettings: { acceptProxyProtocol: true } }),
  ],
  [
    'tcp disguised as HTTP',
    client({
      transport: 'tcp',
      transportSettings: {
        headerSettings: headers('http.Config', {
          request: {
            version: { value: '1.0' },
            method: { value: 'POST' },
            uri: ['/a', '/b'],
            header: [{ name: 'Host', value: ['a.example', 'b.example'] }],
          },
          response: {
            status: { code: '404', reason: 'Gone' },
            header: [{ name: 'Server', value: ['nginx'] }],
          },
        }),
      },
    }),
    client4({
      network: 'tcp',
      tcpSettings: {
        header: {
          type: 'http',
          request: {
            version: '1.0',
            method: 'POST',
            path: ['/a', '/b'],
            headers: { Host: ['a.example', 'b.example'] },
          },
          response: { status: '404', reason: 'Gone', headers: { Server: ['nginx'] } },
        },
      },
    }),
  ],
  [
    'ws',
    client({
      transport: 'ws',
      transportSettings: {
        path: '/chat',
        header: [
          { key: 'Host', value: 'b.example' },
          { key: 'X-Mood', value: 'fine' },
        ],
        max_early_data: '2048',
        early_data_header_name: 'Sec-WebSocket-Protocol',
        parseXForwardedFor: true,
        use_browser_forwarding: false,
      },
    }),
    client4({
      network: 'ws',
      wsSettings: {
        path: '/chat',
        headers: { Host: 'b.example', 'X-Mood': 'fine' },
        maxEarlyData: 2048,
        earlyDataHeaderName: 'Sec-WebSocket-Protocol',
        parseXForwardedFor: true,
      },
    }),
  ],
  [
    'ws behind a proxy that tells the source',
    server({ transport: 'ws', transportSettings: { accept_proxy_protocol: true } }),
    server({ network: 'ws', wsSettings: { acceptProxyProtocol: true } }),
  ],
  [
    'httpupgrade of a client',
    client({
      transport: 'httpupgrade',
      transportSettings: {
        path: '/up',
        host: 'b.example',
        header: [{ key: 'X-Mood', value: 'fine' }],
        maxEarlyData: 1024,
        earlyDataHeaderName: 'X-Early',
      },
    }),
    client4({
      network: 'httpupgrade',
      httpupgradeSettings: {
        path: '/up',
        host: 'b.example',
        headers: { 'X-Mood': 'fine' },
        maxEarlyData: 1024,
        earlyDataHeaderName: 'X-Early',
      },
    }),
  ],
  [
    'httpupgrade of a server, which takes any host',
    server({ transport: 'httpupgrade', transportSettings: { path: '/up', host: 'b.example' } }),
    server({ network: 'httpupgrade', httpupgradeSettings: { path: '/up' } }),
  ],
  [
    'grpc',
    client({
      transport: 'grpc',
      transportSettings: {
        service_name: 'Chat',
        idleTimeout: '60',
        healthCheckTimeout: 20,
        permitWithoutStream: true,
        initialWindowsSize: 65536,
      },
    }),
    client4({
      network: 'grpc',
      grpcSettings: {
        serviceName: 'Chat',
        idle_timeout: 60,
        health_check_timeout: 20,
        permit_without_stream: true,
        initial_windows_size: 65536,
      },
    }),
  ],
  [
    'h2',
    client({
      transport: 'h2',
      transportSettings: {
        host: ['b.example'],
        path: '/h',
        method: 'GET',
        header: [{ name: 'X-Mood', value: ['fine', 'better'] }],
        parse_x_forwarded_for: true,
      },
      security: 'tls',
    }),
    client4({
      network: 'h2',
      httpSettings: {
        host: ['b.example'],
        path: '/h',
        method: 'GET',
        headers: { 'X-Mood': ['fine', 'better'] },
        parseXForwardedFor: true,
      },
      security: 'tls',
    }),
  ],
  [
    'kcp with its wrapped numbers',
    client({
      transport: 'kcp',
      transportSettings: {
        mtu: { value: 1200 },
        tti: { value: '20' },
        uplinkCapacity: { value: 50 },
        downlink_capacity: { value: 100 },
        congestion: true,
        writeBuffer: { size: 4194304 },
        readBuffer: { size: 524288 },
        headerConfig: headers('wechat.VideoConfig'),
        seed: { seed: 'secret' },
      },
    }),
    client4({
      network: 'kcp',
      kcpSettings: {
        mtu: 1200,
        tti: 20,
        uplinkCapacity: 50,
        downlinkCapacity: 100,
        congestion: true,
        writeBufferSize: 4,
        readBufferSize: 0,
        header: { type: 'wechat-video' },
        seed: 'secret',
      },
    }),
  ],
  [
    "kcp as V2Ray's documentation writes it",
    client({ transport: 'kcp', transportSettings: { mtu: 1200, readBufferSize: 3, seed: 'secret' } }),
    client4({ network: 'kcp', kcpSettings: { mtu: 1200, readBufferSize: 3, seed: 'secret' } }),
  ],
  ...(
    [
      ['noop.Config', 'none'],
      ['srtp.Config', 'srtp'],
      ['utp.Config', 'utp'],
      ['tls.PacketConfig', 'dtls'],
      ['wireguard.WireguardConfig', 'wireguard'],
    ] as const
  ).map(
    ([type, word]): Pair => [
      `kcp disguised as ${word}`,
      client({ transport: 'kcp', transportSettings: { headerConfig: headers(type, { version: 1 }) } }),
      client4({ network: 'kcp', kcpSettings: { header: { type: word } } }),
    ],
  ),
  ['quic without settings', client({ transport: 'quic' }), client4({ network: 'quic' })],
  [
    'quic',
    client({
      transport: 'quic',
      transportSettings: {
        key: 'secret',
        security: { type: 'CHACHA20_POLY1305' },
        header: headers('utp.Config'),
      },
    }),
    client4({
      network: 'quic',
      quicSettings: { key: 'secret', security: 'chacha20-poly1305', header: { type: 'utp' } },
    }),
  ],
  [
    'quic without security',
    client({ transport: 'quic', transportSettings: { key: 'secret' } }),
    client4({ network: 'quic', quicSettings: { key: 'secret', security: 'aes-128-gcm' } }),
  ],
  [
    'a domain socket',
    client({ transport: 'domainsocket', transportSettings: { path: '/run/a.sock', abstract: true } }),
    client4({ network: 'domainsocket', dsSettings: { path: '/run/a.sock', abstract: true } }),
  ],
  [
    'socket options',
    client({ socketSettings: { tcpKeepAliveInterval: 30 } }),
    client4({ sockopt: { tcpKeepAliveInterval: 30 } }),
  ],
];

const securities: readonly Pair[] = [
  [
    'tls of a client',
    client({
      security: 'tls',
      securitySettings: {
        server_name: 'b.example',
        next_protocol: ['h2', 'http/1.1'],
        enable_session_resumption: true,
        disable_system_root: true,
        certificate: [{ usage: 'AUTHORITY_VERIFY', certificateFile: '/ca.pem' }],
        min_version: 'TLS1_2',
        maxVersion: 'TLS1_3',
      },
    }),
    client4({
      security: 'tls',
      tlsSettings: {
        serverName: 'b.example',
        alpn: ['h2', 'http/1.1'],
        enableSessionResumption: true,
        disableSystemRoot: true,
        certificates: [{ usage: 'verify', certificateFile: '/ca.pem' }],
        minVersion: '1.2',
        maxVersion: '1.3',
      },
    }),
  ],
  [
    'a pinned certificate without further verification',
    client({
      security: 'tls',
      securitySettings: {
        pinned_peer_certificate_chain_sha256: [pin],
        allow_insecure_if_pinned_peer_certificate: true,
      },
    }),
    client4({
      security: 'tls',
      tlsSettings: { pinnedPeerCertificateChainSha256: [pin], allowInsecure: true },
    }),
  ],
  [
    'a pinned certificate that is verified too',
    client({ security: 'tls', securitySettings: { pinnedPeerCertificateChainSha256: [pin] } }),
    client4({ security: 'tls', tlsSettings: { pinnedPeerCertificateChainSha256: [pin] } }),
  ],
  [
    'verification where nothing is pinned',
    client({
      security: 'tls',
      securitySettings: {
        allowInsecureIfPinnedPeerCertificate: true,
        pinnedPeerCertificateChainSha256: [],
        allowInsecure: false,
        minVersion: 'Default',
      },
    }),
    client4({ security: 'tls' }),
  ],
  [
    'tls of a server with files',
    server({
      security: 'tls',
      securitySettings: {
        certificate: [
          { usage: 'ENCIPHERMENT', certificate_file: '/a.pem', key_file: '/a.key' },
          { usage: 2, certificateFile: '/ca.pem', keyFile: '/ca.key' },
        ],
      },
    }),
    server({
      security: 'tls',
      tlsSettings: {
        certificates: [
          { certificateFile: '/a.pem', keyFile: '/a.key' },
          { usage: 'issue', certificateFile: '/ca.pem', keyFile: '/ca.key' },
        ],
      },
    }),
  ],
  [
    'certificates as base64 and as PEM',
    server({
      security: 'tls',
      securitySettings: { certificate: [{ Certificate: base64(pem), Key: pem }] },
    }),
    server({ security: 'tls', tlsSettings: { certificates: [{ certificate: pem, key: pem }] } }),
  ],
];

const policies: readonly Pair[] = [
  [
    'timeouts',
    policy5({
      timeout: {
        handshake: { value: 8 },
        connectionIdle: { value: '100' },
        uplink_only: { value: 3 },
        downlinkOnly: { value: 0 },
      },
    }),
    policy4({ handshake: 8, connIdle: 100, uplinkOnly: 3, downlinkOnly: 0 }),
  ],
  ['timeouts as plain numbers', policy5({ timeout: { handshake: 8 } }), policy4({ handshake: 8 })],
  ['a buffer in bytes', policy5({ buffer: { connection: 10_000 } }), policy4({ bufferSize: 10 })],
  ['no buffer', policy5({ buffer: { connection: 0 } }), policy4({ bufferSize: 0 })],
  ['a boundless buffer', policy5({ buffer: { connection: -1 } }), policy4({ bufferSize: -1 })],
  [
    'counters',
    {
      ...policy5({ stats: { userUplink: true } }),
      services: {
        stats: {},
        policy: {
          level: { 3: { stats: { userUplink: true, user_downlink: true } } },
          system: { stats: { inboundUplink: true, outbound_downlink: true } },
        },
      },
    },
    {
      ...base,
      stats: {},
      policy: {
        levels: { 3: { statsUserUplink: true, statsUserDownlink: true } },
        system: { statsInboundUplink: true, statsOutboundDownlink: true },
      },
    },
  ],
  ['a router without rules', { ...base, router: { domainStrategy: 'AsIs', rule: [] } }, base],
];

for (const [name, v5, v4] of [
  ...logs,
  ...inbounds,
  ...outbounds,
  ...transports,
  ...securities,
  ...policies,
]) {
  test(`jsonv5: ${name}`, () => {
    assert.deepEqual(settingsOf(v5, 'jsonv5'), settingsOf(v4));
  });
}

test('jsonv5 is recognized by any key of its own', () => {
  const texts: readonly Json[] = [
    { ...base, log: { access: { type: 'None' } } },
    { ...base, log: { error: { type: 'None' } } },
    { ...base, router: {} },
    { ...base, services: {} },
    client({ transport: 'tcp' }),
    client({ transportSettings: {} }),
    client({ securitySettings: {} }),
    client({ socketSettings: {} }),
    outbound({ protocol: 'vmess', settings: vmess5 }),
    outbound({ protocol: 'socks', settings: { address: '::1', port: 1080 } }),
    outbound({ protocol: 'freedom', settings: { destinationOverride: { server: { port: 1 } } } }),
    inbound({ protocol: 'vmess', settings: { users: [id] } }),
    inbound({ protocol: 'socks', settings: { udpEnabled: true } }),
    inbound({ protocol: 'socks', settings: { udp_enabled: true } }),
    inbound({ protocol: 'dokodemo-door', settings: { address: 'a', port: 1, networks: 'tcp' } }),
  ];
  for (const config of texts) {
    assert.deepEqual(settingsOf(config), settingsOf(config, 'jsonv5'), JSON.stringify(config));
  }
});

test('jsonv5 is recognized by the end of the file name', () => {
  // Nothing in it tells the format, but it does matter: V2Ray's newer format has no defaults for an access log.
  const text = JSON.stringify({ ...base, log: {} });
  assert.equal(parseConfig(text, { fileName: 'a.v5.json' }).settings?.log.access, 'none');
  assert.equal(parseConfig(text, { fileName: 'a.v5.jsonc' }).settings?.log.access, 'none');
  assert.equal(parseConfig(text, { fileName: 'a.json' }).settings?.log.access, 'stdout');
});

test('jsonv5 may be written in YAML and TOML too', () => {
  const yaml = `
inbounds: [{ protocol: socks, port: 1080 }]
outbounds:
  - protocol: vmess
    settings: { address: a.example, port: 443, uuid: ${id} }
`;
  const toml = `
[[inbounds]]
protocol = "socks"
port = 1080
[[outbounds]]
protocol = "vmess"
settings = { address = "a.example", port = 443, uuid = "${id}" }
`;
  const expected = settingsOf(outbound({ protocol: 'vmess', settings: vmess4 }));
  assert.deepEqual(parseConfig(yaml, { fileName: 'a.yaml' }).settings, expected);
  assert.deepEqual(parseConfig(toml, { fileName: 'a.toml' }).settings, expected);
});
