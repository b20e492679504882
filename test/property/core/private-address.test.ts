import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipv4FromBytes, ipv6FromBytes } from '../../../src/core/net/address.js';
import { isPrivateAddress } from '../../../src/core/net/private-address.js';

const four = fc.uint8Array({ minLength: 4, maxLength: 4 });

/** The ranges once more, as arithmetic on the four bytes. */
function expectedIPv4([a = 0, b = 0, c = 0, d = 0]: Uint8Array): boolean {
  return (
    a === 0 ||
    a === 10 ||
    (a === 100 && b >= 64 && b < 128) ||
    a === 127 ||
    (a === 168 && b === 63 && c === 129 && d === 16) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 0 && c === 0) ||
    (a === 192 && b === 168) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  );
}

/** Addresses near the edges of ranges are drawn as often as any. */
const edges = fc
  .tuple(
    fc.constantFrom(0, 1, 9, 10, 11, 99, 100, 101, 126, 127, 128, 168, 169, 172, 192, 198, 223, 224, 255),
    fc.constantFrom(0, 1, 15, 16, 17, 18, 19, 20, 31, 32, 63, 64, 127, 128, 167, 168, 169, 253, 254, 255),
    fc.constantFrom(0, 1, 129, 169, 254, 255),
    fc.constantFrom(0, 1, 15, 16, 17, 254, 255),
  )
  .map((bytes) => Uint8Array.from(bytes));

test('an IPv4 address is private exactly inside the ranges', () => {
  fc.assert(
    fc.property(fc.oneof(four, edges), (bytes) => {
      assert.equal(isPrivateAddress(ipv4FromBytes(bytes)), expectedIPv4(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('IPv6 forms of an IPv4 address are private exactly when it is', () => {
  const forms: ((v4: Uint8Array, rest: Uint8Array) => number[])[] = [
    (v4) => [...new Array<number>(10).fill(0), 0xff, 0xff, ...v4],
    (v4) => [0, 0x64, 0xff, 0x9b, ...new Array<number>(8).fill(0), ...v4],
    (v4, rest) => [0x20, 0x02, ...v4, ...rest],
  ];
  // The rest of a 6to4 address must not itself be the identifier of ISATAP.
  const rest = fc
    .uint8Array({ minLength: 10, maxLength: 10 })
    .filter((bytes) => !(bytes[4] === 0x5e && bytes[5] === 0xfe));
  fc.assert(
    fc.property(fc.oneof(four, edges), rest, fc.constantFrom(...forms), (v4, tail, form) => {
      const address = ipv6FromBytes(Uint8Array.from(form(v4, tail)));
      assert.equal(isPrivateAddress(address), isPrivateAddress(ipv4FromBytes(v4)));
    }),
    { numRuns: 1000 },
  );
});

test('any address of a private IPv6 range is private', () => {
  const tail = fc.uint8Array({ minLength: 14, maxLength: 14 });
  const head = fc.oneof(
    fc.tuple(fc.constantFrom(0xfc, 0xfd, 0xff), fc.integer({ min: 0, max: 255 })),
    fc.tuple(fc.constant(0xfe), fc.integer({ min: 0x80, max: 0xff })),
  );
  fc.assert(
    fc.property(head, tail, (first, rest) => {
      assert.ok(isPrivateAddress(ipv6FromBytes(Uint8Array.from([...first, ...rest]))));
    }),
  );
});

test('other global unicast addresses are not private', () => {
  const bytes = fc
    .tuple(fc.integer({ min: 0x24, max: 0x3f }), fc.uint8Array({ minLength: 15, maxLength: 15 }))
    .map(([first, rest]) => Uint8Array.from([first, ...rest]))
    .filter((address) => !(address[10] === 0x5e && address[11] === 0xfe));
  fc.assert(fc.property(bytes, (address) => assert.equal(isPrivateAddress(ipv6FromBytes(address)), false)));
});
