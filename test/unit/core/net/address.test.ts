import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressBytes,
  formatHostPort,
  ipv4FromBytes,
  ipv6FromBytes,
  parseAddress,
} from '../../../../src/core/net/address.js';

test('parses IPv4, IPv6 with and without brackets, and domains', () => {
  assert.deepEqual(parseAddress(' 127.0.0.1 '), { kind: 'ipv4', host: '127.0.0.1' });
  assert.deepEqual(parseAddress('[2001:DB8:0:0:0:0:0:1]'), { kind: 'ipv6', host: '2001:db8::1' });
  assert.deepEqual(parseAddress('::ffff:192.0.2.1'), { kind: 'ipv6', host: '::ffff:c000:201' });
  assert.deepEqual(parseAddress('Example.com'), { kind: 'domain', host: 'Example.com' });
});

test('IPv6 text and bytes agree for RFC 5952 examples', () => {
  const cases: [string, string, string][] = [
    ['2001:db8::1', '20010db8000000000000000000000001', '2001:db8::1'],
    ['::', '00000000000000000000000000000000', '::'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '20010000000000010000000000000001', '2001:0:0:1::1'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001', 'fe80::1'],
  ];
  for (const [text, hex, canonical] of cases) {
    const address = parseAddress(text);
    assert.equal(Buffer.from(addressBytes(address)!).toString('hex'), hex);
    assert.equal(ipv6FromBytes(Buffer.from(hex, 'hex')).host, canonical);
  }
  assert.equal(ipv4FromBytes(Uint8Array.of(1, 2, 3, 4)).host, '1.2.3.4');
});

test('formats host and port with brackets around IPv6 only', () => {
  assert.equal(formatHostPort('::1', 80), '[::1]:80');
  assert.equal(formatHostPort('example.com', 443), 'example.com:443');
});
