import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { OutboundSettings } from '../../../src/config/settings.js';
import type { LinkCarriage, LinkFields } from '../../../src/config/share-link/fields.js';
import { formatShareLink } from '../../../src/config/share-link/format-share-link.js';
import { outboundOf } from '../../../src/config/share-link/outbound.js';
import { parseShareLink } from '../../../src/config/share-link/share-link.js';
import { type LinkStyle, writeLink } from '../../../src/config/share-link/write.js';
import { TsrayError } from '../../../src/core/errors.js';
import { parseAddress } from '../../../src/core/net/address.js';
import { anyText } from '../../helper/any-text.js';
import { runs } from '../../helper/property-runs.js';

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
const domain = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
const address = fc.oneof(
  domain,
  fc.ipV4(),
  fc.ipV6().map((ip) => parseAddress(ip).host),
);
/** Anything people put into a path or a name, without spaces at its ends. */
const freeText = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .map((text) => Buffer.from(text).toString().trim());
const path = freeText.filter((text) => !/[?&]ed=/.test(text)).map((text) => `/${text}`);
const hosts = fc.array(domain, { maxLength: 3 });
const item = fc.stringMatching(/^\/[\w.~!$'()*;=:@/?#%+-]{0,20}$/);

const carriage: fc.Arbitrary<LinkCarriage> = fc.oneof(
  fc.constant({ network: 'tcp' as const }),
  fc.record({
    network: fc.constant('tcp' as const),
    httpHead: fc.record({ hosts, paths: fc.array(item, { minLength: 1, maxLength: 3 }) }),
  }),
  fc.record({
    network: fc.constantFrom('ws' as const, 'httpupgrade' as const),
    host: fc.oneof(fc.constant(''), domain),
    path,
  }),
  fc.record({ network: fc.constant('http' as const), hosts, path }),
  fc.record({
    network: fc.constant('grpc' as const),
    serviceName: freeText,
    multiMode: fc.boolean(),
    authority: fc.oneof(fc.constant(''), domain),
  }),
  fc.record({
    network: fc.constant('kcp' as const),
    header: fc.constantFrom('none', 'srtp', 'utp', 'wechat-video', 'dtls', 'wireguard'),
    seed: fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => Buffer.from(text).toString()),
  }),
  fc.record({
    network: fc.constant('quic' as const),
    security: fc.constantFrom('none', 'aes-128-gcm', 'chacha20-poly1305'),
    key: fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => Buffer.from(text).toString()),
    header: fc.constantFrom('none', 'srtp', 'utp', 'wechat-video', 'dtls', 'wireguard'),
  }),
);

const tls = fc.record(
  {
    serverName: domain,
    alpn: fc.subarray(['h2', 'http/1.1']),
    allowInsecure: fc.boolean(),
  },
  { requiredKeys: ['alpn', 'allowInsecure'] },
);

const fields: fc.Arbitrary<LinkFields> = fc.record(
  {
    name: freeText,
    address,
    port: fc.integer({ min: 1, max: 65_535 }),
    id: fc.uuid(),
    alterId: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 })),
    security: fc.constantFrom('auto', 'aes-128-gcm', 'chacha20-poly1305', 'none', 'zero', 'aes-128-cfb'),
    carriage,
    tls,
  },
  { requiredKeys: ['name', 'address', 'port', 'id', 'alterId', 'security', 'carriage'] },
);
const style = fc.constantFrom<LinkStyle>('v2rayn', 'url');

/** What an outbound means, with the server name spelt out. */
function meaning(outbound: object): OutboundSettings {
  const { errors, settings } = parseConfig(JSON.stringify({ outbounds: [outbound] }), { strict: true });
  assert.deepEqual(errors, []);
  const [built] = settings?.outbounds ?? [];
  assert(built?.protocol === 'vmess');
  const { stream } = built;
  if (stream.tls === undefined) return built;
  const serverName = stream.tls.serverName ?? built.settings.servers[0]?.address.host ?? '';
  return { ...built, stream: { ...stream, tls: { ...stream.tls, serverName } } };
}

test('what is written in either form is read as the same server', () => {
  fc.assert(
    fc.property(fields, style, (given, form) => {
      const { name, outbound, warnings } = parseShareLink(writeLink(given, form));
      assert.equal(name, given.name);
      assert.deepEqual(warnings, []);
      assert.deepEqual(meaning(outbound), meaning(outboundOf(given)));
    }),
    runs(300),
  );
});

test('an outbound that was read is written as the same link', () => {
  fc.assert(
    fc.property(fields, style, (given, form) => {
      const first = parseShareLink(writeLink(given, form));
      const link = formatShareLink(first.outbound, { name: first.name, style: form });
      const second = parseShareLink(link);
      assert.deepEqual(meaning(second.outbound), meaning(first.outbound));
      assert.equal(formatShareLink(second.outbound, { name: second.name, style: form }), link);
    }),
    runs(150),
  );
});

/** Reads what may be no link. A fault has the one code, and holds no part of the ID. */
function examine(text: string, id: string): void {
  try {
    const { warnings } = parseShareLink(text);
    assertSecret(warnings.join('\n'), id);
  } catch (error) {
    assert(error instanceof TsrayError && error.code === 'ERR_LINK', String(error));
    assertSecret(`${error.message}\n${error.hint ?? ''}`, id);
  }
}

function assertSecret(text: string, id: string): void {
  assert(!text.includes(id), text);
  assert(!text.includes(id.slice(-12)), text);
}

/** Pieces of URLs in any order; fast-check's own URLs take a second to set up. */
const urlSoup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['://', '@', '?', '&', '=', '#', '/', ':', '%', '%40', '%2', '+', ',', '[', ']', '::1'],
      ),
      fc.constantFrom(...['vmess', 'ws', 'tls', 'type', 'path', 'sni', 'host', 'security', 'ed', '443', '1']),
      fc.constant('b831381d-6324-4d53-ad4f-8cda48b30811'),
      domain,
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''));

test('any text is read or refused with ERR_LINK', () => {
  const body = fc.oneof(
    anyText(100),
    fc.json().map((json) => Buffer.from(json).toString('base64')),
    fc
      .dictionary(
        fc.constantFrom('ps', 'add', 'port', 'id', 'aid', 'net', 'type', 'host', 'path', 'tls', 'v', 'scy'),
        fc.jsonValue(),
      )
      .map((object) => Buffer.from(JSON.stringify(object)).toString('base64')),
    urlSoup,
  );
  fc.assert(
    fc.property(body, (text) => {
      examine(`vmess://${text}`, 'no such ID');
      examine(text, 'no such ID');
    }),
    runs(300),
  );
});

test('no message about a damaged link holds the ID', () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.integer({ min: 0, max: 30 }),
    put: fc.string({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fields, style, fc.array(damage, { minLength: 1, maxLength: 3 }), (given, form, damages) => {
      let link = writeLink(given, form);
      for (const { at, drop, put } of damages) {
        const from = Math.floor(at * link.length);
        link = link.slice(0, from) + put + link.slice(from + drop);
      }
      examine(link, given.id);
      // The same with the JSON itself damaged.
      examine(`vmess://${Buffer.from(link).toString('base64')}`, given.id);
    }),
    runs(300),
  );
});
