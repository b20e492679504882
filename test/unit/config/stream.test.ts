import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import type { StreamSettings } from '../../../src/transport/stack/stream-settings.js';
import { inboundOf, outboundOf, problemLines, settingsOf } from '../../helper/config.js';

const outbound = (streamSettings: unknown): StreamSettings =>
  outboundOf({ protocol: 'freedom', streamSettings }).stream;
const inbound = (streamSettings: unknown): StreamSettings =>
  inboundOf({ protocol: 'socks', port: 1, streamSettings }).stream;

const sockopt = { acceptProxyProtocol: false };
const pem = { certificate: ['-----BEGIN', 'END-----'], key: ['a', 'b'] };
const ownCertificate = {
  usage: 'encipherment',
  certificate: { pem: '-----BEGIN\nEND-----\n' },
  key: { pem: 'a\nb\n' },
};

/** Problems of one outbound's streamSettings, as `path: message`. */
function problems(role: 'inbound' | 'outbound', streamSettings: unknown): string[] {
  const handler = { protocol: role === 'inbound' ? 'socks' : 'freedom', streamSettings };
  const other = role === 'inbound' ? { protocol: 'freedom' } : { protocol: 'socks', port: 1 };
  const config =
    role === 'inbound'
      ? { inbounds: [{ ...handler, port: 1 }], outbounds: [other] }
      : { inbounds: [other], outbounds: [handler] };
  return problemLines(JSON.stringify(config)).map((line) =>
    line.replace(/^.*streamSettings\.?/, '').replace(/^(?:config.json:\d+:\d+ +)/, ''),
  );
}

test('networks: every name, in any case, with the defaults of each', () => {
  const ws = {
    path: '/',
    headers: {},
    acceptProxyProtocol: false,
    maxEarlyData: 0,
    earlyDataHeaderName: '',
    earlyDataWhole: false,
    trustForwardedFor: false,
    heartbeatSeconds: 0,
  };
  const h2 = {
    hosts: ['www.example.com'],
    path: '/',
    method: 'PUT',
    headers: {},
    readIdleTimeoutSeconds: 0,
    healthCheckTimeoutSeconds: 15,
    trustForwardedFor: false,
  };
  const grpc = {
    serviceName: '',
    multiMode: false,
    idleTimeoutSeconds: 0,
    healthCheckTimeoutSeconds: 0,
    permitWithoutStream: false,
    initialWindowsSize: 0,
    trustForwardedFor: false,
  };
  const kcp = {
    mtu: 1350,
    ttiMs: 50,
    uplinkCapacity: 5,
    downlinkCapacity: 20,
    congestion: false,
    readBufferBytes: 2 * 1024 * 1024,
    writeBufferBytes: 2 * 1024 * 1024,
    header: 'none',
  };
  const httpupgrade = {
    path: '/',
    headers: {},
    acceptProxyProtocol: false,
    earlyDataHeaderName: '',
    maxEarlyData: 0,
    trustForwardedFor: false,
  };
  const tcp = { acceptProxyProtocol: false };
  const table: readonly (readonly [names: readonly string[], expected: object])[] = [
    [['tcp', 'TCP', 'raw'], { network: 'tcp', tcp }],
    [['ws', 'WebSocket'], { network: 'ws', ws }],
    [['http', 'H2'], { network: 'http', h2 }],
    [['grpc', 'gun'], { network: 'grpc', grpc }],
    [['kcp', 'mKCP'], { network: 'kcp', kcp }],
    [['httpupgrade', 'HTTPUpgrade'], { network: 'httpupgrade', httpupgrade }],
  ];
  for (const [names, expected] of table) {
    for (const network of names) assert.deepEqual(outbound({ network }), { ...expected, sockopt }, network);
  }
  for (const network of ['ds', 'DomainSocket']) {
    const unix = { path: '/run/a', abstract: false, padding: false };
    assert.deepEqual(outbound({ network, dsSettings: { path: '/run/a' } }), {
      network: 'domainsocket',
      unix,
      sockopt,
    });
  }
});

