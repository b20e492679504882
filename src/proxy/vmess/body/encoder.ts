/** Payload to wire: the writing half of a body (docs/wire-format.md, section 6). */
import type { RandomSource } from '../../../core/random.js';
import type { CryptoProvider, StreamCipher } from '../../../crypto/provider.js';
import { type ChunkCipher, chunkCipher } from './cipher.js';
import {
  type BodyEncoder,
  type BodyEncoderLimits,
  type BodyFormat,
  type BodyKeys,
  countsChunks,
} from './codec.js';
import type { BodyLayout } from './layout.js';
import { maxPaddingBytes } from './layout.js';
import { ChunkLengths } from './length.js';

const empty = new Uint8Array(0);

export class ChunkEncoder implements BodyEncoder {
  readonly passthrough = false;
  readonly #limits: BodyEncoderLimits;
  readonly #overheadBytes: number;
  /** Largest difference between a chunk and its payload. */
  readonly #chunkExtraBytes: number;
  readonly #lengthBytes: number;
  readonly #lengths: ChunkLengths;
  readonly #cipher: ChunkCipher;
  /** aes-128-cfb: everything, sizes included, passes through it. */
  readonly #stream: StreamCipher | undefined;
  readonly #random: RandomSource;
  readonly #counts: boolean;
  chunks = 0;

  constructor(
    layout: BodyLayout,
    format: BodyFormat,
    keys: BodyKeys,
    crypto: CryptoProvider,
    random: RandomSource,
    limits: BodyEncoderLimits,
  ) {
    this.#limits = limits;
    this.#overheadBytes = layout.overheadBytes;
    this.#lengthBytes = layout.lengthBytes;
    this.#chunkExtraBytes = layout.lengthBytes + layout.overheadBytes + (layout.padded ? maxPaddingBytes : 0);
    this.#lengths = new ChunkLengths(layout, format.security, keys, crypto);
    this.#cipher = chunkCipher(format.security, keys, crypto);
    this.#stream =
      format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbEncryptor(keys.key, keys.iv)) : undefined;
    this.#random = random;
    this.#counts = countsChunks(format);
  }

  maxWireBytes(payloadBytes: number): number {
    const chunks = Math.ceil(payloadBytes / this.#limits.maxChunkPayload) + 1;
    return payloadBytes + chunks * this.#chunkExtraBytes;
  }

  encode(payload: Uint8Array, out: Uint8Array, offset: number): number {
    const step = this.#limits.maxChunkPayload;
    let end = offset;
    if (payload.length <= step) {
      if (payload.length > 0) end = this.#chunk(payload, out, end);
    } else {
      for (let at = 0; at < payload.length; at += step) {
        end = this.#chunk(payload.subarray(at, at + step), out, end);
      }
    }
    return this.#encrypted(out, offset, end);
  }

  encodePacket(packet: Uint8Array, out: Uint8Array, offset: number): number {
    if (packet.length === 0 || packet.length > this.#limits.packetLimitBytes) return -1;
    return this.#encrypted(out, offset, this.#chunk(packet, out, offset));
  }

  encodeEnd(out: Uint8Array, offset: number): number {
    if (!this.#limits.terminationSignal) return offset;
    return this.#encrypted(out, offset, this.#chunk(empty, out, offset));
  }

  /** What there is to free goes with this object. */
  close(): void {}

  #chunk(payload: Uint8Array, out: Uint8Array, offset: number): number {
    if (this.#counts) this.chunks += 1;
    const paddingBytes = this.#lengths.nextPadding();
    const sealedBytes = payload.length + this.#overheadBytes;
    this.#lengths.write(sealedBytes + paddingBytes, out, offset);
    const sealedAt = offset + this.#lengthBytes;
    this.#cipher.seal(payload, out, sealedAt);
    const paddingAt = sealedAt + sealedBytes;
    if (paddingBytes === 0) return paddingAt;
    this.#random.fill(out.subarray(paddingAt, paddingAt + paddingBytes));
    return paddingAt + paddingBytes;
  }

  #encrypted(out: Uint8Array, start: number, end: number): number {
    if (this.#stream !== undefined && end > start) {
      out.set(this.#stream.update(out.subarray(start, end)), start);
    }
    return end;
  }
}

/** A body without chunks: bytes as they are, or one aes-128-cfb stream. There are no packet borders and no end mark. */
export class RawEncoder implements BodyEncoder {
  readonly passthrough: boolean;
  readonly chunks = 0;
  readonly #packetLimitBytes: number;
  readonly #stream: StreamCipher | undefined;

  constructor(stream: StreamCipher | undefined, packetLimitBytes: number) {
    this.passthrough = stream === undefined;
    this.#stream = stream;
    this.#packetLimitBytes = packetLimitBytes;
  }

  maxWireBytes(payloadBytes: number): number {
    return payloadBytes;
  }

  encode(payload: Uint8Array, out: Uint8Array, offset: number): number {
    if (payload.length === 0) return offset;
    out.set(this.#stream === undefined ? payload : this.#stream.update(payload), offset);
    return offset + payload.length;
  }

  encodePacket(packet: Uint8Array, out: Uint8Array, offset: number): number {
    if (packet.length === 0 || packet.length > this.#packetLimitBytes) return -1;
    return this.encode(packet, out, offset);
  }

  encodeEnd(_out: Uint8Array, offset: number): number {
    return offset;
  }

  /** What there is to free goes with this object. */
  close(): void {}
}
