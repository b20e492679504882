/** The two halves of a body in the compiled addon: a whole read or a whole payload per call. */
import { TsrayError } from '../../../core/errors.js';
import { type RandomSource, systemRandom } from '../../../core/random.js';
import {
  type NativeAddon,
  type NativeDecoderHandle,
  type NativeEncoderHandle,
  nativeDecoderStatus,
  nativeFlag,
  nativePaddingBytes,
  nativeSecurity,
  nativeStatusSlot,
} from '../../../native/addon.js';
import {
  type BodyDecoder,
  type BodyEncoder,
  type BodyEncoderLimits,
  type BodyFormat,
  type BodyKeys,
  countsChunks,
} from './codec.js';
import type { BodyLayout } from './layout.js';

/** Both directions' keys are copied by the addon before its call returns: one buffer serves all calls. */
const keyBuffer = new Uint8Array(64);

function withKeys<T>(keys: BodyKeys, make: (joined: Uint8Array) => T): T {
  keyBuffer.set(keys.key, 0);
  keyBuffer.set(keys.iv, 16);
  keyBuffer.set(keys.requestKey, 32);
  keyBuffer.set(keys.requestIv, 48);
  try {
    return make(keyBuffer);
  } finally {
    keyBuffer.fill(0);
  }
}

/**
 * Whether the addon can do this body. It cannot go on with a cipher stream that a header began, and where payload and
 * wire are the same bytes it has nothing to do.
 */
export function suitsAddon(layout: BodyLayout, format: BodyFormat, keys: BodyKeys): boolean {
  return keys.stream === undefined && (layout.chunked || format.security !== 'none');
}

function layoutFlags(layout: BodyLayout, format: BodyFormat): number {
  if (!layout.chunked) return 0;
  let flags: number = nativeFlag.chunked;
  if (layout.masked) flags |= nativeFlag.masked;
  if (layout.padded) flags |= nativeFlag.padded;
  if (layout.sealedLength) flags |= nativeFlag.sealedLength;
  if (format.security === 'none' && !layout.packets) flags |= nativeFlag.immediate;
  return flags;
}

export class NativeBodyEncoder implements BodyEncoder {
  readonly passthrough = false;
  readonly #addon: NativeAddon;
  readonly #handle: NativeEncoderHandle;
  /** undefined for the system's generator: the addon draws from it itself, in blocks. */
  readonly #random: RandomSource | undefined;
  readonly #maxChunkBytes: number;
  /** Largest difference between a chunk and its payload; 0 for a body without chunks. */
  readonly #chunkExtraBytes: number;
  readonly #counts: boolean;
  chunks = 0;