test('tcp: the header http with its defaults, and as given', () => {
  const head = (header: unknown) => {
    const stream = outbound({ tcpSettings: { header } });
    return stream.network === 'tcp' ? stream.tcp.httpHead : undefined;
  };
  assert.equal(head({ type: 'none', request: { path: '/a' } }), undefined);
  const byDefault = head({ type: 'HTTP' });
  assert.deepEqual(byDefault?.request.paths, ['/']);
  assert.deepEqual(byDefault?.request.headers[0], ['Host', ['www.baidu.com', 'www.bing.com']]);
  assert.equal(byDefault?.response.status, '200');
  const given = head({
    type: 'http',
    request: {
      version: '1.0',
      method: 'POST',
      path: '/a,b',
      headers: { 'X-B': ['1', '2'], Host: 'example.com, or not' },
    },
    response: { status: '404', reason: 'Nope', headers: { 'X-A': 'y' } },
  });
  assert.deepEqual(given, {
    request: {
      version: '1.0',
      method: 'POST',
      paths: ['/a', '/b'],
      headers: [
        ['Host', ['example.com,']],
        ['X-B', ['1', '2']],
      ],
    },
    response: { version: '1.1', status: '404', reason: 'Nope', headers: [['X-A', ['y']]] },
  });
  assert.deepEqual(outbound({ network: 'raw', rawSettings: { acceptProxyProtocol: true } }), {
    network: 'tcp',
    tcp: { acceptProxyProtocol: true },
    sockopt,
  });
});

test('ws: host from the headers or the key, early data of both kinds', () => {
  const ws = (wsSettings: unknown) => {
    const stream = outbound({ network: 'ws', wsSettings });
    assert.ok(stream.network === 'ws');
    return stream.ws;
  };
  const all = ws({
    path: 'ray',
    headers: { hOsT: 'a.example', 'X-Y': 'z' },
    acceptProxyProtocol: true,
    maxEarlyData: 2048,
    earlyDataHeaderName: 'X-Early',
    parseXForwardedFor: true,
    heartbeatPeriod: 10,
  });
  assert.deepEqual(all, {
    path: '/ray',
    headers: { 'X-Y': 'z' },
    host: 'a.example',
    acceptProxyProtocol: true,
    maxEarlyData: 2048,
    earlyDataHeaderName: 'X-Early',
    earlyDataWhole: false,
    trustForwardedFor: true,
    heartbeatSeconds: 10,
  });
  const both = ws({ host: 'b.example', headers: { Host: 'a.example' } });
  assert.deepEqual([both.host, both.requiredHost], ['b.example', 'b.example']);
  const early = ws({ path: '/ray?a=1&ed=2560&b' });
  assert.equal(early.path, '/ray?a=1&b');
  assert.equal(early.maxEarlyData, 2560);
  assert.equal(early.earlyDataHeaderName, 'Sec-WebSocket-Protocol');
  assert.equal(early.earlyDataWhole, true);
  assert.equal(ws({ path: '/?ed=2048' }).path, '/');
});

test('httpupgrade: ed in the path, and the keys of v2ray 5', () => {
  const get = (httpupgradeSettings: unknown) => {
    const stream = outbound({ network: 'httpupgrade', httpupgradeSettings });
    assert.ok(stream.network === 'httpupgrade');
    return stream.httpupgrade;
  };
  const early = get({ path: '/up?ed=2560', host: 'a.example' });
  // Servers lose what follows the request before their answer, so Xray's `ed` is not sent and changes nothing.
  assert.deepEqual([early.path, early.maxEarlyData], ['/up', 0]);
  assert.deepEqual([early.host, early.requiredHost], ['a.example', 'a.example']);
  const v5 = get({ maxEarlyData: 100, earlyDataHeaderName: 'X', headers: { host: 'b' } });
  assert.deepEqual([v5.maxEarlyData, v5.earlyDataHeaderName, v5.host], [100, 'X', 'b']);
  assert.equal(v5.requiredHost, undefined);
});

