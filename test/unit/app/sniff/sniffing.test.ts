import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GeoData } from '../../../../src/app/geo/geo-data.js';
import { parseIpItem } from '../../../../src/app/router/ip-item.js';
import type { SniffingSettings } from '../../../../src/app/sniff/settings.js';
import { createPacketSniffer, createSniffing, sniffStream } from '../../../../src/app/sniff/sniffing.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { noGeo } from '../../../helper/geo.js';
import { hexBytes, routingVectors } from '../../../helper/routing-vectors.js';
import { latin1Bytes, sniffParts, verdictText } from '../../../helper/sniffing.js';

const off: SniffingSettings = {
  overrides: [],
  metadataOnly: false,
  routeOnly: false,
  domainsExcluded: [],
  ipsExcluded: [],
};
/** What the client asked for. */
const target = parseAddress('127.0.0.9');

const deps: { readonly crypto: ReturnType<typeof defaultCrypto>; readonly geo: GeoData } = {
  crypto: defaultCrypto(),
  geo: noGeo,
};

/** Where tsray differs from v2ray 5, whose verdicts the vectors hold, on purpose. */
const ours: Readonly<Record<string, string>> = {
  // No connection is led to another address by what its client says.
  'http host ip': 'http1',
  'http host v6': 'http1',
  // Names that hosts have, though DNS would rather not.
  'underscore host': 'http1 a_b.test',
  // Parts are waited for until it is decided, however many they are.
  'http split 3 (40ms)': 'http1 www.example.com',
  'http host in body': 'http1 a.test',
};

describe('what v2ray 5 made of the same bytes', () => {
  for (const { name, parts, results } of routingVectors.sniff_tcp.cases) {
    if (typeof parts !== 'object' || parts.some(([delayMs]) => delayMs > 200)) continue;
    test(name, () => {
      const { protocol, target } = results.v5;
      const host = target.replace(/^tcp:(.*):443$/, '$1');
      const domain = host === '1.2.3.4' ? '' : ` ${host}`;
      const names: Readonly<Record<string, string>> = { http: 'http1' };
      const theirs = protocol === 'none' ? 'no' : `${names[protocol] ?? protocol}${domain}`;
      const verdict = verdictText(
        sniffParts(
          sniffStream,
          parts.map(([, text]) => latin1Bytes(text)),
        ),
      );
      // What none of them knew for sure: they wait for the rest of 200 ms, so does `more`.
      const undecided = theirs === 'no' && verdict === 'more';
      if (!undecided) assert.equal(verdict, ours[name] ?? theirs);
    });
  }
});

test('waiting ends as soon as no sniffer can know the protocol any more', () => {
  for (const text of ['SSH-2.0-OpenSSH_9.2\r\n', '\x01\x02\x03\x04', 'HELO mail.test\r\n', '\0']) {
    assert.equal(sniffStream(latin1Bytes(text), 'tcp').state, 'no', JSON.stringify(text));
  }
  for (const text of ['', 'G', 'POST /', '\x16', '\x13Bit']) {
    assert.equal(sniffStream(latin1Bytes(text), 'tcp').state, 'more', JSON.stringify(text));
  }
});

test('a session of datagrams: QUIC over several, BitTorrent in the first', () => {
  const quic = createPacketSniffer(defaultCrypto());
  const [first, second] = routingVectors.quic.cases[0]!.datagrams.map(hexBytes);
  assert.equal(quic.push(first!).state, 'more');
  assert.equal(verdictText(quic.push(second!)), 'quic quic.sniff.test');
  const torrent = createPacketSniffer(defaultCrypto());
  const syn = hexBytes('41001234aabbccdd00000000000f000000010000');
  assert.equal(verdictText(torrent.push(syn)), 'bittorrent');
  const other = createPacketSniffer(defaultCrypto());
  assert.equal(other.push(latin1Bytes('hello')).state, 'no');
  assert.equal(other.push(first!).state, 'no');
});

test('a sniffed name replaces the destination only if its protocol is in destOverride', () => {
  const sniffing = createSniffing({ ...off, overrides: ['http', 'tls'] }, deps);
  assert.equal(sniffing.overrides({ protocol: 'http1', domain: 'a.test' }, target), true);
  assert.equal(sniffing.overrides({ protocol: 'tls', domain: 'a.test' }, target), true);
  assert.equal(sniffing.overrides({ protocol: 'quic', domain: 'a.test' }, target), false);
  assert.equal(sniffing.overrides({ protocol: 'http1' }, target), false);
  assert.equal(createSniffing(off, deps).overrides({ protocol: 'tls', domain: 'a.test' }, target), false);
});

test('domainsExcluded replace nothing', () => {
  const sniffing = createSniffing(
    {
      ...off,
      overrides: ['tls'],
      domainsExcluded: [
        { kind: 'domain', value: 'courier.push.test' },
        { kind: 'keyword', value: 'torrent' },
      ],
    },
    deps,
  );
  assert.equal(sniffing.overrides({ protocol: 'tls', domain: 'x.courier.push.test' }, target), false);
  assert.equal(sniffing.overrides({ protocol: 'tls', domain: 'mytorrent.test' }, target), false);
  assert.equal(sniffing.overrides({ protocol: 'tls', domain: 'push.test' }, target), true);
});

test('ipsExcluded are not replaced; a name and a fake address always may be', () => {
  const item = parseIpItem('127.0.0.0/8');
  assert.ok('kind' in item);
  const sniffing = createSniffing({ ...off, overrides: ['tls', 'fakedns'], ipsExcluded: [item] }, deps);
  const tls = { protocol: 'tls', domain: 'a.test' };
  assert.equal(sniffing.overrides(tls, target), false);
  assert.equal(sniffing.overrides(tls, parseAddress('192.0.2.1')), true);
  assert.equal(sniffing.overrides(tls, parseAddress('b.test')), true);
  assert.equal(sniffing.overrides({ protocol: 'fakedns', domain: 'a.test' }, target), true);
});

test('metadataOnly waits for nothing and looks at fake addresses only', () => {
  const fakeNames = { nameOf: (host: string) => (host === '198.18.0.7' ? 'fake.test' : undefined) };
  const sniffing = createSniffing(
    { ...off, metadataOnly: true, overrides: ['fakedns'] },
    { ...deps, fakeNames },
  );
  assert.equal(sniffing.waitMs, 0);
  assert.equal(sniffing.packets(), undefined);
  assert.equal(sniffing.stream(latin1Bytes('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), 'tcp').state, 'no');
  const at = (host: string) => sniffing.metadata({ destination: { address: { host } } });
  assert.deepEqual(at('198.18.0.7'), { protocol: 'fakedns', domain: 'fake.test' });
  assert.equal(at('198.18.0.8'), undefined);
  assert.equal(sniffing.overrides({ protocol: 'fakedns', domain: 'fake.test' }, target), true);
});

test('no longer than V2Ray is waited for a client that says nothing', () => {
  assert.equal(createSniffing(off, deps).waitMs, 200);
});