  constructor(
    addon: NativeAddon,
    layout: BodyLayout,
    format: BodyFormat,
    keys: BodyKeys,
    random: RandomSource,
    limits: BodyEncoderLimits,
  ) {
    let flags = layoutFlags(layout, format);
    if (layout.chunked && limits.terminationSignal) flags |= nativeFlag.endChunk;
    const { maxChunkPayload, packetLimitBytes } = limits;
    this.#addon = addon;
    this.#handle = withKeys(keys, (joined) =>
      addon.encoderNew(nativeSecurity[format.security], flags, joined, maxChunkPayload, packetLimitBytes),
    );
    this.#random = layout.padded && random !== systemRandom ? random : undefined;
    this.#counts = countsChunks(format);
    this.#maxChunkBytes = maxChunkPayload;
    this.#chunkExtraBytes = layout.chunked
      ? layout.lengthBytes + layout.overheadBytes + (layout.padded ? nativePaddingBytes : 0)
      : 0;
  }

  maxWireBytes(payloadBytes: number): number {
    const chunks = Math.ceil(payloadBytes / this.#maxChunkBytes) + 1;
    return payloadBytes + chunks * this.#chunkExtraBytes;
  }

  encode(payload: Uint8Array, out: Uint8Array, offset: number): number {
    if (this.#counts) this.chunks += Math.ceil(payload.length / this.#maxChunkBytes);
    const padding = this.#random === undefined ? undefined : this.#padding(payload.length, this.#random);
    return this.#addon.encode(this.#handle, payload, out, offset, padding);
  }

  encodePacket(packet: Uint8Array, out: Uint8Array, offset: number): number {
    const padding = this.#random === undefined ? undefined : this.#padding(1, this.#random);
    return this.#addon.encodePacket(this.#handle, packet, out, offset, padding);
  }

  encodeEnd(out: Uint8Array, offset: number): number {
    const padding = this.#random === undefined ? undefined : this.#padding(1, this.#random);
    return this.#addon.encodeEnd(this.#handle, out, offset, padding);
  }

  close(): void {
    this.#addon.close(this.#handle);
  }

  /** Padding for all chunks of a payload, drawn chunk by chunk. */
  #padding(payloadBytes: number, random: RandomSource): Uint8Array {
    const chunks = Math.ceil(payloadBytes / this.#maxChunkBytes);
    const padding = new Uint8Array(chunks * nativePaddingBytes);
    for (let at = 0; at < padding.length; at += nativePaddingBytes) {
      random.fill(padding.subarray(at, at + nativePaddingBytes));
    }
    return padding;
  }
}

/** The decoder whose chunk ends the addon holds. */
let lastPushed: NativeBodyDecoder | undefined;

export class NativeBodyDecoder implements BodyDecoder {
  readonly passthrough = false;
  readonly #counts: boolean;
  chunks = 0;
  readonly #addon: NativeAddon;
  readonly #handle: NativeDecoderHandle;
  #status: number = nativeDecoderStatus.open;
  #atBoundary = true;
  #keptBytes = 0;
  #failure: TsrayError | undefined;

  constructor(addon: NativeAddon, layout: BodyLayout, format: BodyFormat, keys: BodyKeys) {
    const flags = layoutFlags(layout, format);
    this.#counts = countsChunks(format);
    this.#addon = addon;
    this.#handle = withKeys(keys, (joined) =>
      addon.decoderNew(nativeSecurity[format.security], flags, joined),
    );
  }

  get state(): 'open' | 'ended' | 'failed' {
    if (this.#status === nativeDecoderStatus.open) return 'open';
    return this.#status === nativeDecoderStatus.ended ? 'ended' : 'failed';
  }

  get failure(): TsrayError | undefined {
    return this.#failure;
  }

  get atBoundary(): boolean {
    return this.#atBoundary;
  }

  maxPayloadBytes(wireBytes: number): number {
    return this.#keptBytes + wireBytes;
  }

  push(wire: Uint8Array, out: Uint8Array): number {
    const addon = this.#addon;
    const written = addon.decode(this.#handle, wire, out);
    const status = addon.status[nativeStatusSlot.decoder]!;
    if (status !== this.#status) this.#change(status);
    this.#atBoundary = addon.status[nativeStatusSlot.atBoundary] !== 0;
    this.#keptBytes = addon.status[nativeStatusSlot.keptBytes]!;
    lastPushed = this;
    if (this.#counts) this.chunks += addon.chunkEnds().length;
    return written;
  }

  get chunkEnds(): readonly number[] {
    if (lastPushed !== this) {
      throw new TsrayError('ERR_INTERNAL', 'the chunk ends of an earlier push were asked for');
    }
    return this.#addon.chunkEnds();
  }

  close(): void {
    this.#addon.close(this.#handle);
    if (lastPushed === this) lastPushed = undefined;
  }

  #change(status: number): void {
    this.#status = status;
    if (status === nativeDecoderStatus.badChunk) {
      this.#failure = new TsrayError('ERR_INTEGRITY', 'a chunk of the body failed its integrity check');
    } else if (status === nativeDecoderStatus.badSize) {
      this.#failure = new TsrayError('ERR_PROTOCOL', 'a chunk of the body is smaller than its overhead');
    } else if (status !== nativeDecoderStatus.ended) {
      const cause = status === nativeDecoderStatus.noRoom ? 'the output is too small' : 'a cipher failed';
      throw new TsrayError('ERR_INTERNAL', `a body could not be decoded: ${cause}`);
    }
  }
}
