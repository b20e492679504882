/** What the two directions of a VMess body look like to the handlers; body/index.ts makes them. */
import type { TsrayError } from '../../../core/errors.js';
import type { StreamCipher } from '../../../crypto/provider.js';
import type { Command, WireSecurity } from '../constants.js';

/** Everything that decides the layout of a body. */
export interface BodyFormat {
  readonly security: WireSecurity;
  /** Request option bits (`requestOption`). */
  readonly options: number;
  readonly command: Command;
}

/** A chunk's number goes into its nonce with 16 bits: further ones use nonces again, which gives AES-GCM's key away. */
export const noncesPerKey = 0x1_0000;

/** Whether the chunks of a body are counted. */
export function countsChunks({ command, security }: BodyFormat): boolean {
  return command === 'mux' && (security === 'aes-128-gcm' || security === 'chacha20-poly1305');
}

/** Keys of one direction, 16 bytes each. */
export interface BodyKeys {
  /** This direction's body key and IV: the request's own, or respKey and respIV. */
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  /** The request's body key and IV: authenticated lengths use them in both directions. */
  readonly requestKey: Uint8Array;
  readonly requestIv: Uint8Array;
  /** aes-128-cfb after a legacy response header: the running stream that the header began. */
  readonly stream?: StreamCipher;
}

/** Sizes that a writer keeps to. */
export interface BodyEncoderLimits {
  /** Payload bytes per chunk, at most; 1 … 65456 fits every format. Peers of the sing family read up to 16368. */
  readonly maxChunkPayload: number;
  /** Longest packet taken. V2Ray carries 2048 − 2 − 16 − 63 = 1967 bytes whole with any padding. */
  readonly packetLimitBytes: number;
  /** False: no end chunk is written (V2Ray's experiment NoTerminationSignal). */
  readonly terminationSignal: boolean;
}

/** Defaults: 15000 bytes, 1967 bytes, true. */
export type BodyEncoderOptions = Partial<BodyEncoderLimits>;

/** Writes one direction of a body. */
export interface BodyEncoder {
  /** True if payload and wire are the same bytes: callers may write payload directly. */
  readonly passthrough: boolean;
  /** Upper bound of what `encode` (or `encodePacket`) followed by `encodeEnd` writes for that much payload. */
  maxWireBytes(payloadBytes: number): number;
  /** Splits `payload` into chunks, writes them to `out` from `offset`, returns the offset behind. `out` does not alias `payload`. */
  encode(payload: Uint8Array, out: Uint8Array, offset: number): number;
  /**
   * One packet as one chunk. Returns the offset behind, or −1 for a packet that is empty or over the limit:
   * then nothing was written and nothing drawn from the mask (docs/wire-format.md, section 9).
   */
  encodePacket(packet: Uint8Array, out: Uint8Array, offset: number): number;
  /**
   * Chunks sealed under this direction's key so far, of which there may be `noncesPerKey`. Counted for Mux alone, which can
   * open another connection in time; 0 otherwise.
   */
  readonly chunks: number;
  /** The end-of-stream chunk; nothing for a format without one. Returns the offset behind. */
  encodeEnd(out: Uint8Array, offset: number): number;
  /** Forgets keys and frees memory; nothing may be called afterwards but this. */
  close(): void;
}

/** Reads one direction of a body. */
export interface BodyDecoder {
  /** `ended`: the end chunk was read. `failed`: see `failure`; no more input is taken. */
  readonly state: 'open' | 'ended' | 'failed';
  /** ERR_INTEGRITY or ERR_PROTOCOL. */
  readonly failure: TsrayError | undefined;
  /**
   * True between chunks and after the end chunk's size: the carrier's end here is an orderly end, elsewhere
   * ERR_TRUNCATED. Without meaning once `failed`.
   */
  readonly atBoundary: boolean;
  readonly passthrough: boolean;
  /** As the encoder's, opened. */
  readonly chunks: number;
  /** Upper bound of the payload that a `push` of `wireBytes` can yield. */
  maxPayloadBytes(wireBytes: number): number;
  /**
   * Takes a whole read of any size, opens every complete chunk into `out` from 0 and keeps the rest. Returns the
   * payload bytes written: all of them verified. Look at `state` afterwards; what precedes a bad chunk is delivered.
   * Payload that nothing protects (none over TCP and Mux) may come before its chunk is complete.
   * `out` does not alias `wire`.
   */
  push(wire: Uint8Array, out: Uint8Array): number;
  /**
   * Offsets in `out` behind each chunk that the last `push` completed: packet borders for UDP. To be read before the
   * next `push` of any decoder; a StandaloneBodyDecoder has no such limit.
   */
  readonly chunkEnds: readonly number[];
  /** Forgets keys and what is kept of a chunk; nothing may be called afterwards but this. */
  close(): void;
}
