/** Subscriptions in the forms of other programs: vmess entries are read, servers of other protocols are counted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LinkOutbound } from '../../../../src/config/share-link/outbound.js';
import { settingsOfOutbound } from '../../../../src/config/share-link/outbound-settings.js';
import { parseSubscription } from '../../../../src/config/subscription/parse-subscription.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Names, protocols of others, codes of faults. */
function read(body: string): string[] {
  return parseSubscription(body).map((entry) => {
    if ('link' in entry) {
      settingsOfOutbound(entry.link.outbound);
      return entry.link.name;
    }
    return entry.protocol === undefined ? entry.error.code : `(${entry.protocol})`;
  });
}

function first(body: string): LinkOutbound {
  const [entry] = parseSubscription(body);
  assert(entry !== undefined);
  if ('error' in entry) throw entry.error;
  return entry.link.outbound;
}

const vnext = [{ address: 'a.example', port: 443, users: [{ id, alterId: 0, security: 'auto' }] }];
const stream = {
  network: 'ws',
  security: 'tls',
  wsSettings: { path: '/ray', headers: { Host: 'h.example' } },
  tlsSettings: { serverName: 's.example' },
};
const vmess = { tag: 'one', protocol: 'vmess', settings: { vnext }, streamSettings: stream };

describe('V2Ray and Xray', () => {
  test('a configuration', () => {
    const body = JSON.stringify({
      outbounds: [
        vmess,
        { protocol: 'freedom' },
        { protocol: 'vless', settings: {} },
        { protocol: 'trojan' },
      ],
    });
    assert.deepEqual(read(body), ['one', '(vless)', '(trojan)']);
    assert.deepEqual(first(body), { protocol: 'vmess', settings: { vnext }, streamSettings: stream });
    assert.deepEqual(read(base64(body)), ['one', '(vless)', '(trojan)']);
  });

  test('a list of configurations, with their names, and comments', () => {
    const list = [
      { remarks: 'Tokyo', outbounds: [vmess, { protocol: 'blackhole' }] },
      { remarks: 'Osaka', outbounds: [{ ...vmess, tag: '' }] },
    ];
    assert.deepEqual(
      read(`// from a panel\n${JSON.stringify(list, undefined, 1)}`.replace('// from a panel\n', '')),
      ['Tokyo', 'Osaka'],
    );
  });

  test('a list of outbounds; several servers in one', () => {
    const two = { ...vmess, settings: { vnext: [...vnext, { ...vnext[0], address: 'b.example' }] } };
    assert.deepEqual(read(JSON.stringify([two, { protocol: 'dns' }])), ['one', 'one']);
  });

  test('what decides the way is not left out', () => {
    const through = { ...vmess, proxySettings: { tag: 'other' } };
    const reality = { ...vmess, streamSettings: { network: 'tcp', security: 'reality' } };
    const xhttp = { ...vmess, streamSettings: { network: 'xhttp' } };
    assert.deepEqual(read(JSON.stringify({ outbounds: [through, reality, xhttp, vmess] })), [
      'ERR_LINK',
      'ERR_LINK',
      'ERR_LINK',
      'one',
    ]);
  });

  test('what does not decide it draws a warning', () => {
    const [entry] = parseSubscription(JSON.stringify({ outbounds: [{ ...vmess, mux: { enabled: true } }] }));
    assert(entry !== undefined && 'link' in entry);
    assert.match(entry.link.warnings.join(), /mux/);
  });
});

