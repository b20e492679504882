/** The transport, TLS and the host of a link under the names that each writer has for them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsOfOutbound } from '../../../../src/config/share-link/outbound-settings.js';
import { parseShareLink } from '../../../../src/config/share-link/share-link.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
const userInfo = (cipher: string): string => Buffer.from(`${cipher}:${id}@192.0.2.7:443`).toString('base64');
const base64 = (text: string): string => `vmess://${Buffer.from(text).toString('base64')}`;
const json = (more: object): string => base64(JSON.stringify({ add: '192.0.2.7', port: 443, id, ...more }));
const rayN = (more: object): string => json({ v: '2', ...more });
const url = (query: string): string => `vmess://${id}@example.com:443?${query}`;

/** `network`, its settings and TLS in one line each; a user that is not the usual one. */
interface Way {
  readonly stream?: object | undefined;
  readonly security?: string;
  readonly warned?: RegExp;
}

const wsTls = (serverName: string | undefined, settings: object = {}): object => ({
  network: 'ws',
  wsSettings: { path: '/', ...settings },
  security: 'tls',
  tlsSettings: serverName === undefined ? {} : { serverName },
});
const ray = { path: '/ray', headers: { Host: 'a.example' } };
const tcpTls = (serverName?: string): object => ({
  network: 'tcp',
  security: 'tls',
  tlsSettings: serverName === undefined ? {} : { serverName },
});
const quic = (security: string, key: string, header?: string): object => ({
  network: 'quic',
  quicSettings: { security, key, ...(header === undefined ? {} : { header: { type: header } }) },
});

type Row = readonly [title: string, link: string, way: Way];

