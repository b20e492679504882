/** Bodies made by the reference's format, byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../../src/crypto/node.js';
import type { BodyFormat, BodyKeys } from '../../../src/proxy/vmess/body/codec.js';
import { type Command, commandByte, type WireSecurity } from '../../../src/proxy/vmess/constants.js';
import { readVectors } from '../../helper/project.js';
import { splits } from '../../helper/split.js';
import { type BodyCodecPair, countingRandom, decodeAll, encodeEach, hex, toHex } from './pair.js';

interface BodyVector {
  readonly name: string;
  readonly security: WireSecurity;
  readonly options: number;
  readonly command: number;
  readonly headerMode: 'aead' | 'legacy';
  readonly bodyKey: string;
  readonly bodyIv: string;
  readonly chunks: readonly { readonly payload: string; readonly wire: string }[];
  readonly stream: string;
}

interface Vectors {
  readonly body: readonly BodyVector[];
  readonly sessionKeys: { readonly requestKey: string; readonly requestIv: string };
  readonly responseHeader: readonly {
    readonly mode: string;
    readonly plain: string;
    readonly wire: string;
  }[];
}

const vectors = readVectors<Vectors>('vmess.json');

function formatOf(vector: BodyVector): BodyFormat {
  const command = (Object.keys(commandByte) as Command[]).find(
    (name) => commandByte[name] === vector.command,
  );
  assert.ok(command !== undefined);
  return { security: vector.security, options: vector.options, command };
}

/** After a legacy response header the body goes on in the header's CFB stream. */
function keysOf(vector: BodyVector, direction: 'encode' | 'decode'): BodyKeys {
  const key = hex(vector.bodyKey);
  const iv = hex(vector.bodyIv);
  const keys = {
    key,
    iv,
    requestKey: hex(vectors.sessionKeys.requestKey),
    requestIv: hex(vectors.sessionKeys.requestIv),
  };
  if (vector.headerMode === 'aead') return keys;
  const header = vectors.responseHeader.find((entry) => entry.mode === 'legacy');
  assert.ok(header !== undefined);
  const encode = direction === 'encode';
  const stream = encode ? nodeCrypto.cfbEncryptor(key, iv) : nodeCrypto.cfbDecryptor(key, iv);
  stream.update(hex(encode ? header.plain : header.wire));
  return { ...keys, stream };
}

export function bodyVectors(pair: BodyCodecPair): void {
  assert.ok(vectors.body.length > 0);
  for (const vector of vectors.body) {
    const format = formatOf(vector);
    const payloads = vector.chunks.map((chunk) => hex(chunk.payload)).filter((bytes) => bytes.length > 0);

    test(`${pair.name}: encodes vector ${vector.name} to the byte`, () => {
      const encoder = pair.encoder(format, keysOf(vector, 'encode'), countingRandom);
      const wires = encodeEach(encoder, payloads, format.command === 'udp');
      assert.deepEqual(
        wires.map(toHex),
        vector.chunks.map((chunk) => chunk.wire),
      );
    });

    test(`${pair.name}: decodes vector ${vector.name} however it is cut`, () => {
      for (const parts of splits(hex(vector.stream))) {
        const decoder = pair.decoder(format, keysOf(vector, 'decode'));
        const { payload, chunks } = decodeAll(decoder, parts);
        assert.equal(toHex(payload), payloads.map(toHex).join(''));
        assert.deepEqual(chunks.map(toHex), payloads.map(toHex));
        assert.equal(decoder.state, 'ended');
        assert.equal(decoder.atBoundary, true);
      }
    });
  }
}
