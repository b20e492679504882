/** Sizes at their borders, and the counter at its wrap. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import type { BodyFormat } from '../../../src/proxy/vmess/body/codec.js';
import { requestOption, type WireSecurity } from '../../../src/proxy/vmess/constants.js';
import { isTsrayError } from './fault.js';
import {
  allFormats,
  type BodyCodecPair,
  countingRandom,
  decodeAll,
  encodeEach,
  isChunked,
  nameOf,
  pattern,
  requestKeys,
  systemRandom,
  toHex,
} from './pair.js';

const { chunkStream: S, chunkMasking: M, globalPadding: P, authenticatedLength: A } = requestOption;

const overhead: Readonly<Record<WireSecurity, number>> = {
  none: 0,
  'aes-128-cfb': 4,
  'aes-128-gcm': 16,
  'chacha20-poly1305': 16,
};
const securities = Object.keys(overhead) as WireSecurity[];

export function bodyLimits(pair: BodyCodecPair): void {
  for (const security of securities) {
    test(`${pair.name}: ${security} carries the largest size value, 65535`, () => {
      const largest = 65535 - overhead[security];
      const format: BodyFormat = { security, options: S | M, command: 'tcp' };
      const encoder = pair.encoder(format, requestKeys, systemRandom, { maxChunkPayload: largest });
      const wires = encodeEach(encoder, [pattern(largest), pattern(3)]);
      assert.equal(wires[0]?.length, 2 + 65535);
      for (const at of [1, 2, 3, 1000, 65536]) {
        const wire = new Uint8Array(Buffer.concat(wires));
        const decoder = pair.decoder(format, requestKeys);
        const { payload, chunks } = decodeAll(decoder, [wire.subarray(0, at), wire.subarray(at)]);
        assert.equal(Buffer.compare(payload, Buffer.concat([pattern(largest), pattern(3)])), 0);
        assert.deepEqual(
          chunks.map((chunk) => chunk.length),
          [largest, 3],
        );
        assert.equal(decoder.state, 'ended');
      }
    });

    test(`${pair.name}: ${security} refuses a limit that the size field cannot hold`, () => {
      const format: BodyFormat = { security, options: S | M | P, command: 'udp' };
      const largest = 65535 - overhead[security] - 63;
      for (const value of [0, -1, 1.5, Number.NaN, largest + 1]) {
        for (const name of ['maxChunkPayload', 'packetLimitBytes'] as const) {
          assert.throws(
            () => pair.encoder(format, requestKeys, systemRandom, { [name]: value }),
            isTsrayError('ERR_INTERNAL'),
          );
        }
      }
      const encoder = pair.encoder(format, requestKeys, systemRandom, { packetLimitBytes: largest });
      const decoder = pair.decoder(format, requestKeys);
      const packets = Array.from({ length: 20 }, (_, index) => pattern(largest, index));
      const { chunks } = decodeAll(decoder, encodeEach(encoder, packets, true));
      assert.equal(chunks.length, 20);
      chunks.forEach((chunk, index) => {
        assert.equal(Buffer.compare(chunk, packets[index]!), 0);
      });
    });
  }

  test(`${pair.name}: a chunk holds 15000 bytes unless told otherwise`, () => {
    for (const format of allFormats) {
      if (!isChunked(format) || format.command === 'udp') continue;
      const wires = encodeEach(pair.encoder(format, requestKeys, systemRandom), [pattern(40_000)]);
      const decoder = pair.decoder(format, requestKeys);
      const { chunks } = decodeAll(decoder, wires);
      assert.deepEqual(
        chunks.map((chunk) => chunk.length),
        [15_000, 15_000, 10_000],
        nameOf(format),
      );
    }
  });

  test(`${pair.name}: a packet over the limit is refused before anything is drawn`, () => {
    for (const format of allFormats) {
      const encoder = pair.encoder(format, requestKeys, countingRandom);
      const other = pair.encoder(format, requestKeys, countingRandom);
      const out = new Uint8Array(8192).fill(0xee);
      assert.equal(encoder.encodePacket(pattern(1968), out, 0), -1);
      assert.equal(encoder.encodePacket(pattern(5000), out, 0), -1);
      assert.ok(out.every((byte) => byte === 0xee));
      // Were the mask or the nonce out of step, these would differ.
      assert.deepEqual(
        encodeEach(encoder, [pattern(1967), pattern(9)], true).map(toHex),
        encodeEach(other, [pattern(1967), pattern(9)], true).map(toHex),
      );
    }
  });

  test(`${pair.name}: the packet limit can be set`, () => {
    const format: BodyFormat = { security: 'aes-128-gcm', options: S | M | P, command: 'udp' };
    const encoder = pair.encoder(format, requestKeys, systemRandom, { packetLimitBytes: 8111 });
    const out = new Uint8Array(encoder.maxWireBytes(8112));
    assert.equal(encoder.encodePacket(pattern(8112), out, 0), -1);
    const end = encoder.encodePacket(pattern(8111), out, 0);
    const decoder = pair.decoder(format, requestKeys);
    const { chunks } = decodeAll(decoder, [out.subarray(0, end)]);
    assert.deepEqual(chunks.map(toHex), [toHex(pattern(8111))]);
  });

  test(`${pair.name}: a size below the overhead is refused`, () => {
    for (const security of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
      for (const size of [0, 1, 15]) {
        const decoder = pair.decoder({ security, options: S, command: 'tcp' }, requestKeys);
        decodeAll(decoder, [Uint8Array.of(0, size)]);
        assert.equal(decoder.state, 'failed');
        assert.equal(decoder.failure?.code, 'ERR_PROTOCOL');
      }
    }
    // First padding for this IV is 6, first mask 0x1c8c.
    for (const [size, state] of [
      [21, 'failed'],
      [22, 'ended'],
      [23, 'open'],
    ] as const) {
      const decoder = pair.decoder(
        { security: 'aes-128-gcm', options: S | M | P, command: 'tcp' },
        requestKeys,
      );
      decodeAll(decoder, [Uint8Array.of(0x1c, 0x8c ^ size)]);
      assert.equal(decoder.state, state);
    }
  });

  test(`${pair.name}: the chunk counter wraps after 65536 chunks`, () => {
    for (const options of [S | M, S | A]) {
      const format: BodyFormat = { security: 'aes-128-gcm', options, command: 'tcp' };
      const encoder = pair.encoder(format, requestKeys, systemRandom, { maxChunkPayload: 1 });
      const decoder = pair.decoder(format, requestKeys);
      const payload = pattern(65538);
      const out = new Uint8Array(encoder.maxWireBytes(payload.length));
      const end = encoder.encode(payload, out, 0);
      const result = decodeAll(decoder, [out.subarray(0, end)]);
      assert.equal(Buffer.compare(result.payload, payload), 0);
      assert.equal(decoder.state, 'open');
      // Chunk 65536 is sealed under the nonce of chunk 0, chunk 65537 under that of chunk 1.
      const chunkBytes = end / 65538;
      for (const [index, counter] of [
        [65535, 'ffff'],
        [65536, '0000'],
        [65537, '0001'],
      ] as const) {
        const nonce = Buffer.concat([Buffer.from(counter, 'hex'), requestKeys.iv.subarray(2, 12)]);
        const cipher = createCipheriv('aes-128-gcm', requestKeys.key, nonce);
        const sealed = Buffer.concat([
          cipher.update(payload.subarray(index, index + 1)),
          cipher.final(),
          cipher.getAuthTag(),
        ]);
        const wire = out.subarray(index * chunkBytes, (index + 1) * chunkBytes);
        assert.equal(toHex(wire.subarray(-17)), toHex(sealed));
      }
    }
  });

  test(`${pair.name}: padding without masking is refused on creation`, () => {
    for (const security of securities) {
      for (const options of [P, S | P, P | A, S | P | A]) {
        for (const command of ['tcp', 'udp', 'mux'] as const) {
          const format: BodyFormat = { security, options, command };
          assert.throws(() => pair.encoder(format, requestKeys, systemRandom), isTsrayError('ERR_PROTOCOL'));
          assert.throws(() => pair.decoder(format, requestKeys), isTsrayError('ERR_PROTOCOL'));
        }
      }
    }
  });
}