const jsonRows: readonly Row[] = [
  [
    'security is the cipher, tls decides TLS',
    rayN({ tls: 'tls', security: 'none' }),
    { stream: tcpTls(), security: 'none' },
  ],
  ['the same, auto', rayN({ tls: 'tls', security: 'auto' }), { stream: tcpTls(), security: 'auto' }],
  [
    'the same with another cipher and TLS as a flag',
    rayN({ tls: 1, security: 'aes-128-gcm' }),
    { stream: tcpTls(), security: 'aes-128-gcm' },
  ],
  [
    'the same before tls, in capitals',
    rayN({ Security: 'NONE', TLS: 'TLS' }),
    { stream: tcpTls(), security: 'none' },
  ],
  ['scy wins over security', rayN({ scy: 'zero', security: 'auto' }), { security: 'zero' }],
  ['no TLS with a cipher', rayN({ tls: '', security: 'auto' }), { security: 'auto' }],
  [
    'security "tls" asks for TLS where tls is empty',
    rayN({ tls: '', security: 'tls' }),
    { stream: tcpTls() },
  ],
  ['tcp with the type "auto" has no header', rayN({ net: 'tcp', type: 'auto' }), { warned: /"auto"/ }],
  ['tcp with the type "vmess"', rayN({ net: 'tcp', type: 'vmess' }), { warned: /"vmess"/ }],
  ['tcp with a cipher as type', rayN({ net: 'tcp', type: 'chacha20-poly1305' }), { warned: /chacha20/ }],
  ['tcp with a transport as type', rayN({ net: 'tcp', type: 'ws' }), {}],
  ['no net and a header of packets', rayN({ type: 'srtp' }), { warned: /"srtp"/ }],
  [
    'no net, the transport in type',
    rayN({ type: 'ws', path: '/' }),
    { stream: { network: 'ws', wsSettings: { path: '/' } } },
  ],
  [
    'network for net',
    rayN({ network: 'ws', path: '/ray', host: 'a.example', tls: 'tls' }),
    { stream: wsTls('a.example', ray) },
  ],
  [
    'the Host is the server name for tcp',
    rayN({ net: 'tcp', host: 'a.example', tls: 'tls' }),
    { stream: tcpTls('a.example') },
  ],
  [
    'for grpc',
    rayN({ net: 'grpc', path: 'svc', host: 'a.example', tls: 'tls' }),
    {
      stream: {
        network: 'grpc',
        grpcSettings: { serviceName: 'svc', authority: 'a.example' },
        security: 'tls',
        tlsSettings: { serverName: 'a.example' },
      },
    },
  ],
  [
    'for kcp',
    rayN({ net: 'kcp', host: 'a.example', tls: 'tls' }),
    {
      stream: { network: 'kcp', kcpSettings: {}, security: 'tls', tlsSettings: { serverName: 'a.example' } },
    },
  ],
  [
    'the first of several, without its port',
    rayN({ net: 'h2', host: 'a.example:8443, b.example', path: '/', tls: 'tls' }),
    {
      stream: {
        network: 'http',
        httpSettings: { path: '/', host: ['a.example:8443', 'b.example'] },
        security: 'tls',
        tlsSettings: { serverName: 'a.example' },
      },
    },
  ],
  [
    'tcp with a head: the Host too',
    rayN({ net: 'tcp', type: 'none', host: 'a.example,b.example', tls: 'tls' }),
    { stream: tcpTls('a.example') },
  ],
  [
    'sni wins',
    rayN({ net: 'tcp', host: 'a.example', sni: 's.example', tls: 'tls' }),
    { stream: tcpTls('s.example') },
  ],
  [
    'version 1: the host is the path',
    json({ net: 'ws', host: '/ray' }),
    { stream: { network: 'ws', wsSettings: { path: '/ray' } } },
  ],
  [
    'version 1: path;host',
    json({ v: '1', net: 'ws', host: '/ray;a.example' }),
    { stream: { network: 'ws', wsSettings: ray } },
  ],
  [
    'version 1: h2, with blanks',
    json({ v: 1, net: 'h2', host: '/ray ; a.example' }),
    { stream: { network: 'http', httpSettings: { path: '/ray', host: ['a.example'] } } },
  ],
  [
    'version 1: a path without a slash',
    json({ v: '1', net: 'ws', host: 'ray' }),
    { stream: { network: 'ws', wsSettings: { path: 'ray' } } },
  ],
  [
    'version 1: host;path, where the slash says so',
    json({ net: 'ws', host: 'a.example;/ray' }),
    { stream: { network: 'ws', wsSettings: ray } },
  ],
  [
    'no version, but a path of its own',
    json({ net: 'ws', host: 'a.example', path: '/ray' }),
    { stream: { network: 'ws', wsSettings: ray } },
  ],
  [
    'version 2 as a number',
    json({ v: 2, net: 'ws', host: 'a.example', path: '/ray' }),
    { stream: { network: 'ws', wsSettings: ray } },
  ],
  [
    'sections of configurations',
    rayN({ net: 'ws', tls: 'tls', 'ws-opts': { path: '/ray', headers: { Host: 'a.example' } } }),
    { stream: wsTls('a.example', ray) },
  ],
  [
    'sections of V2Ray',
    rayN({
      net: 'ws',
      tls: 'tls',
      wsSettings: { path: '/ray', headers: { Host: 'a.example' } },
      tlsSettings: { serverName: 's.example' },
    }),
    { stream: wsTls('s.example', ray) },
  ],
  [
    'mKCP as a section',
    rayN({ net: 'kcp', kcpSettings: { header: { type: 'utp' }, seed: 'abc' } }),
    { stream: { network: 'kcp', kcpSettings: { header: { type: 'utp' }, seed: 'abc' } } },
  ],
  [
    'gRPC: mode beside type',
    rayN({ net: 'grpc', type: 'none', mode: 'multi', path: 'svc' }),
    { stream: { network: 'grpc', grpcSettings: { serviceName: 'svc', multiMode: true } } },
  ],
  [
    'parameters beside the base64',
    `${rayN({ net: 'ws' })}?path=/ray&host=a.example&tls=tls`,
    { stream: wsTls('a.example', ray) },
  ],
  [
    'a path encoded once too often',
    rayN({ net: 'ws', path: '%2Fray' }),
    { stream: { network: 'ws', wsSettings: { path: '/ray' } } },
  ],
];

