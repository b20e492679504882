/** Wire to payload: the reading half of a body (vmess.md, section 6). */
import { TsrayError } from '../../../core/errors.js';
import type { CryptoProvider, StreamCipher } from '../../../crypto/provider.js';
import { type ChunkCipher, chunkCipher } from './cipher.js';
import type { BodyDecoder, BodyFormat, BodyKeys } from './codec.js';
import type { BodyLayout } from './layout.js';
import { ChunkLengths } from './length.js';

const empty = new Uint8Array(0);

/** Smallest buffer for a part that arrives in pieces. */
const minPendingBytes = 64;

export class ChunkDecoder implements BodyDecoder {
  readonly passthrough = false;
  readonly chunkEnds: number[] = [];
  #state: 'open' | 'ended' | 'failed' = 'open';
  #failure: TsrayError | undefined;

  readonly #lengths: ChunkLengths;
  readonly #lengthBytes: number;
  readonly #overheadBytes: number;
  readonly #cipher: ChunkCipher;
  /** aes-128-cfb: everything, sizes included, passes through it. */
  readonly #stream: StreamCipher | undefined;
  /** Payload may be delivered before its chunk is complete: nothing protects it, nothing follows it. */
  readonly #immediate: boolean;

  /** Bytes of the current chunk behind its size field, −1 while the field itself is awaited. */
  #size = -1;
  #paddingBytes = 0;
  /** The part of the size field or of the chunk behind it that has come so far. */
  #pending: Uint8Array = empty;
  #pendingBytes = 0;

  constructor(layout: BodyLayout, format: BodyFormat, keys: BodyKeys, crypto: CryptoProvider) {
    this.#lengths = new ChunkLengths(layout, format.security, keys, crypto);
    this.#lengthBytes = layout.lengthBytes;
    this.#overheadBytes = layout.overheadBytes;
    this.#cipher = chunkCipher(format.security, keys, crypto);
    this.#stream =
      format.security === 'aes-128-cfb' ? (keys.stream ?? crypto.cfbDecryptor(keys.key, keys.iv)) : undefined;
    this.#immediate = format.security === 'none' && !layout.packets;
  }

  get state(): 'open' | 'ended' | 'failed' {
    return this.#state;
  }

  get failure(): TsrayError | undefined {
    return this.#failure;
  }

  get atBoundary(): boolean {
    return this.#size === -1 && this.#pendingBytes === 0;
  }

  maxPayloadBytes(wireBytes: number): number {
    return this.#pendingBytes + wireBytes;
  }

  push(wire: Uint8Array, out: Uint8Array): number {
    this.chunkEnds.length = 0;
    if (this.#state !== 'open' || wire.length === 0) return 0;
    const bytes = this.#stream === undefined ? wire : this.#stream.update(wire);
    let at = 0;
    let written = 0;
    while (this.#state === 'open') {
      if (this.#size === -1) {
        at = this.#readSize(bytes, at);
        if (at === -1) break;
        continue;
      }
      const missing = this.#size - this.#pendingBytes;
      const available = bytes.length - at;
      if (this.#immediate) {
        const length = Math.min(missing, available);
        out.set(bytes.subarray(at, at + length), written);
        at += length;
        written += length;
        this.#size -= length;
        if (this.#size > 0) break;
        this.#size = -1;
        this.chunkEnds.push(written);
        continue;
      }
      if (available < missing) {
        this.#keep(bytes, at, this.#size);
        break;
      }
      const sealedBytes = this.#size - this.#paddingBytes;
      let sealed: Uint8Array;
      if (this.#pendingBytes === 0) {
        sealed = bytes.subarray(at, at + sealedBytes);
      } else {
        this.#keep(bytes.subarray(0, at + missing), at, this.#size);
        sealed = this.#pending.subarray(0, sealedBytes);
      }
      at += missing;
      if (!this.#cipher.open(sealed, out, written)) {
        this.#fail('ERR_INTEGRITY', 'a chunk of the body failed its integrity check');
        break;
      }
      written += sealedBytes - this.#overheadBytes;
      this.chunkEnds.push(written);
      this.#release();
    }
    return written;
  }

  close(): void {
    this.#pending = empty;
    this.#pendingBytes = 0;
  }

  /** Takes the size field at `at`. Returns the offset behind it, or −1 if it is incomplete or wrong. */
  #readSize(bytes: Uint8Array, at: number): number {
    const missing = this.#lengthBytes - this.#pendingBytes;
    if (bytes.length - at < missing) {
      this.#keep(bytes, at, this.#lengthBytes);
      return -1;
    }
    this.#paddingBytes = this.#lengths.nextPadding();
    let size: number;
    if (this.#pendingBytes === 0) {
      size = this.#lengths.read(bytes, at);
    } else {
      this.#keep(bytes.subarray(0, at + missing), at, this.#lengthBytes);
      size = this.#lengths.read(this.#pending, 0);
      this.#release();
    }
    const least = this.#overheadBytes + this.#paddingBytes;
    if (size === -1) {
      this.#fail('ERR_INTEGRITY', 'the size of a chunk failed its integrity check');
      return -1;
    }
    if (size < least) {
      this.#fail('ERR_PROTOCOL', `a chunk of ${size} bytes cannot hold its ${least} bytes of overhead`);
      return -1;
    }
    if (size === least) {
      // The reference takes the size alone for the end and never looks at the tag behind it; neither do we.
      this.#state = 'ended';
      return -1;
    }
    this.#size = size;
    return at + missing;
  }

  /** Keeps what lies behind `at`; `needed` is the size of the whole part. Memory grows with what has really come. */
  #keep(bytes: Uint8Array, at: number, needed: number): void {
    const length = bytes.length - at;
    if (length === 0) return;
    const total = this.#pendingBytes + length;
    if (total > this.#pending.length) {
      const grown = new Uint8Array(
        Math.min(needed, Math.max(total, 2 * this.#pending.length, minPendingBytes)),
      );
      grown.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = grown;
    }
    this.#pending.set(at === 0 ? bytes : bytes.subarray(at), this.#pendingBytes);
    this.#pendingBytes = total;
  }

  /** The current part is done. Its buffer goes: an idle connection owns none. */
  #release(): void {
    this.#size = -1;
    this.#pendingBytes = 0;
    this.#pending = empty;
  }

  #fail(code: 'ERR_INTEGRITY' | 'ERR_PROTOCOL', message: string): void {
    this.#state = 'failed';
    this.#failure = new TsrayError(code, message);
    this.#pending = empty;
    this.#pendingBytes = 0;
  }
}

/** A body without chunks: every place is a boundary, and only the carrier's end ends it. */
export class RawDecoder implements BodyDecoder {
  readonly state = 'open';
  readonly failure = undefined;
  readonly atBoundary = true;
  readonly passthrough: boolean;
  readonly chunkEnds: number[] = [];
  readonly #stream: StreamCipher | undefined;

  constructor(stream: StreamCipher | undefined) {
    this.passthrough = stream === undefined;
    this.#stream = stream;
  }

  maxPayloadBytes(wireBytes: number): number {
    return wireBytes;
  }

  push(wire: Uint8Array, out: Uint8Array): number {
    this.chunkEnds.length = 0;
    if (wire.length === 0) return 0;
    out.set(this.#stream === undefined ? wire : this.#stream.update(wire));
    this.chunkEnds.push(wire.length);
    return wire.length;
  }
  /** What there is to free goes with this object. */
  close(): void {}
}
