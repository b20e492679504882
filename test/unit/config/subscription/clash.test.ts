/** Configurations of Clash: what each kind of entry means, and what is named and not done. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LinkOutbound } from '../../../../src/config/share-link/outbound.js';
import { settingsOfOutbound } from '../../../../src/config/share-link/outbound-settings.js';
import { parseSubscription } from '../../../../src/config/subscription/parse-subscription.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';

/** One entry with what every one has, and `more` lines. */
function entry(...more: readonly string[]): string {
  const lines = ['name: home', 'type: vmess', 'server: example.com', 'port: 443', `uuid: ${id}`, ...more];
  return `proxies:\n  - ${lines.join('\n    ')}\n`;
}

interface Read {
  readonly outbound: LinkOutbound;
  readonly warnings: readonly string[];
}

function read(...more: readonly string[]): Read {
  const [first] = parseSubscription(entry('alterId: 0', 'cipher: auto', ...more));
  assert(first !== undefined);
  if ('error' in first) throw first.error;
  assert.equal(first.link.name, 'home');
  // What is read can be used.
  settingsOfOutbound(first.link.outbound);
  return first.link;
}

const server = { address: 'example.com', port: 443, users: [{ id, alterId: 0, security: 'auto' }] };

test('plain TCP', () => {
  const { outbound, warnings } = read('udp: true');
  assert.deepEqual(outbound, { protocol: 'vmess', settings: { vnext: [server] } });
  assert.deepEqual(warnings, []);
});

test('user: legacy headers and a cipher', () => {
  const [first] = parseSubscription(entry('alterId: 64', 'cipher: chacha20-poly1305'));
  assert(first !== undefined && 'link' in first);
  const [user] = first.link.outbound.settings.vnext[0].users;
  assert.deepEqual(user, { id, alterId: 64, security: 'chacha20-poly1305' });
});

describe('transports', () => {
  const rows: readonly (readonly [name: string, lines: readonly string[], stream: object])[] = [
    [
      'ws with TLS: the Host is the name in the certificate',
      ['network: ws', 'tls: true', 'ws-opts:', '  path: /ray', '  headers: {Host: cdn.example.net}'],
      {
        network: 'ws',
        wsSettings: { path: '/ray', headers: { Host: 'cdn.example.net' } },
        security: 'tls',
        tlsSettings: { serverName: 'cdn.example.net' },
      },
    ],
    [
      'ws: older keys',
      ['network: ws', 'ws-path: /old', 'ws-headers: {host: a.example}'],
      { network: 'ws', wsSettings: { path: '/old', headers: { Host: 'a.example' } } },
    ],
    [
      'ws: early data in the header that V2Ray uses',
      [
        'network: ws',
        'ws-opts: {path: /ray, max-early-data: 2048, early-data-header-name: Sec-WebSocket-Protocol}',
      ],
      { network: 'ws', wsSettings: { path: '/ray?ed=2048' } },
    ],
    [
      'httpupgrade',
      ['network: ws', 'ws-opts: {path: /up, v2ray-http-upgrade: true}'],
      { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } },
    ],
    [
      'h2, with the names of TLS',
      [
        'network: h2',
        'tls: true',
        'servername: real.example',
        'skip-cert-verify: true',
        'alpn: [h2]',
        'h2-opts:',
        '  host: [a.example, b.example]',
        '  path: /h2',
      ],
      {
        network: 'http',
        httpSettings: { path: '/h2', host: ['a.example', 'b.example'] },
        security: 'tls',
        tlsSettings: { serverName: 'real.example', alpn: ['h2'], allowInsecure: true },
      },
    ],
    [
      'grpc',
      ['network: grpc', 'tls: true', 'grpc-opts: {grpc-service-name: Tunnel}'],
      { network: 'grpc', grpcSettings: { serviceName: 'Tunnel' }, security: 'tls', tlsSettings: {} },
    ],
  ];
  for (const [name, lines, stream] of rows) {
    test(name, () => {
      const { outbound, warnings } = read(...lines);
      assert.deepEqual(outbound.streamSettings, stream);
      assert.deepEqual(warnings, []);
    });
  }

  test("http is a request's head before TCP", () => {
    const { outbound, warnings } = read(
      'network: http',
      'http-opts:',
      '  method: GET',
      '  path: [/a, /b]',
      '  headers: {Host: [a.example]}',
    );
    const settings = outbound.streamSettings as unknown as {
      network: string;
      tcpSettings: { header: { type: string; request: { path: string[]; headers: { Host: string[] } } } };
    };
    assert.equal(settings.network, 'tcp');
    const { request, type } = settings.tcpSettings.header;
    assert.deepEqual([type, request.path, request.headers.Host], ['http', ['/a', '/b'], ['a.example']]);
    assert.deepEqual(warnings, []);
  });
});