test('http: host list in both forms; a server without one answers to any', () => {
  const get = (stream: StreamSettings) => {
    assert.ok(stream.network === 'http');
    return stream.h2;
  };
  const settings = {
    host: 'a.example, b.example',
    path: 'x',
    method: 'POST',
    headers: { A: 'b', C: ['d', 'e'] },
    read_idle_timeout: 10,
    health_check_timeout: 5,
    parseXForwardedFor: true,
  };
  assert.deepEqual(get(outbound({ network: 'h2', httpSettings: settings })), {
    hosts: ['a.example', 'b.example'],
    path: '/x',
    method: 'POST',
    headers: { A: ['b'], C: ['d', 'e'] },
    readIdleTimeoutSeconds: 10,
    healthCheckTimeoutSeconds: 5,
    trustForwardedFor: true,
  });
  assert.deepEqual(get(inbound({ network: 'h2' })).hosts, []);
  assert.deepEqual(get(inbound({ network: 'h2', httpSettings: { host: ['c'] } })).hosts, ['c']);
});

test('grpc, kcp, domainsocket: every key', () => {
  const grpc = outbound({
    network: 'grpc',
    gunSettings: {
      serviceName: 'a',
      multiMode: true,
      idle_timeout: 60,
      health_check_timeout: 20,
      permit_without_stream: true,
      initial_windows_size: 65536,
      authority: 'x',
      user_agent: 'y',
      parseXForwardedFor: true,
    },
  });
  assert.deepEqual(grpc.network === 'grpc' && grpc.grpc, {
    serviceName: 'a',
    multiMode: true,
    idleTimeoutSeconds: 60,
    healthCheckTimeoutSeconds: 20,
    permitWithoutStream: true,
    initialWindowsSize: 65536,
    authority: 'x',
    userAgent: 'y',
    trustForwardedFor: true,
  });
  const kcp = outbound({
    network: 'kcp',
    kcpSettings: {
      mtu: 576,
      tti: 10,
      uplinkCapacity: 1,
      downlinkCapacity: 2,
      congestion: true,
      readBufferSize: 0,
      writeBufferSize: 3,
      header: { type: 'WeChat-Video' },
      seed: 's',
    },
  });
  assert.deepEqual(kcp.network === 'kcp' && kcp.kcp, {
    mtu: 576,
    ttiMs: 10,
    uplinkCapacity: 1,
    downlinkCapacity: 2,
    congestion: true,
    readBufferBytes: 512 * 1024,
    writeBufferBytes: 3 * 1024 * 1024,
    header: 'wechat-video',
    seed: 's',
  });
  const unix = { path: 'name', abstract: true, padding: true };
  const ds = outbound({ network: 'ds', dsSettings: unix });
  assert.deepEqual(ds.network === 'domainsocket' && ds.unix, unix);
});

test('tls: defaults and every key', () => {
  const plain = {
    allowInsecure: false,
    certificates: [],
    enableSessionResumption: false,
    disableSystemRoot: false,
    pinnedPeerCertificateChains: [],
  };
  assert.deepEqual(outbound({ security: 'TLS' }).tls, plain);
  const pin = Buffer.alloc(32, 7);
  const all = inbound({
    security: 'tls',
    tlsSettings: {
      serverName: 'a.example',
      alpn: 'h2, http/1.1',
      allowInsecure: true,
      certificates: [
        pem,
        { certificateFile: '/a.pem', keyFile: '/a.key', certificate: ['unused'] },
        { usage: 'verify', certificate: 'text' },
        { usage: 'Issue', ...pem },
      ],
      enableSessionResumption: true,
      disableSystemRoot: true,
      pinnedPeerCertificateChainSha256: [pin.toString('base64')],
      minVersion: '1.2',
      maxVersion: 'TLS1_3',
      cipherSuites: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:ECDHE-RSA-AES256-GCM-SHA384',
    },
  }).tls;
  assert.deepEqual(all, {
    serverName: 'a.example',
    alpn: ['h2', 'http/1.1'],
    allowInsecure: true,
    certificates: [
      ownCertificate,
      { usage: 'encipherment', certificate: { file: '/a.pem' }, key: { file: '/a.key' } },
      { usage: 'verify', certificate: { pem: 'text' } },
      { ...ownCertificate, usage: 'issue' },
    ],
    enableSessionResumption: true,
    disableSystemRoot: true,
    pinnedPeerCertificateChains: [Uint8Array.from(pin)],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  });
});

