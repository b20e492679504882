import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sniffTls } from '../../../../src/app/sniff/tls.js';
import { hexBytes, routingVectors } from '../../../helper/routing-vectors.js';
import { inRecords, latin1Bytes, sniffParts, verdictText } from '../../../helper/sniffing.js';
import { splits } from '../../../helper/split.js';

/** Ours differ from the programs' here: hellos over several records are read, an address is no name. */
const expected = (sni: string | null): string => {
  if (sni === null) return 'no';
  return /^[\d.]+$/.test(sni) ? 'tls' : `tls ${sni.toLowerCase()}`;
};

describe('the hellos of real clients', () => {
  for (const { name, sni, hex } of routingVectors.tls.cases) {
    const bytes = hexBytes(hex);
    test(name, () => {
      for (const parts of splits(bytes)) {
        assert.equal(verdictText(sniffParts(sniffTls, parts)), expected(sni));
      }
    });

    test(`${name}: every beginning of it wants more`, () => {
      for (let length = 0; length < bytes.length; length += 1) {
        assert.equal(sniffTls(bytes.subarray(0, length), 'tcp').state, 'more');
      }
    });

    test(`${name}: in records of any length`, () => {
      const whole = hex.startsWith('16030') && !name.includes('2 TLS records');
      if (!whole) return;
      for (const length of [1, 3, 50, 300]) {
        const cut = inRecords(bytes, length);
        assert.equal(verdictText(sniffTls(cut, 'tcp')), expected(sni));
      }
    });
  }
});

test('what is not TLS is told from the first byte on that says so', () => {
  const hello = hexBytes(routingVectors.tls.cases[0]!.hex);
  assert.equal(sniffTls(latin1Bytes('\x17\x03\x03'), 'tcp').state, 'no');
  assert.equal(sniffTls(latin1Bytes('\x16\x02'), 'tcp').state, 'no');
  assert.equal(sniffTls(latin1Bytes('\x16\x03\x01\0\0'), 'tcp').state, 'no');
  assert.equal(sniffTls(latin1Bytes('\x16\x03\x01\xff\xff'), 'tcp').state, 'no');
  assert.equal(sniffTls(latin1Bytes('\x16\x03\x01\0\x05\x02'), 'tcp').state, 'no');
  assert.equal(sniffTls(hello, 'udp').state, 'no');
});

test('a hello whose lengths contradict each other is no hello', () => {
  const hello = hexBytes(routingVectors.tls.cases[0]!.hex);
  const sessionIdAt = 5 + 4 + 2 + 32;
  const broken = hello.slice();
  broken[sessionIdAt] = 0xff;
  broken[sessionIdAt + 256] = 0xff;
  assert.notEqual(sniffTls(broken, 'tcp').state, 'found');
  assert.notEqual(sniffTls(broken, 'tcp').state, 'more');
});
