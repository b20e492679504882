import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsrayError } from '../../../src/core/errors.js';
import { parseAddress } from '../../../src/core/net/address.js';
import { decodePacketAddr, packetAddrHeader, SegmentDecoder } from '../../../src/proxy/packet-addr/codec.js';

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map(parseAddress);
const port = fc.integer({ min: 0, max: 65_535 });
const payload = fc.uint8Array({ maxLength: 2_000 });

test('what is written is read', () => {
  fc.assert(
    fc.property(address, port, payload, (where, number, bytes) => {
      const decoded = decodePacketAddr(Buffer.concat([packetAddrHeader(where, number)!, bytes]))!;
      assert.deepEqual(decoded.address, where);
      assert.equal(decoded.port, number);
      assert.deepEqual(Buffer.from(decoded.payload), Buffer.from(bytes));
    }),
  );
});

test('no bytes bring anything but a packet, nothing, or a typed error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 60 }), (bytes, cut) => {
      decodePacketAddr(bytes);
      const outcome = (parts: readonly Uint8Array[]): unknown => {
        const seen: string[] = [];
        const decoder = new SegmentDecoder();
        try {
          for (const part of parts) decoder.push(part, (one) => seen.push(Buffer.from(one).toString('hex')));
        } catch (error) {
          assert.ok(error instanceof TsrayError && error.code === 'ERR_PROTOCOL');
          return [seen, 'failed'];
        }
        return [seen, decoder.atBoundary];
      };
      assert.deepEqual(outcome([bytes.subarray(0, cut), bytes.subarray(cut)]), outcome([bytes]));
    }),
    { numRuns: 2_000 },
  );
});