const userInfoRows: readonly Row[] = [
  [
    'Kitsunebi: network, wsPath, wsHost',
    `vmess://${userInfo('auto')}?network=ws&wsPath=/ray&wsHost=a.example&tls=1&remark=x`,
    { stream: wsTls('a.example', ray) },
  ],
  [
    'V2RayU: ws-path and ws-host, tlsServer',
    `vmess://${userInfo('none')}?network=ws&ws-path=%2Fray&ws_host=a.example&tls=true&tlsServer=s.example`,
    { stream: wsTls('s.example', ray), security: 'none' },
  ],
  [
    'h2Path and h2Host',
    `vmess://${userInfo('auto')}?network=h2&h2Path=/ray&h2Host=a.example&tls=1`,
    {
      stream: {
        network: 'http',
        httpSettings: { path: '/ray', host: ['a.example'] },
        security: 'tls',
        tlsSettings: { serverName: 'a.example' },
      },
    },
  ],
  [
    'kcpHeader',
    `vmess://${userInfo('auto')}?network=kcp&kcpHeader=srtp&seed=abc`,
    { stream: { network: 'kcp', kcpSettings: { header: { type: 'srtp' }, seed: 'abc' } } },
  ],
  [
    'a slash before the query, type as header',
    `vmess://${userInfo('auto')}/?network=tcp&type=none&tls=1&peer=s.example`,
    { stream: tcpTls('s.example') },
  ],
  [
    'Shadowrocket: grpc',
    `vmess://${userInfo('auto')}?obfs=grpc&path=svc&tls=1&peer=s.example`,
    {
      stream: {
        network: 'grpc',
        grpcSettings: { serviceName: 'svc' },
        security: 'tls',
        tlsSettings: { serverName: 's.example' },
      },
    },
  ],
  [
    'Shadowrocket: mkcp with a seed and a header in JSON',
    `vmess://${userInfo('auto')}?obfs=mkcp&obfsParam=${encodeURIComponent('{"header":"utp","seed":"abc"}')}`,
    { stream: { network: 'kcp', kcpSettings: { header: { type: 'utp' }, seed: 'abc' } } },
  ],
  [
    'Shadowrocket: h2',
    `vmess://${userInfo('auto')}?obfs=h2&obfsParam=a.example&path=/ray&tls=1`,
    {
      stream: {
        network: 'http',
        httpSettings: { path: '/ray', host: ['a.example'] },
        security: 'tls',
        tlsSettings: { serverName: 'a.example' },
      },
    },
  ],
  [
    'the URL form in base64 as a whole',
    base64(`${id}@192.0.2.7:443?type=ws&path=/ray&host=a.example&security=tls&sni=s.example#n`),
    { stream: wsTls('s.example', ray) },
  ],
  [
    'only cipher and ID in base64',
    `vmess://${Buffer.from(`zero:${id}`).toString('base64')}@192.0.2.7:443?type=ws&path=/ray&host=a.example`,
    { stream: { network: 'ws', wsSettings: ray }, security: 'zero' },
  ],
];

