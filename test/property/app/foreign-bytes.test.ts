/** Parsers of bytes that others made: damaged ones end in an error of their own or in a verdict, never in another throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAddresses } from '../../../src/app/geo/geoip.js';
import { decodeSite } from '../../../src/app/geo/geosite.js';
import { indexLists } from '../../../src/app/geo/list-index.js';
import { createQuicSniffer } from '../../../src/app/sniff/quic.js';
import { createPacketSniffer, sniffStream } from '../../../src/app/sniff/sniffing.js';
import { sniffTls } from '../../../src/app/sniff/tls.js';
import { MalformedMessage } from '../../../src/core/protobuf.js';
import { defaultCrypto } from '../../../src/crypto/index.js';
import { hexBytes, routingVectors } from '../../helper/routing-vectors.js';

/** Bytes with some replaced, cut or repeated. */
function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat({ max: Math.max(0, bytes.length - 1) }), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(fc.array(change, { maxLength: 6 }), fc.nat({ max: bytes.length }), fc.boolean())
    .map(([changes, length, twice]) => {
      const copy = bytes.slice();
      for (const [at, value] of changes) copy[at] = value;
      return twice ? new Uint8Array(Buffer.concat([copy, copy])) : copy.subarray(0, length);
    });
}

function orMalformed(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MalformedMessage, String(error));
  }
}

const geosite = hexBytes(routingVectors.geo.geosite.hex);
const geoip = hexBytes(routingVectors.geo.geoip.hex);

test('data files', () => {
  for (const file of [geosite, geoip]) {
    fc.assert(
      fc.property(fc.oneof(damaged(file), fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const read = (at: number, length: number) => bytes.subarray(at, at + length);
        orMalformed(() => {
          for (const { from, length } of indexLists(read, bytes.length).values()) {
            assert.ok(from + length <= bytes.length);
          }
        });
        orMalformed(() => decodeSite(bytes, ['cn']));
        orMalformed(() => decodeSite(bytes, []));
        orMalformed(() => decodeAddresses(bytes));
      }),
      { numRuns: 500 },
    );
  }
});

test('client hellos', () => {
  for (const { hex } of routingVectors.tls.cases) {
    fc.assert(
      fc.property(damaged(hexBytes(hex)), (bytes) => {
        const step = sniffTls(bytes, 'tcp');
        assert.ok(['more', 'no', 'found'].includes(step.state));
      }),
      { numRuns: 200 },
    );
  }
});

test('first bytes of any kind: once it is decided, more bytes change nothing', () => {
  const start = fc.constantFrom('', 'GET ', 'POST / HTTP/1.1\r\n', '\x16\x03\x01', '\x13BitTorrent');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 100 }), (text, rest) => {
      const bytes = new Uint8Array(Buffer.concat([Buffer.from(text, 'latin1'), rest]));
      let decided: string | undefined;
      for (let length = 0; length <= bytes.length; length += 1) {
        const { state } = sniffStream(bytes.subarray(0, length), 'tcp');
        if (decided === 'no') assert.equal(state, 'no');
        decided = state;
      }
    }),
  );
});

test('datagrams that look like QUIC', () => {
  const crypto = defaultCrypto();
  for (const { datagrams } of routingVectors.quic.cases) {
    fc.assert(
      fc.property(damaged(hexBytes(datagrams[0]!)), fc.uint8Array({ maxLength: 100 }), (packet, other) => {
        for (const sniffer of [createQuicSniffer(crypto), createPacketSniffer(crypto)]) {
          for (const each of [packet, other, packet]) {
            assert.ok(['more', 'no', 'found'].includes(sniffer.push(each).state));
          }
        }
      }),
      { numRuns: 50 },
    );
  }
});
