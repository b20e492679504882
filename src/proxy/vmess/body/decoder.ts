/** Wire to payload: the reading half of a body (docs/wire-format.md, section 6). */
import { TsrayError } from '../../../core/errors.js';
import type { CryptoProvider, StreamCipher } from '../../../crypto/provider.js';
import { type ChunkCipher, type ChunkRun, chunkCipher } from './cipher.js';
import { type BodyDecoder, type BodyFormat, type BodyKeys, countsChunks } from './codec.js';
import type { BodyLayout } from './layout.js';
import { ChunkLengths } from './length.js';

const empty = new Uint8Array(0);

/** Smallest buffer for a part that arrives in pieces. */
const minPendingBytes = 64;

/** The complete chunks of the read being taken: places of their protected payloads. One `push` runs at a time. */
const starts: number[] = [];
const lengths: number[] = [];

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
  readonly #counts: boolean;
  chunks = 0;

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
    this.#counts = countsChunks(format);
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
    starts.length = 0;
    lengths.length = 0;
    let at = 0;
    let written = 0;
    // Sizes first, for as many chunks as are complete: opening them together is faster.
    while (this.#state === 'open') {
      if (this.#size === -1) {
        at = this.#readSize(bytes, at);
        if (at === -1) break;
      }
      if (this.#immediate) {
        const length = Math.min(this.#size, bytes.length - at);
        out.set(bytes.subarray(at, at + length), written);
        at += length;
        written += length;
        this.#size -= length;
        if (this.#size > 0) break;
        this.#size = -1;
        this.chunkEnds.push(written);
        continue;
      }
      const missing = this.#size - this.#pendingBytes;
      if (bytes.length - at < missing) {
        this.#keep(bytes, at, this.#size);
        break;
      }
      const sealedBytes = this.#size - this.#paddingBytes;
      if (this.#pendingBytes === 0) {
        starts.push(at);
        lengths.push(sealedBytes);
        this.#size = -1;
      } else {
        // The chunk that earlier reads began; it is the first of this one.
        this.#keep(bytes.subarray(0, at + missing), at, this.#size);
        const sealed = this.#pending.subarray(0, sealedBytes);
        this.#release();
        if (!this.#open(sealed, out, written)) return 0;
        written += sealedBytes - this.#overheadBytes;
      }
      at += missing;
    }
    const end = this.#openCollected(bytes, out, written);
    if (this.#counts) this.chunks += this.chunkEnds.length;
    return end;
  }

  /** Opens what `starts` and `lengths` tell, up to the first bad chunk. Returns the offset behind the payload. */
  #openCollected(bytes: Uint8Array, out: Uint8Array, offset: number): number {
    const run: ChunkRun = { bytes, starts, lengths };
    let written = offset;
    let rows = starts.length > 1;
    for (let index = 0; index < starts.length; ) {
      const opened = rows ? this.#cipher.openRun(run, index, out, written) : 0;
      if (opened > 0) {
        for (const behind = index + opened; index < behind; index += 1) {
          written += lengths[index]! - this.#overheadBytes;
          this.chunkEnds.push(written);
        }
        continue;
      }
      // Once a row has failed, the bad chunk is looked for one by one: trying rows again would cost a forger little
      // and us much.
      if (opened === -1) rows = false;
      const sealed = bytes.subarray(starts[index]!, starts[index]! + lengths[index]!);
      if (!this.#open(sealed, out, written)) return written;
      written += lengths[index]! - this.#overheadBytes;
      index += 1;
    }
    return written;
  }

  close(): void {
    this.#pending = empty;
    this.#pendingBytes = 0;
  }

  /** Opens one chunk and notes its end; false: it is bad, and the body has failed. */
  #open(sealed: Uint8Array, out: Uint8Array, offset: number): boolean {
    if (!this.#cipher.open(sealed, out, offset)) {
      this.#fail('ERR_INTEGRITY', 'a chunk of the body failed its integrity check');
      return false;
    }
    this.chunkEnds.push(offset + sealed.length - this.#overheadBytes);
    return true;
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
  readonly chunks = 0;
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
