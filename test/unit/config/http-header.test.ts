/** Hosts and headers as they are sent, in every transport that sends some. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanHost, cleanServerName, headerBytes } from '../../../src/config/values/http-header.js';
import type { StreamSettings } from '../../../src/transport/stack/stream-settings.js';
import { inboundOf, outboundOf, problemLines } from '../../helper/config.js';

test('a host is cleaned as Go’s HTTP client does', () => {
  const expected: Readonly<Record<string, string | undefined>> = {
    'example.com': 'example.com',
    ' Example.COM:8443 ': 'Example.COM:8443',
    'example.com/path?x': 'example.com',
    'example.com note': 'example.com',
    'https://example.com/': 'https:',
    '例子.example': 'xn--fsqu00a.example',
    '例子.example:443/x': 'xn--fsqu00a.example:443',
    'münchen.example': 'xn--mnchen-3ya.example',
    '[2001:db8::1]:80': '[2001:db8::1]:80',
    '[fe80::1%eth0]': '[fe80::1]',
    'a.example,b.example': 'a.example,b.example',
    '192.0.2.1': '192.0.2.1',
    '/path': undefined,
    'a"b': undefined,
    'a<b>': undefined,
    'a\r\nX: y': undefined,
    '': undefined,
  };
  for (const [given, host] of Object.entries(expected)) assert.equal(cleanHost(given), host, given);
});

test('names of TLS are punycode, without brackets', () => {
  assert.equal(cleanServerName('例子.example'), 'xn--fsqu00a.example');
  assert.equal(cleanServerName('[2001:db8::1]'), '2001:db8::1');
  assert.equal(cleanServerName('Example.com'), 'Example.com');
});

test('header values are their UTF-8', () => {
  assert.equal(headerBytes('plain'), 'plain');
  assert.equal(headerBytes('é'), '\xc3\xa9');
});

const odd = '例子.example/way note';
const cleaned = 'xn--fsqu00a.example';

type Row = readonly [name: string, streamSettings: (host: string) => object];

/** Each transport that sends a host. */
const transports: readonly Row[] = [
  ['ws', (host) => ({ network: 'ws', wsSettings: { host } })],
  ['ws, in headers', (host) => ({ network: 'ws', wsSettings: { headers: { hOST: host } } })],
  ['httpupgrade', (host) => ({ network: 'httpupgrade', httpupgradeSettings: { host } })],
  [
    'httpupgrade, in headers',
    (host) => ({ network: 'httpupgrade', httpupgradeSettings: { headers: { Host: host } } }),
  ],
  ['h2', (host) => ({ network: 'h2', httpSettings: { host: [host] } })],
  ['h2, a text', (host) => ({ network: 'h2', httpSettings: { host } })],
  ['grpc', (host) => ({ network: 'grpc', grpcSettings: { authority: host } })],
  ['tcp', (host) => ({ tcpSettings: { header: { type: 'http', request: { headers: { Host: [host] } } } } })],
];

function hostOf(stream: StreamSettings): string | undefined {
  switch (stream.network) {
    case 'ws':
      return stream.ws.host;
    case 'httpupgrade':
      return stream.httpupgrade.host;
    case 'http':
      return stream.h2.hosts[0];
    case 'grpc':
      return stream.grpc.authority;
    case 'tcp':
      return stream.tcp.httpHead?.request.headers[0]?.[1][0];
    default:
      return undefined;
  }
}

for (const [name, streamSettings] of transports) {
  test(`${name}: a host is sent cleaned, by both roles, and an impossible one is an error`, () => {
    const outbound = outboundOf({ protocol: 'freedom', streamSettings: streamSettings(odd) }).stream;
    const inbound = inboundOf({ protocol: 'socks', port: 1, streamSettings: streamSettings(odd) }).stream;
    assert.equal(hostOf(outbound), cleaned);
    assert.equal(hostOf(inbound), cleaned);
    for (const wrong of ['/way', 'a"b', 'a\r\nX: y']) {
      const lines = problemLines(
        JSON.stringify({
          inbounds: [{ protocol: 'socks', port: 1 }],
          outbounds: [{ protocol: 'freedom', streamSettings: streamSettings(wrong) }],
        }),
      );
      assert.match(lines[0] ?? '', / {2}ERR_CONFIG_VALUE {2}outbounds\[0\]\.streamSettings\./, wrong);
    }
  });
}

test('headers that cannot be sent are errors where they are written', () => {
  const lines = (streamSettings: object): string =>
    problemLines(
      JSON.stringify({
        inbounds: [{ protocol: 'socks', port: 1, streamSettings }],
        outbounds: [{ protocol: 'freedom' }],
      }),
    ).join('\n');
  assert.match(
    lines({ network: 'ws', wsSettings: { headers: { 'a b': 'x' } } }),
    /expected the name of an HTTP header as key/,
  );
  assert.match(
    lines({ network: 'ws', wsSettings: { headers: { A: 'x\r\nB: c' } } }),
    /expected a text of one line/,
  );
  assert.match(
    lines({ network: 'ws', wsSettings: { headers: { Upgrade: 'h2c' } } }),
    /the transport writes this header itself/,
  );
  assert.match(
    lines({ network: 'httpupgrade', httpupgradeSettings: { headers: { CONNECTION: 'x' } } }),
    /writes this header itself/,
  );
  assert.match(
    lines({ network: 'h2', httpSettings: { headers: { A: ['x\n'] } } }),
    /expected a text of one line/,
  );
  assert.match(
    lines({ network: 'h2', httpSettings: { method: 'PUT /' } }),
    /expected a method such as "GET"/,
  );
  assert.match(
    lines({ network: 'grpc', grpcSettings: { user_agent: 'a\0' } }),
    /expected a text of one line/,
  );
  const head = (request: object) => ({ tcpSettings: { header: { type: 'http', request } } });
  assert.match(lines(head({ method: 'GE\r\nT' })), /expected a method such as "GET"/);
  assert.match(lines(head({ version: '1.1\r\n' })), /expected a version such as "1.1"/);
  assert.match(lines(head({ headers: { A: 'x\r\ny' } })), /expected a text of one line/);
});

test('values beyond ASCII are sent in UTF-8', () => {
  const stream = outboundOf({
    protocol: 'freedom',
    streamSettings: { network: 'ws', wsSettings: { headers: { 'X-A': 'é中' } } },
  }).stream;
  assert.ok(stream.network === 'ws');
  assert.deepEqual(stream.ws.headers, { 'X-A': '\xc3\xa9\xe4\xb8\xad' });
});
