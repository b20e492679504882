/** Bodies cut short or changed on the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, TsrayError } from '../../../src/core/errors.js';
import type { BodyFormat } from '../../../src/proxy/vmess/body/codec.js';
import { requestOption } from '../../../src/proxy/vmess/constants.js';
import {
  allFormats,
  type BodyCodecPair,
  countingRandom,
  decodeAll,
  encodeEach,
  isAead,
  isChunked,
  nameOf,
  pattern,
  requestKeys,
  toHex,
} from './pair.js';

const { chunkStream: S, chunkMasking: M, globalPadding: P, authenticatedLength: A } = requestOption;

export function isTsrayError(code: ErrorCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof TsrayError && thrown.code === code;
}

const payloads = [pattern(5, 1), pattern(40, 2), pattern(17, 3)];

export function bodyFaults(pair: BodyCodecPair): void {
  for (const format of allFormats) {
    if (!isChunked(format)) continue;

    test(`${pair.name}: ${nameOf(format)} cut at any byte: a boundary only between chunks`, () => {
      const encoder = pair.encoder(format, requestKeys, countingRandom);
      const wires = encodeEach(encoder, payloads, format.command === 'udp');
      const wire = new Uint8Array(Buffer.concat(wires));
      const borders = new Map<number, number>([[0, 0]]);
      let wireBytes = 0;
      let payloadBytes = 0;
      payloads.forEach((payload, index) => {
        wireBytes += wires[index]!.length;
        payloadBytes += payload.length;
        borders.set(wireBytes, payloadBytes);
      });
      const immediate = format.security === 'none' && format.command !== 'udp';
      let whole = 0;
      for (let cut = 0; cut <= wireBytes; cut += 1) {
        whole = borders.get(cut) ?? whole;
        const decoder = pair.decoder(format, requestKeys);
        const { payload } = decodeAll(decoder, [wire.subarray(0, cut)]);
        assert.equal(decoder.state, 'open');
        assert.equal(decoder.atBoundary, borders.has(cut), `cut at ${cut}`);
        assert.equal(Buffer.compare(payload, Buffer.concat(payloads).subarray(0, payload.length)), 0);
        if (immediate) assert.ok(payload.length >= whole);
        else assert.equal(payload.length, whole, `cut at ${cut}`);
      }
    });
  }

  for (const format of allFormats) {
    if (!isAead(format)) continue;

    test(`${pair.name}: ${nameOf(format)} with a flipped bit yields no changed payload`, () => {
      const encoder = pair.encoder(format, requestKeys, countingRandom);
      const wires = encodeEach(encoder, payloads, format.command === 'udp');
      const wire = new Uint8Array(Buffer.concat(wires));
      const sizeBytes = (format.options & A) !== 0 ? 18 : 2;
      let chunkAt = 0;
      let before = 0;
      payloads.forEach((payload, index) => {
        for (let at = 0; at < wires[index]!.length; at += 1) {
          const changed = wire.slice();
          changed[chunkAt + at]! ^= 1 << (at & 7);
          const decoder = pair.decoder(format, requestKeys);
          const result = decodeAll(decoder, [changed]).payload;
          const where = `byte ${at} of chunk ${index}`;
          if (at >= sizeBytes + payload.length + 16) {
            assert.equal(decoder.state, 'ended', `${where} is padding`);
            continue;
          }
          assert.equal(toHex(result), toHex(Buffer.concat(payloads).subarray(0, before)), where);
          if (at >= sizeBytes || sizeBytes === 18) {
            assert.equal(decoder.state, 'failed', where);
            assert.equal(decoder.failure?.code, 'ERR_INTEGRITY', where);
          } else if (decoder.state === 'failed') {
            assert.ok(decoder.failure instanceof TsrayError);
          }
        }
        chunkAt += wires[index]!.length;
        before += payload.length;
      });
    });
  }

  test(`${pair.name}: a wrong checksum under aes-128-cfb is fatal`, () => {
    for (const options of [S, S | M, S | M | P]) {
      const format: BodyFormat = { security: 'aes-128-cfb', options, command: 'tcp' };
      const wires = encodeEach(pair.encoder(format, requestKeys, countingRandom), payloads);
      const changed = new Uint8Array(Buffer.concat(wires));
      // The last payload byte of the second chunk: a later one cannot repair it, since CFB errors stay local.
      changed[wires[0]!.length + 2 + 4 + payloads[1]!.length - 1]! ^= 0x10;
      const decoder = pair.decoder(format, requestKeys);
      assert.equal(toHex(decodeAll(decoder, [changed]).payload), toHex(payloads[0]!));
      assert.equal(decoder.state, 'failed');
      assert.equal(decoder.failure?.code, 'ERR_INTEGRITY');
    }
  });

  test(`${pair.name}: many chunks in one read are delivered up to the bad one, and nothing after it`, () => {
    const texts = Array.from({ length: 40 }, (_, index) => pattern(100 + index, index));
    for (const security of ['aes-128-gcm', 'chacha20-poly1305', 'aes-128-cfb'] as const) {
      const format: BodyFormat = { security, options: S | M, command: 'tcp' };
      const wires = encodeEach(pair.encoder(format, requestKeys, countingRandom), texts);
      for (const bad of [0, 1, 2, 20, 38, 39]) {
        const parts = wires.map((wire) => wire.slice());
        parts[bad]![parts[bad]!.length - 1]! ^= 1;
        const decoder = pair.decoder(format, requestKeys);
        const { payload, chunks } = decodeAll(decoder, [new Uint8Array(Buffer.concat(parts))]);
        assert.equal(Buffer.compare(payload, Buffer.concat(texts.slice(0, bad))), 0);
        assert.equal(chunks.length, bad);
        assert.equal(decoder.state, 'failed');
        assert.equal(decoder.failure?.code, 'ERR_INTEGRITY');
        // It stays failed: a good continuation is not taken.
        assert.equal(decodeAll(decoder, [wires[bad + 1]!]).payload.length, 0);
        assert.equal(decoder.state, 'failed');
      }
    }
  });

  test(`${pair.name}: chunks in another order, repeated or left out are refused`, () => {
    const texts = Array.from({ length: 12 }, (_, index) => pattern(80, index));
    for (const security of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
      const format: BodyFormat = { security, options: S, command: 'tcp' };
      const wires = encodeEach(pair.encoder(format, requestKeys, countingRandom), texts).slice(0, 12);
      const swapped = wires.slice();
      [swapped[4], swapped[5]] = [wires[5]!, wires[4]!];
      const repeated = [...wires.slice(0, 5), wires[4]!, ...wires.slice(5)];
      const missing = [...wires.slice(0, 4), ...wires.slice(5)];
      for (const [parts, good] of [
        [swapped, 4],
        [repeated, 5],
        [missing, 4],
      ] as const) {
        const decoder = pair.decoder(format, requestKeys);
        const { payload } = decodeAll(decoder, [new Uint8Array(Buffer.concat(parts))]);
        assert.equal(Buffer.compare(payload, Buffer.concat(texts.slice(0, good))), 0);
        assert.equal(decoder.state, 'failed');
      }
    }
  });

  test(`${pair.name}: the other direction's keys, or another request's, open nothing`, () => {
    const format: BodyFormat = { security: 'aes-128-gcm', options: S, command: 'tcp' };
    const [wire] = encodeEach(pair.encoder(format, requestKeys, countingRandom), [pattern(30)]);
    for (const part of ['key', 'iv'] as const) {
      const changed = requestKeys[part].slice();
      changed[5]! ^= 1;
      const decoder = pair.decoder(format, { ...requestKeys, [part]: changed });
      assert.equal(decodeAll(decoder, [wire!]).payload.length, 0);
      assert.equal(decoder.state, 'failed');
    }
  });

  test(`${pair.name}: padding bytes may be anything`, () => {
    const format: BodyFormat = { security: 'aes-128-gcm', options: S | M | P, command: 'tcp' };
    const [wire] = encodeEach(pair.encoder(format, requestKeys, countingRandom), [pattern(30)]);
    const changed = wire!.slice();
    changed.fill(0xff, -6);
    const decoder = pair.decoder(format, requestKeys);
    assert.equal(toHex(decodeAll(decoder, [changed]).payload), toHex(pattern(30)));
    assert.equal(decoder.state, 'open');
  });
}