test('tls: what cannot work is told', () => {
  assert.deepEqual(problems('inbound', { security: 'tls' }), [
    'tlsSettings.certificates: expected a certificate of this server, found none. Hint: For example [{ "certificateFile": "/etc/ssl/a.pem", "keyFile": "/etc/ssl/a.key" }].',
  ]);
  const tls = (tlsSettings: unknown) => problems('outbound', { security: 'tls', tlsSettings });
  assert.deepEqual(tls({ certificates: [{ certificate: ['x'] }, { usage: 'verify' }] }), [
    'tlsSettings.certificates[0]: expected "keyFile" or "key", found neither. Hint: The private key that belongs to the certificate; only a CA to verify by needs none.',
    'tlsSettings.certificates[1]: expected "certificateFile" or "certificate", found neither. Hint: For example "certificateFile": "/etc/ssl/example.com.pem".',
  ]);
  assert.deepEqual(tls({ minVersion: '1.3', maxVersion: '1.2' }), [
    'tlsSettings.maxVersion: lower than minVersion',
  ]);
  assert.deepEqual(tls({ pinnedPeerCertificateChainSha256: ['AAAA'] }), [
    'tlsSettings.pinnedPeerCertificateChainSha256[0]: expected the base64 of a SHA-256 (44 characters), found "AAAA"',
  ]);
  assert.match(tls({ cipherSuites: 'TLS_NO_SUCH' })[0] ?? '', /Node\.js has no "TLS_NO_SUCH"/);
  assert.match(tls({ certificates: [{ usage: 'verifyclient' }] })[0] ?? '', /verifyclient/);
  // No message shows a key.
  assert.doesNotMatch(tls({ certificates: [{ certificate: ['x'], key: 12345 }] }).join(), /12345/);
});

test('sockopt: keep-alive in seconds, PROXY protocol, and values that ask for nothing', () => {
  const get = (given: unknown) => inbound({ sockopt: given }).sockopt;
  assert.deepEqual(get({ tcpKeepAliveInterval: 30 }), { acceptProxyProtocol: false, keepAliveMs: 30_000 });
  assert.deepEqual(get({ tcpKeepAliveInterval: 30, tcpKeepAliveIdle: 60 }), {
    acceptProxyProtocol: false,
    keepAliveMs: 60_000,
  });
  assert.deepEqual(get({ acceptProxyProtocol: true }), { acceptProxyProtocol: true });
  assert.deepEqual(
    get({
      mark: 0,
      tcpFastOpen: false,
      tproxy: 'off',
      tcpFastOpenQueueLength: 4096,
      domainStrategy: 'AsIs',
      tcpKeepAliveInterval: -1,
      tcpNoDelay: true,
    }),
    { acceptProxyProtocol: false, keepAliveMs: 0 },
  );
});

test('transport: defaults for networks whose settings streamSettings leave out, whole', () => {
  const settings = settingsOf({
    transport: {
      wsSettings: { path: '/default', headers: { A: 'b' } },
      kcpSettings: { seed: 'all' },
      httpSettings: {},
    },
    inbounds: [
      { protocol: 'socks', port: 1, streamSettings: { network: 'ws' } },
      { protocol: 'socks', port: 2, streamSettings: { network: 'h2' } },
    ],
    outbounds: [
      { protocol: 'freedom', streamSettings: { network: 'ws', wsSettings: { path: '/own' } } },
      { protocol: 'freedom', tag: 'b', streamSettings: { network: 'kcp', kcpSettings: null } },
      { protocol: 'freedom', tag: 'c', streamSettings: { network: 'h2' } },
    ],
  });
  const [first, second] = settings.inbounds.map(({ stream }) => stream);
  assert.deepEqual(first?.network === 'ws' && [first.ws.path, first.ws.headers], ['/default', { A: 'b' }]);
  assert.deepEqual(second?.network === 'http' && second.h2.hosts, []);
  const [own, kcp, h2] = settings.outbounds.map(({ stream }) => stream);
  assert.deepEqual(own?.network === 'ws' && [own.ws.path, own.ws.headers], ['/own', {}]);
  assert.equal(kcp?.network === 'kcp' && kcp.kcp.seed, 'all');
  assert.deepEqual(h2?.network === 'http' && h2.h2.hosts, ['www.example.com']);
});