describe('sing-box', () => {
  const server = {
    type: 'vmess',
    tag: 'one',
    server: 'a.example',
    server_port: 443,
    uuid: id,
    security: 'auto',
    alter_id: 0,
  };
  const tls = { enabled: true, server_name: 's.example', insecure: true, alpn: ['http/1.1'] };
  const one = (more: object): string => JSON.stringify({ outbounds: [{ ...server, ...more }] });

  test('ws with TLS and early data', () => {
    const transport = {
      type: 'ws',
      path: '/ray',
      headers: { Host: 'h.example' },
      max_early_data: 2048,
      early_data_header_name: 'Sec-WebSocket-Protocol',
    };
    assert.deepEqual(first(one({ tls, transport })), {
      protocol: 'vmess',
      settings: { vnext },
      streamSettings: {
        network: 'ws',
        wsSettings: { path: '/ray?ed=2048', headers: { Host: 'h.example' } },
        security: 'tls',
        tlsSettings: { serverName: 's.example', alpn: ['http/1.1'], allowInsecure: true },
      },
    });
  });

  test('the other transports', () => {
    const network = (transport: object, more: object = { tls }): string =>
      first(one({ transport, ...more })).streamSettings?.network ?? 'tcp';
    assert.equal(network({ type: 'grpc', service_name: 'svc' }), 'grpc');
    assert.equal(network({ type: 'http', host: ['h.example'], path: '/' }), 'http');
    assert.equal(network({ type: 'httpupgrade', host: 'h.example', path: '/' }), 'httpupgrade');
    assert.equal(network({ type: 'quic' }), 'quic');
    assert.equal(first(one({})).streamSettings, undefined);
    assert.equal(first(one({ tls: { enabled: false } })).streamSettings, undefined);
    assert.equal(first(one({ network: 'tcp', packet_encoding: 'xudp' })).settings.packetEncoding, 'xudp');
  });

  test('what decides the way and cannot be had is refused', () => {
    const rows: readonly (readonly [more: object, message: RegExp])[] = [
      [{ tls: { ...tls, reality: { enabled: true, public_key: 'x' } } }, /REALITY/],
      [{ detour: 'other' }, /through another proxy/],
      [{ transport: { type: 'http' } }, /HTTP\/1\.1 without TLS/],
      [{ tls: { ...tls, certificate: ['x'] } }, /pins the certificate/],
      [{ tls: { ...tls, disable_sni: true } }, /tls\.disable_sni/],
      [{ transport: { type: 'pigeon' } }, /found "pigeon"/],
    ];
    for (const [more, message] of rows) assert.throws(() => first(one(more)), { code: 'ERR_LINK', message });
  });

  test('others are counted, groups are not servers', () => {
    const body = JSON.stringify({
      outbounds: [
        { type: 'selector', tag: 's', outbounds: ['one'] },
        server,
        { type: 'hysteria2', server: 'b.example', server_port: 1 },
        { type: 'direct' },
        { type: 'shadowsocks', server: 'c.example', server_port: 1, method: 'none', password: 'x' },
      ],
    });
    assert.deepEqual(read(body), ['one', '(hysteria2)', '(shadowsocks)']);
  });
});

test('SIP008 is counted as Shadowsocks, with or without its frame', () => {
  const servers = [
    { id: 'x', remarks: 'a', server: 'a.example', server_port: 1, password: 'geheim', method: 'aes-256-gcm' },
    { server: 'b.example', server_port: 2, password: 'geheim', method: 'aes-256-gcm' },
  ];
  assert.deepEqual(read(JSON.stringify({ version: 1, servers })), ['(shadowsocks)', '(shadowsocks)']);
  assert.deepEqual(read(JSON.stringify(servers)), ['(shadowsocks)', '(shadowsocks)']);
});

test("links and v2rayN's objects in JSON", () => {
  const object = { v: '2', ps: 'two', add: 'a.example', port: 443, id, net: 'ws', path: '/', tls: '' };
  assert.deepEqual(read(JSON.stringify([`vmess://${id}@a.example:1#one`, object])), ['one', 'two']);
});

describe('lines', () => {
  test('Quantumult and Loon', () => {
    const body = [
      `one = vmess, a.example, 443, aes-128-gcm, "${id}", over-tls=true, tls-host=s.example, obfs=ws, obfs-path="/ray", obfs-header="Host: h.example"`,
      `two = VMess,a.example,443,auto,"${id}",transport=ws,path=/ray,host=h.example,over-tls=true,tls-name=s.example,skip-cert-verify=true`,
      'three = shadowsocks, b.example, 1, aes-128-gcm, "geheim"',
      'four = trojan, b.example, 1, geheim',
    ].join('\n');
    assert.deepEqual(read(body), ['one', 'two', '(shadowsocks)', '(trojan)']);
    assert.deepEqual(read(base64(body)), ['one', 'two', '(shadowsocks)', '(trojan)']);
    const expected = {
      network: 'ws',
      wsSettings: { path: '/ray', headers: { Host: 'h.example' } },
      security: 'tls',
      tlsSettings: { serverName: 's.example' },
    };
    const [one, two] = parseSubscription(body);
    assert(one !== undefined && 'link' in one && two !== undefined && 'link' in two);
    assert.deepEqual(one.link.outbound.streamSettings, expected);
    assert.deepEqual(two.link.outbound.streamSettings, {
      ...expected,
      tlsSettings: { serverName: 's.example', allowInsecure: true },
    });
  });

  test('Quantumult X', () => {
    const body = [
      '; a comment',
      `vmess=a.example:443, method=aes-128-gcm, password=${id}, obfs=wss, obfs-host=h.example, obfs-uri=/ray, tls-verification=false, fast-open=false, udp-relay=false, tag=one`,
      `vmess=a.example:80, method=none, password=${id}, tag=two`,
      `vmess=a.example:443, method=none, password=${id}, obfs=over-tls, obfs-host=s.example, tag=three`,
      'shadowsocks=b.example:1, method=aes-128-gcm, password=geheim, tag=ss',
    ].join('\n');
    assert.deepEqual(read(body), ['one', 'two', 'three', '(shadowsocks)']);
    const [one, , three] = parseSubscription(body);
    assert(one !== undefined && 'link' in one && three !== undefined && 'link' in three);
    assert.deepEqual(one.link.outbound.streamSettings, {
      network: 'ws',
      wsSettings: { path: '/ray', headers: { Host: 'h.example' } },
      security: 'tls',
      tlsSettings: { serverName: 'h.example', allowInsecure: true },
    });
    assert.deepEqual(three.link.outbound.streamSettings, {
      network: 'tcp',
      security: 'tls',
      tlsSettings: { serverName: 's.example' },
    });
  });

  test('Surge, a whole configuration', () => {
    const body = `[General]
loglevel = notify
[Proxy]
DIRECT = direct
one = vmess, a.example, 443, username=${id}, ws=true, ws-path=/ray, ws-headers=Host:"h.example"|User-Agent:"x", tls=true, sni=s.example, vmess-aead=true
two = trojan, b.example, 443, password=geheim
[Rule]
FINAL,one
`;
    const entries = read(body).filter((each) => each !== 'ERR_LINK');
    assert.deepEqual(entries, ['one', '(trojan)']);
    const one = parseSubscription(body).find((entry) => 'link' in entry);
    assert(one !== undefined && 'link' in one);
    assert.deepEqual(one.link.outbound.streamSettings, {
      network: 'ws',
      wsSettings: { path: '/ray', headers: { Host: 'h.example' } },
      security: 'tls',
      tlsSettings: { serverName: 's.example' },
    });
  });
});

