import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../../../../src/core/net/address.js';
import { fnv1a32 } from '../../../../../src/crypto/pure/fnv1a32.js';
import { requestOption } from '../../../../../src/proxy/vmess/constants.js';
import {
  type DecodedRequestHeader,
  decodeRequestHeader,
  encodeRequestHeader,
  type RequestHeader,
  requestHeaderBytes,
} from '../../../../../src/proxy/vmess/header/request.js';
import { fromHex, headerVectors, toHex } from '../../../../helper/header-vectors.js';

const securities = { 1: 'aes-128-cfb', 3: 'aes-128-gcm', 4: 'chacha20-poly1305', 5: 'none' } as const;
const commands = { 1: 'tcp', 2: 'udp', 3: 'mux' } as const;
const kinds = { 1: 'ipv4', 2: 'domain', 3: 'ipv6' } as const;

function fieldsOf(vector: (typeof headerVectors.plainHeader)[number]): RequestHeader {
  const address: Address =
    vector.addressType === null
      ? { kind: 'domain', host: 'v1.mux.cool' }
      : { kind: kinds[vector.addressType as 1], host: vector.addressText! };
  return {
    requestIv: fromHex(vector.requestIv),
    requestKey: fromHex(vector.requestKey),
    responseAuth: vector.responseAuthV,
    options: vector.options,
    security: securities[vector.security as 1],
    command: commands[vector.command as 1],
    address,
    port: vector.port ?? 0,
  };
}

for (const vector of headerVectors.plainHeader) {
  test(`plaintext header ${vector.name}`, () => {
    const fields = fieldsOf(vector);
    const plain = fromHex(vector.plain);
    assert.equal(toHex(encodeRequestHeader(fields, fromHex(vector.padding))), vector.plain);
    assert.deepEqual(decodeRequestHeader(plain), { ok: true, header: fields });
    assert.deepEqual(decodeRequestHeader(fromHex(`${vector.plain}ffff`)), { ok: true, header: fields });
  });

  test(`the length of ${vector.name} is known as soon as it can be, and any shorter input is refused`, () => {
    const plain = fromHex(vector.plain);
    let told = 0;
    for (let length = 0; length < plain.length; length += 1) {
      const next = requestHeaderBytes(plain.subarray(0, length));
      assert.ok(next > length && next >= told && next <= plain.length);
      told = next;
      const decoded = decodeRequestHeader(plain.subarray(0, length));
      assert.equal(decoded.ok, false);
      assert.equal(!decoded.ok && decoded.fault, 'short');
    }
    assert.equal(requestHeaderBytes(plain), plain.length);
    assert.equal(requestHeaderBytes(fromHex(`${vector.plain}ffff`)), plain.length);
  });
}

/** The first vector with other bytes from 34 on and a checksum that fits. */
function forged(tail: string): DecodedRequestHeader {
  const start = fromHex(headerVectors.plainHeader[0]!.plain).subarray(0, 34);
  const plain = Buffer.concat([start, fromHex(tail), Buffer.alloc(4)]);
  plain.writeUInt32BE(fnv1a32(plain.subarray(0, -4)), plain.length - 4);
  return decodeRequestHeader(plain);
}

function domainTail(domain: string): string {
  return `0d03000101bb02${Buffer.from([domain.length]).toString('hex')}${Buffer.from(domain).toString('hex')}`;
}

function fault(decoded: DecodedRequestHeader): string {
  return decoded.ok ? 'none' : `${decoded.fault} ${decoded.error.code}`;
}

test('a domain has letters, digits, dash, dot and underscore only (docs/wire-format.md, section 3)', () => {
  for (const domain of ['a', 'EXAMPLE.com', 'a-b_c.d', '1x.example', `${'n'.repeat(255)}`]) {
    const decoded = forged(domainTail(domain));
    assert.deepEqual(decoded.ok && decoded.header.address, { kind: 'domain', host: domain });
  }
  for (const domain of ['', 'a b', 'exa\0mple', 'a/b', 'x:1', '[::1', 'ex%61mple']) {
    assert.equal(fault(forged(domainTail(domain))), 'address ERR_PROTOCOL', domain);
  }
  assert.equal(fault(forged('0d03000101bb0202c3bc')), 'address ERR_PROTOCOL');
});

