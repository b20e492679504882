/** Bytes of a Mux carrier to frames: a push decoder that tells a sink. */
import { ByteQueue } from '../../core/bytes/queue.js';
import { ShortInput } from '../../core/bytes/reader.js';
import { TsrayError } from '../../core/errors.js';
import { decodeMetadata, type Frame, maxMetadataBytes, minMetadataBytes } from './frame.js';

/** What becomes of a frame's data: given on as they come, given on as one packet, or thrown away. */
export type DataUse = 'stream' | 'packet' | 'discard';

export interface FrameSink {
  /** The metadata of a frame; `data` follows if it has data, unless discarded. */
  frame(frame: Frame): DataUse;
  /** A lent piece of the last frame's data, at least one byte; with `packet` all of them. */
  data(bytes: Uint8Array): void;
}

/** The largest UDP payload there is. */
const defaultMaxPacketBytes = 65_507;

type Part = 'length' | 'metadata' | 'dataLength' | 'data';

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxPacketBytes: number;
  /** A head or packet that arrived in part. */
  readonly #held: ByteQueue;
  #part: Part = 'length';
  /** Bytes of the part that are still needed, with those held. */
  #wanted = 2;
  #use: DataUse = 'discard';
  #failure: TsrayError | undefined;
  #stopped = false;
  #oversizePackets = 0;

  /** Packets above `maxPacketBytes` are thrown away whole and counted. */
  constructor(sink: FrameSink, maxPacketBytes = defaultMaxPacketBytes) {
    this.#sink = sink;
    this.#maxPacketBytes = maxPacketBytes;
    this.#held = new ByteQueue(Math.max(maxPacketBytes, maxMetadataBytes));
  }

  /** ERR_PROTOCOL after something that is no frame; nothing is read any more. */
  get failure(): TsrayError | undefined {
    return this.#failure;
  }

  /** Between two frames. */
  get atBoundary(): boolean {
    return this.#part === 'length' && this.#held.length === 0;
  }

  get oversizePackets(): number {
    return this.#oversizePackets;
  }

  /** Nothing is told any more, not even the rest of a push under way. */
  stop(): void {
    this.#stopped = true;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#failure === undefined && !this.#stopped) {
      const whole = this.#part !== 'data' || this.#use === 'packet';
      at += whole ? this.#collect(bytes, at) : this.#pass(bytes.subarray(at, at + this.#wanted));
    }
  }

  /** Data that need not be whole. Returns how many bytes were used. */
  #pass(piece: Uint8Array): number {
    this.#wanted -= piece.length;
    if (this.#wanted === 0) this.#expect('length', 2);
    if (this.#use === 'stream') this.#sink.data(piece);
    return piece.length;
  }

  /** A part that is looked at when it is complete. Returns how many bytes were used. */
  #collect(bytes: Uint8Array, at: number): number {
    const missing = this.#wanted - this.#held.length;
    const piece = bytes.subarray(at, at + missing);
    if (piece.length < missing) {
      this.#held.append(piece);
      return piece.length;
    }
    if (this.#held.length === 0) {
      this.#complete(piece);
    } else {
      this.#held.append(piece);
      const whole = this.#held.peek();
      this.#held.consume(whole.length);
      this.#complete(whole);
    }
    return piece.length;
  }

  #complete(part: Uint8Array): void {
    switch (this.#part) {
      case 'length':
        this.#metadataLength(part[0]! * 256 + part[1]!);
        return;
      case 'metadata':
        this.#metadata(part);
        return;
      case 'dataLength':
        this.#dataLength(part[0]! * 256 + part[1]!);
        return;
      case 'data':
        this.#expect('length', 2);
        this.#sink.data(part);
        return;
    }
  }

  #metadataLength(length: number): void {
    if (length < minMetadataBytes || length > maxMetadataBytes) {
      this.#failure = new TsrayError(
        'ERR_PROTOCOL',
        `Mux: metadata of ${length} bytes, expected ${minMetadataBytes} to ${maxMetadataBytes}`,
      );
      return;
    }
    this.#expect('metadata', length);
  }

  #metadata(metadata: Uint8Array): void {
    let frame: Frame;
    try {
      frame = decodeMetadata(metadata);
    } catch (thrown) {
      if (thrown instanceof TsrayError) this.#failure = thrown;
      else if (thrown instanceof ShortInput) {
        this.#failure = new TsrayError('ERR_PROTOCOL', 'Mux: the metadata end within an address');
      } else throw thrown;
      return;
    }
    this.#expect(frame.hasData ? 'dataLength' : 'length', 2);
    this.#use = this.#sink.frame(frame);
  }

  #dataLength(length: number): void {
    if (length === 0) {
      this.#expect('length', 2);
      return;
    }
    if (this.#use === 'packet' && length > this.#maxPacketBytes) {
      this.#oversizePackets += 1;
      this.#use = 'discard';
    }
    this.#expect('data', length);
  }

  #expect(part: Part, wanted: number): void {
    this.#part = part;
    this.#wanted = wanted;
  }
}
