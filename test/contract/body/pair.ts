/** An implementation of each half of a body, and what the suites of this folder share. */
import { type RandomSource, systemRandom } from '../../../src/core/random.js';
import { nodeCrypto } from '../../../src/crypto/node.js';
import type {
  BodyDecoder,
  BodyEncoder,
  BodyEncoderOptions,
  BodyFormat,
  BodyKeys,
} from '../../../src/proxy/vmess/body/codec.js';
import { requestOption, type WireSecurity } from '../../../src/proxy/vmess/constants.js';

export interface BodyCodecPair {
  /** `encoder × decoder`, for test names. */
  readonly name: string;
  encoder(
    format: BodyFormat,
    keys: BodyKeys,
    random: RandomSource,
    options?: BodyEncoderOptions,
  ): BodyEncoder;
  decoder(format: BodyFormat, keys: BodyKeys): BodyDecoder;
}

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const requestKey = hex('00112233445566778899aabbccddeeff');
const requestIv = hex('0f1e2d3c4b5a69788796a5b4c3d2e1f0');

/** Keys of a request; a response's differ from the request's. */
export const requestKeys: BodyKeys = { key: requestKey, iv: requestIv, requestKey, requestIv };
export const responseKeys: BodyKeys = {
  key: nodeCrypto.sha256(requestKey).subarray(0, 16),
  iv: nodeCrypto.sha256(requestIv).subarray(0, 16),
  requestKey,
  requestIv,
};

/** Fills with 00 01 02 …, as the vectors' paddings are. */
export const countingRandom: RandomSource = {
  fill(into) {
    for (let index = 0; index < into.length; index += 1) into[index] = index;
    return into;
  },
  below: () => 0,
};

/** A different byte at each place, so that a misplaced one shows. */
export function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed + 1) >>> 0;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const { chunkStream: S, chunkMasking: M, globalPadding: P, authenticatedLength: A } = requestOption;
const securities: readonly WireSecurity[] = ['none', 'aes-128-cfb', 'aes-128-gcm', 'chacha20-poly1305'];

/** Every security with every combination of options that V2Ray takes, for each command. */
export const allFormats: readonly BodyFormat[] = securities.flatMap((security) =>
  [0, S, M, S | M, M | P, S | M | P].flatMap((base) =>
    [base, base | A].flatMap((options) =>
      (['tcp', 'udp', 'mux'] as const).map((command) => ({ security, options, command })),
    ),
  ),
);

export function isAead(format: BodyFormat): boolean {
  return format.security === 'aes-128-gcm' || format.security === 'chacha20-poly1305';
}

/** Whether the body has chunks, and with them an end chunk. */
export function isChunked(format: BodyFormat): boolean {
  return isAead(format) || (format.options & S) !== 0;
}

export function nameOf(format: BodyFormat): string {
  const letters = [
    [S, 'S'],
    [M, 'M'],
    [P, 'P'],
    [A, 'A'],
  ] as const;
  const options = letters.filter(([bit]) => (format.options & bit) !== 0).map(([, letter]) => letter);
  return `${format.security} ${options.join('') || 'no options'} ${format.command}`;
}

export interface Decoded {
  readonly payload: Uint8Array;
  /** The payload cut at the decoder's `chunkEnds`. */
  readonly chunks: readonly Uint8Array[];
}

/** Feeds `parts` one after the other and checks on the way that the decoder keeps to its own bound. */
export function decodeAll(decoder: BodyDecoder, parts: readonly Uint8Array[]): Decoded {
  const pieces: Uint8Array[] = [];
  const chunks: Uint8Array[] = [];
  // A stream without protection may deliver a chunk in parts.
  let chunk: Uint8Array[] = [];
  for (const part of parts) {
    const bound = decoder.maxPayloadBytes(part.length);
    const out = new Uint8Array(bound + 1).fill(0xee);
    // The input is lent: what the decoder keeps of it must be a copy.
    const lent = new Uint8Array(part);
    const written = decoder.push(lent, out);
    lent.fill(0xdd);
    if (written > bound || out[bound] !== 0xee) throw new Error('wrote beyond maxPayloadBytes');
    pieces.push(out.slice(0, written));
    let start = 0;
    for (const end of decoder.chunkEnds) {
      chunks.push(new Uint8Array(Buffer.concat([...chunk, out.subarray(start, end)])));
      chunk = [];
      start = end;
    }
    chunk.push(out.slice(start, written));
  }
  return { payload: new Uint8Array(Buffer.concat(pieces)), chunks };
}

/** Each payload in an `encode` of its own, the end behind them; the wire bytes of each. */
export function encodeEach(
  encoder: BodyEncoder,
  payloads: readonly Uint8Array[],
  packets = false,
): readonly Uint8Array[] {
  const wires = payloads.map((payload) => {
    const out = new Uint8Array(encoder.maxWireBytes(payload.length));
    const end = packets ? encoder.encodePacket(payload, out, 0) : encoder.encode(payload, out, 0);
    return out.slice(0, end);
  });
  const out = new Uint8Array(encoder.maxWireBytes(0));
  return [...wires, out.slice(0, encoder.encodeEnd(out, 0))];
}

export { systemRandom };