test('a domain that looks like an IP becomes one (docs/wire-format.md, section 3)', () => {
  const cases: [string, Address | undefined][] = [
    ['1.2.3.4', { kind: 'ipv4', host: '1.2.3.4' }],
    ['[::1]', { kind: 'ipv6', host: '::1' }],
    ['2001:DB8::1', { kind: 'ipv6', host: '2001:db8::1' }],
    ['[::ffff:10.0.0.1]', { kind: 'ipv4', host: '10.0.0.1' }],
    ['1.2.3', { kind: 'domain', host: '1.2.3' }],
    ['fe80::1', undefined],
  ];
  for (const [text, expected] of cases) {
    const decoded = forged(domainTail(text));
    assert.deepEqual(decoded.ok ? decoded.header.address : undefined, expected, text);
  }
});

test('IPv4 inside IPv6 is taken for IPv4', () => {
  const decoded = forged('0d03000101bb0300000000000000000000ffff7f000001');
  assert.deepEqual(decoded.ok && decoded.header.address, { kind: 'ipv4', host: '127.0.0.1' });
});

test('unknown commands and address types are refused, after the checksum', () => {
  assert.equal(fault(forged('0d030000')), 'address ERR_PROTOCOL');
  assert.equal(fault(forged('0d030004')), 'address ERR_PROTOCOL');
  assert.equal(fault(forged('0d03000101bb04')), 'address ERR_PROTOCOL');
  assert.equal(fault(forged('0d03000101bb00')), 'address ERR_PROTOCOL');
});

test('security 0 is aes-128-cfb; auto, zero and undefined values are refused (docs/wire-format.md, section 3)', () => {
  const expected = ['aes-128-cfb', 'aes-128-cfb', '', 'aes-128-gcm', 'chacha20-poly1305', 'none'];
  for (let value = 0; value < 16; value += 1) {
    const decoded = forged(`0d0${value.toString(16)}000101bb017f000001`);
    const security = expected[value] ?? '';
    if (security === '') assert.equal(fault(decoded), 'security ERR_PROTOCOL');
    else assert.equal(decoded.ok && decoded.header.security, security);
  }
});

test('neither version nor reserved byte is judged (docs/wire-format.md, section 3)', () => {
  const decoded = forged('0d03ff0101bb017f000001');
  assert.ok(decoded.ok);
  const plain = Buffer.from(headerVectors.plainHeader[0]!.plain, 'hex');
  plain[0] = 9;
  plain.writeUInt32BE(fnv1a32(plain.subarray(0, -4)), plain.length - 4);
  assert.ok(decodeRequestHeader(plain).ok);
});

test('a flipped bit anywhere is refused or changes a field: never an exception', () => {
  const vector = headerVectors.plainHeader[0]!;
  for (let bit = 0; bit < fromHex(vector.plain).length * 8; bit += 1) {
    const plain = fromHex(vector.plain);
    plain[bit >>> 3]! ^= 1 << (bit & 7);
    const decoded = decodeRequestHeader(plain);
    assert.equal(decoded.ok, false);
    assert.ok(!decoded.ok && (decoded.fault === 'checksum' || decoded.fault === 'short'));
  }
});

test('a domain over 255 bytes is refused when written: its length byte would wrap', () => {
  const fields = fieldsOf(headerVectors.plainHeader[0]!);
  const none = new Uint8Array(0);
  const withHost = (host: string): RequestHeader => ({ ...fields, address: { kind: 'domain', host } });
  assert.equal(encodeRequestHeader(withHost('d'.repeat(255)), none).length, 38 + 3 + 1 + 255 + 4);
  for (const host of ['d'.repeat(256), 'ü'.repeat(128), '']) {
    assert.throws(() => encodeRequestHeader(withHost(host), none), { code: 'ERR_LIMIT' });
  }
});

test('the options of the vectors are the documented bits', () => {
  const { chunkStream, chunkMasking, globalPadding, authenticatedLength } = requestOption;
  const all = chunkStream | chunkMasking | globalPadding;
  assert.equal(headerVectors.plainHeader[0]!.options, all);
  assert.equal(headerVectors.plainHeader[1]!.options, all | authenticatedLength);
});