test('packet encodings', () => {
  assert.equal(read('packet-encoding: xudp').outbound.settings.packetEncoding, 'xudp');
  assert.equal(read('packet-encoding: packetaddr').outbound.settings.packetEncoding, 'packetaddr');
  assert.equal(read('xudp: true').outbound.settings.packetEncoding, 'xudp');
  assert.equal(read('packet-addr: true').outbound.settings.packetEncoding, 'packetaddr');
  assert.equal(read('xudp: false').outbound.settings.packetEncoding, undefined);
});

test('what is not done is named', () => {
  const rows: readonly (readonly [line: string, warning: RegExp])[] = [
    ['client-fingerprint: chrome', /^fp="chrome" cannot be had/],
    ['tfo: true', /^tfo/],
    ['authenticated-length: true', /^"authenticated-length" is unknown/],
    ['smux: {enabled: true}', /^"smux" is unknown/],
    ['ech-opts: {enable: true}', /^"ech-opts" is unknown/],
    ['ws-opts: {path: /x}', /^"ws-opts" is unknown/],
    ['packet-encoding: other', /^packetEncoding "other" is unknown/],
  ];
  for (const [line, warning] of rows) {
    const { warnings } = read('tls: true', line);
    assert.equal(warnings.length, 1, line);
    assert.match(warnings[0] ?? '', warning);
  }
  const early = read('network: ws', 'ws-opts: {max-early-data: 10, headers: {X: y}}');
  assert.deepEqual(early.warnings, ['"ws-opts.max-early-data" is unknown and was ignored']);
  assert.deepEqual(read('tfo: false', 'ech-opts: {enable: false}', 'skip-cert-verify: false').warnings, []);
});

test('what decides the way and is not done is refused', () => {
  for (const [line, message] of [
    ['fingerprint: 00aa', /pins the certificate/],
    ['private-key: ./key.pem', /certificate of the client/],
    ['network: xhttp', /transport "xhttp"/],
    ['tls-min-version: 1.3', /"tls-min-version", which tsray does not know/],
  ] as const) {
    assert.throws(() => read('tls: true', line), { code: 'ERR_LINK', message }, line);
  }
});

test('an entry that cannot be used costs only itself, and its line is named', () => {
  const text = `# a comment
mixed-port: 7890
proxies:
  - {name: a, type: vmess, server: a.example, port: 1, uuid: ${id}, alterId: 0, cipher: auto}
  - {name: b, type: trojan, server: b.example, port: 2, password: geheim}
  - name: c
    type: vmess
    server: c.example
    port: 3
    uuid: ${id}
    tls: true
    reality-opts: {public-key: x}
  - {name: d, type: vmess, server: d.example, port: 4, uuid: ${id}, dialer-proxy: b}
  - {name: e, type: vmess, server: e.example, port: 70000, uuid: ${id}}
  - just text
  - {name: 香港 1, type: vmess, server: f.example, port: 6, uuid: ${id}}
proxy-groups:
  - {name: all, type: select, proxies: [a, b]}
rules:
  - MATCH,all
`;
  const entries = parseSubscription(text);
  assert.deepEqual(
    entries.map((each) => `${each.line} ${'link' in each ? each.link.name : each.error.message}`),
    [
      '4 a',
      '5 expected a server of type vmess, found "trojan"',
      '6 the link asks for REALITY, which cannot be had with Node.js',
      '13 the server is to be reached through another proxy ("dialer-proxy"), which is not read',
      '14 expected a port from 1 to 65535, found "70000"',
      '15 expected an object with "name", "type" and "server"',
      '16 香港 1',
    ],
  );
  const same = parseSubscription(Buffer.from(text).toString('base64'));
  assert.deepEqual(
    same.map((each) => 'link' in each),
    entries.map((each) => 'link' in each),
  );
});

test('as JSON, and with what YAML merges', () => {
  const json = JSON.stringify({
    proxies: [{ name: 'j', type: 'vmess', server: 'a.example', port: 1, uuid: id }],
  });
  const anchors = `base: &base {type: vmess, uuid: ${id}, port: 1}\nproxies:\n  - {<<: *base, name: k, server: b.example}\n`;
  for (const [text, name] of [
    [json, 'j'],
    [anchors, 'k'],
  ] as const) {
    const [first] = parseSubscription(text);
    assert(first !== undefined && 'link' in first);
    assert.equal(first.link.name, name);
  }
});

test('a configuration without servers says so', () => {
  const refused = (text: string, message: RegExp): void => {
    assert.throws(() => parseSubscription(text), { code: 'ERR_SUBSCRIPTION', message });
  };
  refused('port: 7890\nrules: []\n', /has no list of proxies/);
  refused('proxies: 1\n', /has no list of proxies/);
  refused('proxies:\n  - {name: a\n', /found YAML with an error, line \d/);
  assert.throws(() => parseSubscription('proxy-providers:\n  a: {url: "https://x.example/"}\n'), {
    hint: /proxy-providers/,
  });
  assert.deepEqual(parseSubscription('proxies: []\n'), []);
});