const urlRows: readonly Row[] = [
  [
    'draft: security and type of quic are those of its packets',
    `vmess://quic:${id}-0@192.0.2.7:443/?security=aes-128-gcm&key=abc&type=srtp#n`,
    { stream: quic('aes-128-gcm', 'abc', 'srtp') },
  ],
  [
    'draft: quic with TLS',
    `vmess://quic+tls:${id}-0@192.0.2.7:443/?security=chacha20-poly1305&key=a%26b&tlsServerName=s.example`,
    {
      stream: {
        ...quic('chacha20-poly1305', 'a&b'),
        security: 'tls',
        tlsSettings: { serverName: 's.example' },
      },
    },
  ],
  [
    'draft: quic with nothing said',
    `vmess://quic:${id}-0@192.0.2.7:443/`,
    { stream: { network: 'quic', quicSettings: { security: 'none' } } },
  ],
  [
    'draft: http is HTTP/2, with bars between hosts',
    `vmess://http+tls:${id}-0@example.com:443/?host=a.example%7Cb.example&path=%2Fray`,
    {
      stream: {
        network: 'http',
        httpSettings: { path: '/ray', host: ['a.example', 'b.example'] },
        security: 'tls',
        tlsSettings: {},
      },
    },
  ],
  [
    'draft: httpupgrade',
    `vmess://httpupgrade+tls:${id}-0@example.com:443/?path=%2Fray&host=a.example`,
    {
      stream: {
        network: 'httpupgrade',
        httpupgradeSettings: { path: '/ray', host: 'a.example' },
        security: 'tls',
        tlsSettings: {},
      },
    },
  ],
  ['network for type', url('network=ws&path=/ray&host=a.example&tls=tls'), { stream: wsTls(undefined, ray) }],
  [
    'net, and type as the header',
    url('net=kcp&type=srtp&seed=abc'),
    { stream: { network: 'kcp', kcpSettings: { header: { type: 'srtp' }, seed: 'abc' } } },
  ],
  [
    'security as the cipher beside tls',
    url('type=tcp&security=auto&tls=1'),
    { stream: tcpTls(), security: 'auto' },
  ],
  ['tls wins over security "none"', url('security=none&tls=tls'), { stream: tcpTls() }],
  [
    '&amp; of web pages',
    url('type=ws&amp;path=/ray&amp;host=a.example&amp;security=tls'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    '&amp; encoded twice',
    url('type=ws&amp;amp;path=/ray&#38;host=a.example&#x26;security=tls'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    '\\u0026 of scripts',
    url('type=ws\\u0026path=\\/ray\\u0026host=a.example\\u0026security=tls'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'percent-encoding twice',
    url('type=ws&path=%252Fray%253Fa%253D1&host=a%252Eexample&security=tls'),
    { stream: wsTls(undefined, { path: '/ray?a=1', headers: { Host: 'a.example' } }) },
  ],
  [
    'full-width characters',
    `vmess：//${id}＠example。com：443？type=ws＆path=／ray＆host＝a.example＆security＝ｔｌｓ`,
    { stream: wsTls(undefined, ray) },
  ],
  [
    'zero-width characters',
    url('type=\u200bws&path=/\u200bray&host=a\u200d.example&sec\u2060urity=tls\ufeff'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'quotes and a comma',
    `"${url('type=ws&path=/ray&host=a.example&security=tls')}",`,
    { stream: wsTls(undefined, ray) },
  ],
  [
    'a full stop behind',
    url('type=ws&path=/ray&host=a.example&security=tls.'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'angle brackets',
    `<${url('type=ws&path=/ray&host=a.example&security=tls')}>`,
    { stream: wsTls(undefined, ray) },
  ],
  [
    'Markdown',
    `[my server](${url('type=ws&path=/ray&host=a.example&security=tls')})`,
    { stream: wsTls(undefined, ray) },
  ],
  [
    'broken by a mail program',
    url('type=ws&path=/ray&host=a.\r\nexample&secu\r\n rity=tls'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'capitals everywhere',
    url('TYPE=WS&PATH=/ray&HOST=a.example&SECURITY=TLS').replace('vmess', 'VMESS'),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'encoded as a whole',
    encodeURIComponent(url('type=ws&path=/ray&host=a.example&security=tls')),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'its query encoded as a whole',
    url(encodeURIComponent('type=ws&path=/ray&host=a.example&security=tls')),
    { stream: wsTls(undefined, ray) },
  ],
  [
    'early data beside the path',
    url('type=ws&path=/ray&ed=2048&eh=Sec-WebSocket-Protocol'),
    { stream: { network: 'ws', wsSettings: { path: '/ray?ed=2048' } } },
  ],
  ['wss', url('type=wss&path=/ray&host=a.example'), { stream: wsTls(undefined, ray) }],
  [
    'an IP with a host, plain TCP',
    `vmess://${id}@192.0.2.7:443?security=tls&host=a.example`,
    { stream: tcpTls('a.example') },
  ],
];

const lineRows: readonly Row[] = [
  [
    'Quantumult',
    base64(
      `n = vmess, 192.0.2.7, 443, chacha20-ietf-poly1305, "${id}", group=g, over-tls=true, tls-host=s.example, certificate=1, obfs=ws, obfs-path="/ray", obfs-header="Host: a.example[Rr][Nn]User-Agent: Mozilla/5.0 (X11, Linux)"`,
    ),
    { stream: wsTls('s.example', ray), security: 'chacha20-poly1305' },
  ],
  [
    'Quantumult: the certificate is not checked, the Host is the server name',
    base64(
      `n=vmess,192.0.2.7,443,none,"${id}",over-tls=true,certificate=0,obfs=ws,obfs-path="/ray",obfs-header="Host: a.example"`,
    ),
    {
      stream: {
        ...wsTls('a.example', ray),
        tlsSettings: { serverName: 'a.example', allowInsecure: true },
      },
      security: 'none',
    },
  ],
  [
    'Quantumult: plain TCP',
    base64(`n = vmess, 192.0.2.7, 443, aes-128-gcm, "${id}"`),
    { security: 'aes-128-gcm' },
  ],
  [
    'Quantumult: an HTTP head',
    base64(
      `n = vmess, 192.0.2.7, 443, none, "${id}", obfs=http, obfs-path="/", obfs-header="Host: a.example"`,
    ),
    { security: 'none' },
  ],
];

function check(rows: readonly Row[]): void {
  for (const [title, link, { security = 'auto', stream, warned }] of rows) {
    test(title, () => {
      const { outbound, warnings } = parseShareLink(link);
      const [user] = outbound.settings.vnext[0].users;
      assert.equal(user.id, id);
      assert.equal(user.security, security);
      if (title.includes('HTTP head')) {
        assert.equal(settingsOfOutbound(outbound).stream.network, 'tcp');
        assert(JSON.stringify(outbound).includes('"header":{"type":"http"'));
      } else {
        assert.deepEqual(outbound.streamSettings, stream);
      }
      settingsOfOutbound(outbound);
      if (warned === undefined) assert.deepEqual(warnings, []);
      else assert.match(warnings.join('\n'), warned);
    });
  }
}

describe("v2rayN's JSON", () => check(jsonRows));
describe('cipher:ID@host:port in base64', () => check(userInfoRows));
describe('the URL forms, and what copying does to them', () => check(urlRows));
describe('lines', () => check(lineRows));

describe('what decides the way and is not understood is refused by name', () => {
  const rows: readonly (readonly [title: string, link: string, message: RegExp])[] = [
    ['a transport under an unknown name', url('type=tcp&wsMode=fast'), /"wsMode", which tsray does not know/],
    ['an unknown parameter of TLS', rayN({ tls: 'tls', 'tls-min-version': '1.3' }), /"tls-min-version"/],
    [
      'a section nobody knows',
      rayN({ net: 'tcp', 'splithttp-opts': { path: '/x' } }),
      /splithttp-opts\.path/,
    ],
    ['two transports', url('network=ws&type=grpc'), /two transports, "ws" and "grpc"/],
    [
      'an unknown transport of Shadowrocket',
      `vmess://${userInfo('auto')}?obfs=pigeon`,
      /transport .* found "pigeon"/,
    ],
    ['REALITY by its key alone', url('type=tcp&pbk=abc&sid=01'), /REALITY/],
    ['draft: REALITY', `vmess://tcp+reality:${id}-0@example.com:443/`, /REALITY/],
    ['draft: another transport', `vmess://xhttp+tls:${id}-0@example.com:443/`, /transport "xhttp"/],
    ['XTLS by its flow', url('type=tcp&security=tls&flow=xtls-rprx-vision'), /XTLS/],
    ['a pinned certificate', url('security=tls&pcs=abc'), /pins the certificate/],
    ['a plugin', url('plugin=obfs-local'), /plugin "obfs-local"/],
    ['a server in front', rayN({ 'dialer-proxy': 'hk' }), /through another proxy/],
    [
      'headers that are none',
      `vmess://${userInfo('auto')}?obfs=websocket&obfsParam=%7B%22Host`,
      /obfsParam\.header/,
    ],
  ];
  for (const [title, link, message] of rows) {
    test(title, () => {
      assert.throws(() => parseShareLink(link), { code: 'ERR_LINK', message });
    });
  }

  test('what does not decide it draws a warning', () => {
    const { warnings } = parseShareLink(rayN({ region: 'CH', sort: 3, mux: 1, tfo: true }));
    assert.equal(warnings.length, 4);
  });
});