test('listen: paths and abstract names need no port, and mKCP has no use for them', () => {
  const listen = (given: string) => inboundOf({ protocol: 'socks', listen: given });
  for (const name of ['/run/tsray.sock', '@tsray', '@@tsray']) {
    assert.equal(listen(name).listen, name);
    assert.deepEqual(listen(name).ports, [0]);
  }
  const config = {
    inbounds: [{ protocol: 'socks', listen: '/a', streamSettings: { network: 'kcp' } }],
    outbounds: [{ protocol: 'freedom' }],
  };
  assert.match(problemLines(JSON.stringify(config))[0] ?? '', /ERR_CONFIG_CONFLICT .*cannot carry "kcp"/);
});

test('proxySettings: mKCP and Unix sockets cannot go through another outbound', () => {
  const config = {
    inbounds: [{ protocol: 'socks', port: 1 }],
    outbounds: [
      {
        protocol: 'freedom',
        streamSettings: { network: 'kcp' },
        proxySettings: { tag: 'c', transportLayer: true },
      },
      { protocol: 'freedom', tag: 'c' },
    ],
  };
  assert.match(
    problemLines(JSON.stringify(config)).join('\n'),
    /^config.json:1:\d+ {2}ERR_CONFIG_UNSUPPORTED {2}outbounds\[0\]\.proxySettings\.tag: "kcp" cannot go through another outbound/,
  );
});

test('proxySettings: transportLayer keeps the stream settings', () => {
  const settings = settingsOf({
    inbounds: [{ protocol: 'socks', port: 1 }],
    outbounds: [
      { protocol: 'freedom', tag: 'a', proxySettings: { tag: 'c' } },
      { protocol: 'freedom', tag: 'b', proxySettings: { tag: 'c', transportLayer: true } },
      { protocol: 'freedom', tag: 'c' },
    ],
  });
  assert.deepEqual(
    settings.outbounds.map(({ proxyTag, transportLayer }) => [proxyTag, transportLayer]),
    [
      ['c', false],
      ['c', true],
      [undefined, undefined],
    ],
  );
});

test('sockopt: what no firewall can see is warned of and left out', () => {
  const marked = { sockopt: { mark: 7, tproxy: 'tproxy' } };
  const ds = { network: 'domainsocket', dsSettings: { path: '/run/v.sock' } };
  const unused = (config: { inbound?: object; outbound?: object }) => {
    const { inbound = { protocol: 'socks', port: 1 }, outbound = { protocol: 'freedom' } } = config;
    const text = JSON.stringify({
      inbounds: [inbound],
      outbounds: [outbound, { protocol: 'freedom', tag: 'way' }],
    });
    const { settings, warnings } = parseConfig(text);
    const [first] = config.inbound === undefined ? settings!.outbounds : settings!.inbounds;
    assert.deepEqual(Object.keys(first!.stream.sockopt), ['acceptProxyProtocol']);
    return warnings.map(formatProblem).join('\n');
  };
  const path = { protocol: 'socks', listen: '/run/v.sock', streamSettings: marked };
  const why = (key: string) =>
    new RegExp(`sockopt.${key}: has no effect: a Unix socket leaves no packets that a firewall could see`);
  for (const key of ['mark', 'tproxy']) {
    assert.match(unused({ inbound: path }), why(key));
    assert.match(
      unused({ inbound: { protocol: 'socks', port: 1, streamSettings: { ...ds, ...marked } } }),
      why(key),
    );
    assert.match(
      unused({ outbound: { protocol: 'freedom', streamSettings: { ...ds, ...marked } } }),
      why(key),
    );
  }
  const chained = { protocol: 'freedom', proxySettings: { tag: 'way' }, streamSettings: marked };
  assert.match(
    unused({ outbound: chained }),
    /mark: has no effect: the connections go through the outbound "way", whose "sockopt" counts/,
  );
  assert.deepEqual(inbound(marked).sockopt, { acceptProxyProtocol: false, mark: 7, tproxy: 'tproxy' });
});
