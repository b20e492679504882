/** Behaviour of an undisturbed body: round trips, borders, ends, bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyFormat } from '../../../src/proxy/vmess/body/codec.js';
import { requestOption } from '../../../src/proxy/vmess/constants.js';
import { splits } from '../../helper/split.js';
import {
  allFormats,
  type BodyCodecPair,
  countingRandom,
  decodeAll,
  encodeEach,
  hex,
  isAead,
  isChunked,
  nameOf,
  pattern,
  requestKeys,
  responseKeys,
  systemRandom,
  toHex,
} from './pair.js';

const { chunkStream: S, chunkMasking: M, globalPadding: P, authenticatedLength: A } = requestOption;

const payloads = [pattern(1, 1), pattern(700, 2), pattern(64, 3), pattern(1967, 4)];

export function bodyStream(pair: BodyCodecPair): void {
  for (const format of allFormats) {
    test(`${pair.name}: ${nameOf(format)} survives every cut`, () => {
      const packets = format.command === 'udp';
      for (const keys of [requestKeys, responseKeys]) {
        const encoder = pair.encoder(format, keys, systemRandom, { maxChunkPayload: 300 });
        const wires = encodeEach(encoder, payloads, packets);
        const wire = new Uint8Array(Buffer.concat(wires));
        for (const parts of splits(wire)) {
          const decoder = pair.decoder(format, keys);
          const { payload, chunks } = decodeAll(decoder, parts);
          assert.equal(Buffer.compare(payload, Buffer.concat(payloads)), 0);
          assert.equal(decoder.atBoundary, true);
          assert.equal(decoder.failure, undefined);
          assert.equal(decoder.state, isChunked(format) ? 'ended' : 'open');
          if (packets && isChunked(format)) assert.deepEqual(chunks.map(toHex), payloads.map(toHex));
        }
      }
    });
  }

  test(`${pair.name}: the keys handed in stay as they were, also when they are Buffers`, () => {
    for (const format of allFormats) {
      const [key, iv] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
      const keys = { key, iv, requestKey: key, requestIv: iv };
      const wires = encodeEach(pair.encoder(format, keys, systemRandom), payloads);
      decodeAll(pair.decoder(format, keys), wires);
      assert.deepEqual([key, iv], [Buffer.alloc(16, 1), Buffer.alloc(16, 2)]);
    }
  });

  test(`${pair.name}: only a plain body is the same on the wire`, () => {
    for (const format of allFormats) {
      const plain = format.security === 'none' && !isChunked(format);
      assert.equal(pair.encoder(format, requestKeys, systemRandom).passthrough, plain, nameOf(format));
      assert.equal(pair.decoder(format, requestKeys).passthrough, plain, nameOf(format));
    }
  });

  function wireOf(format: BodyFormat): string {
    const encoder = pair.encoder(format, requestKeys, countingRandom);
    return encodeEach(encoder, payloads, format.command === 'udp')
      .map(toHex)
      .join();
  }

  test(`${pair.name}: none ignores padding over TCP and Mux, and honours it over UDP`, () => {
    for (const command of ['tcp', 'mux'] as const) {
      assert.equal(
        wireOf({ security: 'none', options: S | M | P, command }),
        wireOf({ security: 'none', options: S | M, command }),
      );
    }
    assert.notEqual(
      wireOf({ security: 'none', options: S | M | P, command: 'udp' }),
      wireOf({ security: 'none', options: S | M, command: 'udp' }),
    );
  });

  test(`${pair.name}: none and aes-128-cfb ignore authenticated length`, () => {
    for (const security of ['none', 'aes-128-cfb'] as const) {
      for (const options of [0, S, S | M, S | M | P]) {
        for (const command of ['tcp', 'udp', 'mux'] as const) {
          assert.equal(
            wireOf({ security, options: options | A, command }),
            wireOf({ security, options, command }),
          );
        }
      }
    }
  });

  test(`${pair.name}: an AEAD body is chunked whether the option is set or not`, () => {
    for (const format of allFormats) {
      if (!isAead(format)) continue;
      assert.equal(
        wireOf({ ...format, options: format.options | S }),
        wireOf({ ...format, options: format.options & ~S }),
      );
    }
  });

  test(`${pair.name}: a masked length that is sealed is not masked too`, () => {
    for (const security of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
      assert.equal(
        wireOf({ security, options: S | M | A, command: 'tcp' }),
        wireOf({ security, options: S | A, command: 'tcp' }),
      );
    }
  });

  test(`${pair.name}: an empty payload writes nothing and draws nothing`, () => {
    for (const format of allFormats) {
      const encoder = pair.encoder(format, requestKeys, countingRandom);
      assert.equal(encoder.encode(new Uint8Array(0), new Uint8Array(8), 7), 7);
      assert.equal(encoder.encodePacket(new Uint8Array(0), new Uint8Array(8), 7), -1);
      const wires = encodeEach(encoder, payloads, format.command === 'udp');
      assert.equal(wires.map(toHex).join(), wireOf(format), nameOf(format));
    }
  });

  test(`${pair.name}: without the termination signal nothing marks the end`, () => {
    for (const format of allFormats) {
      const encoder = pair.encoder(format, requestKeys, systemRandom, { terminationSignal: false });
      const [wire, end] = encodeEach(encoder, [pattern(100)]);
      assert.equal(end?.length, 0);
      const decoder = pair.decoder(format, requestKeys);
      assert.equal(toHex(decodeAll(decoder, [wire!]).payload), toHex(pattern(100)));
      assert.equal(decoder.state, 'open');
      assert.equal(decoder.atBoundary, true);
    }
  });

  test(`${pair.name}: writes between the offset given and the one returned, within its bound`, () => {
    for (const format of allFormats) {
      for (const maxChunkPayload of [1, 7, 512]) {
        const encoder = pair.encoder(format, requestKeys, systemRandom, { maxChunkPayload });
        for (const length of maxChunkPayload < 512 ? [0, 1, 6, 7, 8, 22] : [511, 512, 513, 1025]) {
          const bound = encoder.maxWireBytes(length);
          const out = new Uint8Array(bound + 10).fill(0xee);
          const first = encoder.encode(pattern(length), out, 5);
          const end = encoder.encodeEnd(out, first);
          assert.ok(end <= 5 + bound, `${nameOf(format)}: ${end - 5} > ${bound}`);
          assert.equal(toHex(out.subarray(0, 5)), 'eeeeeeeeee');
          assert.ok(out.subarray(end).every((byte) => byte === 0xee));
        }
      }
    }
  });

  test(`${pair.name}: sealing a packet stays within the bound and keeps the packet whole`, () => {
    for (const format of allFormats) {
      const encoder = pair.encoder(format, requestKeys, systemRandom, { maxChunkPayload: 100 });
      for (let round = 0; round < 40; round += 1) {
        const bound = encoder.maxWireBytes(1967);
        const out = new Uint8Array(bound + 1).fill(0xee);
        const end = encoder.encodePacket(pattern(1967), out, 0);
        assert.ok(end >= 1967 && end <= bound);
        assert.ok(out.subarray(end).every((byte) => byte === 0xee));
      }
    }
  });

  test(`${pair.name}: the end chunk is known by its size alone, and nothing behind it is read`, () => {
    for (const format of allFormats) {
      if (!isChunked(format)) continue;
      const encoder = pair.encoder(format, requestKeys, systemRandom);
      const [wire, end] = encodeEach(encoder, [pattern(50)], format.command === 'udp');
      const sizeBytes = isAead(format) && (format.options & A) !== 0 ? 18 : 2;
      const decoder = pair.decoder(format, requestKeys);
      decodeAll(decoder, [wire!, end!.subarray(0, sizeBytes)]);
      assert.equal(decoder.state, 'ended', nameOf(format));
      assert.equal(decoder.atBoundary, true);
      for (const later of [end!.subarray(sizeBytes), pattern(3000), new Uint8Array(0)]) {
        assert.equal(decodeAll(decoder, [later]).payload.length, 0);
        assert.equal(decoder.chunkEnds.length, 0);
        assert.equal(decoder.state, 'ended');
      }
    }
  });

  test(`${pair.name}: every encoding call goes on in the same stream`, () => {
    for (const format of allFormats) {
      const whole = pair.encoder(format, requestKeys, countingRandom, { maxChunkPayload: 50 });
      const apart = pair.encoder(format, requestKeys, countingRandom, { maxChunkPayload: 50 });
      const text = pattern(170);
      const expected = encodeEach(whole, [text]).map(toHex).join('');
      const cut = [text.subarray(0, 50), text.subarray(50, 150), text.subarray(150)];
      assert.equal(encodeEach(apart, cut).map(toHex).join(''), expected, nameOf(format));
    }
  });

  test(`${pair.name}: V2Ray's mask comes behind its padding length`, () => {
    // First draws for this IV: padding 6, mask 0x1c8c (vectors, shakeSequence).
    const format: BodyFormat = { security: 'aes-128-gcm', options: S | M | P, command: 'tcp' };
    const [wire] = encodeEach(pair.encoder(format, requestKeys, countingRandom), [hex('00')]);
    assert.equal(toHex(wire!.subarray(0, 2)), (0x1c8c ^ (1 + 16 + 6)).toString(16));
    assert.equal(toHex(wire!.subarray(-6)), '000102030405');
  });
}
