/** The primitives the codecs need. Implementations may differ in speed, nothing else. */
import type { NativeAddon } from '../native/addon.js';

/** An authenticated cipher of VMess bodies. */
export type AeadName = 'aes-128-gcm' | 'chacha20-poly1305';

/** Bytes an AEAD adds behind the plaintext. */
export const aeadTagBytes = 16;

/** Messages of one key in one buffer, without additional data, under nonces that begin with a counter. */
export interface SealedRun {
  readonly bytes: Uint8Array;
  /** Where each message lies in `bytes`, and its length with the tag (at least 16). */
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  /** 12 bytes; in front a u16 counter takes the place of the first two. It wraps. */
  readonly nonce: Uint8Array;
}

/** One AEAD key. Nonces are 12 bytes. */
export interface Aead {
  /** Writes ciphertext and tag (plaintext length + 16 bytes) to `out` at `offset`; `plaintext` may alias that place. */
  seal(
    nonce: Uint8Array,
    aad: Uint8Array | undefined,
    plaintext: Uint8Array,
    out: Uint8Array,
    offset: number,
  ): void;
  /**
   * Opens ciphertext with its tag behind. Writes length − 16 bytes to `out` at `offset` and returns true only if the
   * tag is right; otherwise false, and the caller must not use what `out` holds there.
   */
  open(
    nonce: Uint8Array,
    aad: Uint8Array | undefined,
    sealed: Uint8Array,
    out: Uint8Array,
    offset: number,
  ): boolean;
  /**
   * Opens several messages at once where that is faster than `open` for each. Takes a row of them from `first` on,
   * whose counter is `counter`, and returns how many it opened: their plaintexts then stand one behind the other in
   * `out` from `offset`. 0: a row is not worth it, use `open`. −1: one of the row is bad, nothing was written, `open`
   * tells which.
   */
  openRun?(run: SealedRun, first: number, counter: number, out: Uint8Array, offset: number): number;
}

/** A stream cipher's running state (AES-128-CFB). */
export interface StreamCipher {
  /** The next bytes of the stream, same length as the input. */
  update(bytes: Uint8Array): Uint8Array;
}

/** SHAKE128 read as a sequence. */
export interface Shake128 {
  /** The next two bytes, big-endian. */
  nextU16(): number;
}

/** Every primitive that the codecs need. */
export interface CryptoProvider {
  readonly name: string;
  /** The compiled codecs, which the factories of codecs prefer to their TypeScript twins. */
  readonly addon?: NativeAddon;
  md5(...parts: readonly Uint8Array[]): Uint8Array;
  sha1(...parts: readonly Uint8Array[]): Uint8Array;
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** One AES-128 block (16 bytes), without chaining. */
  aesEncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** `key` is 16 bytes for AES-128-GCM, 32 for ChaCha20-Poly1305. */
  aead(name: AeadName, key: Uint8Array): Aead;
  cfbEncryptor(key: Uint8Array, iv: Uint8Array): StreamCipher;
  cfbDecryptor(key: Uint8Array, iv: Uint8Array): StreamCipher;
  shake128(seed: Uint8Array): Shake128;
  /** Constant-time comparison; false for different lengths. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
