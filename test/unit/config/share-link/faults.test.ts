/** Texts that are no links of ours, and what is said about each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseShareLink } from '../../../../src/config/share-link/share-link.js';
import { describeError } from '../../../../src/core/errors.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';

function rayN(more: object): string {
  const object = { v: '2', ps: 'home', add: 'example.com', port: '443', id, aid: '0', ...more };
  return `vmess://${Buffer.from(JSON.stringify(object)).toString('base64')}`;
}

function base64(text: string): string {
  return `vmess://${Buffer.from(text).toString('base64')}`;
}

const rows: readonly (readonly [title: string, link: string, message: RegExp])[] = [
  ['nothing', '', /expected a vmess:\/\/ link, found nothing.*VMess only/],
  ['another text', 'hello', /expected a vmess:\/\/ link, found another text/],
  ['another protocol', `vless://${id}@example.com:443`, /found vless:\/\//],
  ['a subscription', 'https://example.com/sub', /found https:\/\//],
  ['nothing after the scheme', 'vmess://', /found nothing/],
  ['no base64', 'vmess://!!!!', /expected base64 or ID@host:port .* found neither.*cut off/],
  ['base64 of something else', base64('hello'), /expected a JSON object or encryption:ID@host:port/],
  ['JSON that was cut off', rayN({}).slice(0, 60), /one that is not well-formed.*cut off/],
  ["Quantumult's without an ID", base64('home = vmess, example.com, 443, chacha20'), /has no user ID/],
  ['no ID', rayN({ id: '' }), /has no user ID/],
  [
    'an ID with a digit less',
    rayN({ id: id.slice(1) }),
    /expected a UUID \(32 hex digits\) as user ID, found 35/,
  ],
  ['no server', rayN({ add: '' }), /names no server/],
  ['a server with a scheme', rayN({ add: 'https://example.com' }), /IP address or name, found "https:/],
  ['the ID as server', rayN({ add: `${id}!` }), /IP address or name, found a text of 37 characters/],
  ['no port', rayN({ port: undefined }), /a port from 1 to 65535, found nothing/],
  ['port 0', rayN({ port: 0 }), /a port from 1 to 65535, found "0"/],
  ['a port too large', rayN({ port: '65536' }), /a port from 1 to 65535, found "65536"/],
  ['no number as alterId', rayN({ aid: 'x' }), /a whole number from 0 to 65535, found "x"/],
  ['a security of quic', rayN({ net: 'quic', host: 'rot13' }), /as security of QUIC, found "rot13"/],
  ['a header of quic', rayN({ net: 'quic', type: 'http' }), /as header of QUIC, found "http"/],
  ['xhttp', rayN({ net: 'xhttp' }), /asks for the transport "xhttp"/],
  ['an unknown transport', rayN({ net: 'pigeon' }), /"tcp", "ws".* found "pigeon"/],
  ['an unknown header of mKCP', rayN({ net: 'kcp', type: 'dns' }), /as header of mKCP, found "dns"/],
  ['an unknown security', rayN({ tls: 'ssl' }), /"tls" or "none" as security, found "ssl"/],
  [
    'REALITY',
    `vmess://${id}@example.com:443?security=reality&pbk=x`,
    /REALITY, which cannot be had with Node/,
  ],
  ['XTLS', rayN({ tls: 'xtls' }), /XTLS, which cannot be had with Node/],
  ['a URL without host', `vmess://${id}@:443`, /names no server/],
  ['a URL without port', `vmess://${id}@example.com`, /a port from 1 to 65535, found nothing/],
  ['an IPv6 address without a port', `vmess://${id}@2001:db8::1`, /port from 1 to 65535, found "db8::1"/],
  ['an open bracket', `vmess://${id}@[2001:db8::1:443`, /IP address or name, found "\[2001"/],
  ['a link without end', `vmess://${'A'.repeat(70_000)}`, /at most 65536 characters, found 70008/],
];

describe('faults', () => {
  for (const [title, link, message] of rows) {
    test(title, () => {
      assert.throws(
        () => parseShareLink(link),
        (error: unknown) => {
          const text = describeError(error);
          assert.match(text, /^ERR_LINK: /);
          assert.match(text, message);
          assert(!text.includes(id.slice(1)), 'the ID is in the message');
          return true;
        },
      );
    });
  }
});

test('hostile texts take no longer than others', () => {
  const many = 60_000;
  const texts = [
    `vmess://${'='.repeat(many)}x`,
    `vmess://${id}@a${'/'.repeat(many)}\n:1`,
    `vmess://${'%'.repeat(many)}@a:1`,
    `vmess://${id}@a:1?${'&'.repeat(many)}`,
    `vmess://${id}@a:1?sni=${'%c3'.repeat(20_000)}`,
    `vmess://ws:${'-1'.repeat(many / 2)}@a:1`,
    `vmess://${'['.repeat(many)}`,
    base64('['.repeat(40_000)),
    base64('{"a":'.repeat(8_000)),
    base64(`{${'\0'.repeat(40_000)}x`),
    base64(`${' '.repeat(40_000)}@`),
  ];
  for (const text of texts) {
    const start = performance.now();
    try {
      parseShareLink(text);
    } catch (error) {
      assert.match(describeError(error), /^ERR_LINK: /);
    }
    // The square of the length would take several seconds.
    assert(performance.now() - start < 1500, text.slice(0, 30));
  }
});
