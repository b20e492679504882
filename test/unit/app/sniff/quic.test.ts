import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createQuicSniffer } from '../../../../src/app/sniff/quic.js';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { hexBytes, routingVectors } from '../../../helper/routing-vectors.js';
import { verdictText } from '../../../helper/sniffing.js';

function verdict(datagrams: readonly Uint8Array[], crypto = defaultCrypto()): string {
  const sniffer = createQuicSniffer(crypto);
  let last = 'more';
  for (const datagram of datagrams) {
    last = verdictText(sniffer.push(datagram));
    if (last !== 'more') return last;
  }
  return last;
}

describe('Initial packets of real clients and of our making', () => {
  for (const { name, datagrams, sni } of routingVectors.quic.cases) {
    const bytes = datagrams.map(hexBytes);
    const expected = sni === null ? 'no' : `quic ${sni}`;
    test(name, () => {
      assert.equal(verdict(bytes), expected);
      assert.equal(verdict(bytes, nodeCrypto), expected);
    });

    if (bytes.length > 1) {
      test(`${name}: datagrams in another order, and twice`, () => {
        assert.equal(verdict([...bytes].reverse()), expected);
        assert.equal(verdict([bytes[0]!, bytes[0]!, bytes[1]!]), expected);
      });

      test(`${name}: the first datagram alone wants more`, () => {
        assert.equal(verdict(bytes.slice(0, 1)), 'more');
      });
    }
  }
});

test('a 0-RTT packet between two datagrams of a hello does no harm', () => {
  const [first, second] = routingVectors.quic.cases[0]!.datagrams.map(hexBytes);
  const zeroRtt = first!.slice(0, 200);
  zeroRtt[0] = 0xd0;
  assert.equal(verdict([first!, zeroRtt, second!]), 'quic quic.sniff.test');
});

test('what is no Initial packet of QUIC is told at once', () => {
  const [initial] = routingVectors.quic.cases[1]!.datagrams.map(hexBytes);
  for (const datagram of [
    new Uint8Array(0),
    Uint8Array.of(0x40, 1, 2, 3),
    initial!.slice(0, 30),
    // Another version, and version negotiation.
    Uint8Array.from(initial!, (byte, index) => (index === 4 ? 0x77 : byte)),
    Uint8Array.from(initial!, (byte, index) => (index >= 1 && index <= 4 ? 0 : byte)),
  ]) {
    assert.equal(verdict([datagram]), 'no');
  }
});

test('a client that never finishes its hello is given up', () => {
  const [first] = routingVectors.quic.cases[0]!.datagrams.map(hexBytes);
  const sniffer = createQuicSniffer(defaultCrypto());
  const states = Array.from({ length: 9 }, () => sniffer.push(first!).state);
  assert.equal(states.indexOf('no'), 7);
});