test('Clash of 2019, and as JSON', () => {
  const proxy = {
    name: 'one',
    type: 'vmess',
    server: 'a.example',
    port: 443,
    uuid: id,
    alterId: 0,
    cipher: 'auto',
  };
  const old = `Proxy:\n- ${JSON.stringify(proxy)}\n- {name: b, type: ss, server: b.example, port: 1}\nProxy Group: []\n`;
  assert.deepEqual(read(old), ['one', '(shadowsocks)']);
  assert.deepEqual(read(JSON.stringify({ proxies: [proxy, { ...proxy, type: 'vless' }] })), [
    'one',
    '(vless)',
  ]);
});

describe('hostile texts are bounded', () => {
  const cases: Readonly<Record<string, () => string>> = {
    'an alias that holds itself': () => 'proxies:\n- &b {a: *b, b: *b, c: *b}\n',
    'one anchor, many uses': () => `x: &a 1\nproxies:\n${'- *a\n'.repeat(100_000)}`,
    'many anchors': () =>
      `proxies:\n${Array.from({ length: 20_000 }, (_, index) => `- &a${index} 1\n- *a${index}\n`).join('')}`,
    'aliases of aliases': () =>
      `a: &a [1,1,1,1,1,1,1,1,1,1]\n${[...'bcdefghij'].map((c, index) => `${c}: &${c} [${Array(10).fill(`*${'abcdefghij'[index]}`).join(',')}]`).join('\n')}\nproxies: *j\n`,
    'objects merged thousands of times': () =>
      `x: &a {${Array.from({ length: 300 }, (_, index) => `k${index}: 1`).join(', ')}}\nproxies:\n${'- {<<: *a}\n'.repeat(3000)}`,
    'brackets inside each other': () => `proxies: ${'['.repeat(100_000)}`,
    'braces inside each other': () => `proxies: ${'{a: '.repeat(100_000)}`,
    'lists inside each other': () => `proxies:\n${'- '.repeat(100_000)}a`,
    'JSON inside each other': () => `{"proxies":${'['.repeat(200_000)}`,
    'names twice': () =>
      `proxies: 1\n${Array.from({ length: 20_000 }, (_, index) => `k${index % 10}: 1\n`).join('')}`,
    'lines of rubbish': () => 'vmess://abc\n'.repeat(20_000),
    'more lines than anybody has': () => 'a://b\n'.repeat(260_000),
  };
  for (const [title, make] of Object.entries(cases)) {
    test(title, () => {
      const text = make();
      const start = process.cpuUsage();
      try {
        parseSubscription(text);
      } catch (error) {
        assert(error instanceof Error && 'code' in error && error.code === 'ERR_SUBSCRIPTION', String(error));
      }
      const { user } = process.cpuUsage(start);
      // The square of the length, or more, would take from half a minute to forever.
      assert(user < 8_000_000, `${user / 1000} ms`);
    });
  }
});
