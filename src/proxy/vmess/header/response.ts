/**
 * The response header (docs/wire-format.md, section 4).
 *
 *     V(1) ‖ option(1) ‖ command(1) ‖ length(1) ‖ command data(length)
 *
 * AEAD: sealed length(2 + 16) ‖ sealed header(n + 16). Legacy: AES-128-CFB over the plaintext, and a body of
 * aes-128-cfb goes on with the same stream.
 */
import { TsrayError } from '../../../core/errors.js';
import { aeadTagBytes, type CryptoProvider, type StreamCipher } from '../../../crypto/provider.js';
import { headerEnvelopes } from '../implementation.js';
import { sealedLengthBytes } from './envelope.js';
import type { HeaderKind, SessionKeys } from './session-keys.js';

/** What a response header says. */
export interface ResponseHeader {
  /** Ignored by every client. */
  readonly options: number;
  /** 0: none. */
  readonly command: number;
  /** At most 255 bytes; empty without a command. */
  readonly commandData: Uint8Array;
}

/** A response header without a command. */
export const emptyResponseHeader: ResponseHeader = {
  options: 0,
  command: 0,
  commandData: new Uint8Array(0),
};

const plainPrefixBytes = 4;

/** A response header as it goes out. */
export interface SealedResponseHeader {
  readonly envelope: Uint8Array;
  /** After a legacy header: the running stream, which a body of aes-128-cfb continues. */
  readonly stream: StreamCipher | undefined;
}

/** The header as the server sends it, in the envelope that the request came in. */
export function sealResponseHeader(
  crypto: Pick<CryptoProvider, 'aead' | 'addon' | 'cfbEncryptor'>,
  kind: HeaderKind,
  keys: SessionKeys,
  header: ResponseHeader = emptyResponseHeader,
): SealedResponseHeader {
  const plain = new Uint8Array(plainPrefixBytes + header.commandData.length);
  plain[0] = keys.v;
  plain[1] = header.options;
  plain[2] = header.command;
  plain[3] = header.commandData.length;
  plain.set(header.commandData, plainPrefixBytes);
  if (kind === 'legacy') {
    const stream = crypto.cfbEncryptor(keys.responseKey, keys.responseIv);
    return { envelope: stream.update(plain), stream };
  }
  const envelope = headerEnvelopes(crypto).sealResponse(keys.responseKey, keys.responseIv, plain);
  return { envelope, stream: undefined };
}

/** What a push into a ResponseHeaderDecoder led to. */
export type ResponseStep =
  | { readonly state: 'more' }
  | {
      readonly state: 'done';
      readonly header: ResponseHeader;
      /** Bytes of this push that belong to the header; the body begins behind them. */
      readonly consumed: number;
      /** After a legacy header: the running stream, which a body of aes-128-cfb continues. */
      readonly stream: StreamCipher | undefined;
    }
  | { readonly state: 'failed'; readonly error: TsrayError };

const more: ResponseStep = { state: 'more' };

/** Takes a response header in pieces of any size. Not to be pushed after `done`; once failed it stays failed. */
export class ResponseHeaderDecoder {
  readonly #crypto: Pick<CryptoProvider, 'aead' | 'addon' | 'cfbDecryptor'>;
  readonly #keys: SessionKeys;
  /** Undefined for AEAD. */
  readonly #stream: StreamCipher | undefined;
  /** The part being read, decrypted already for a legacy header. */
  #part: Uint8Array;
  #filled = 0;
  #stage: 'length' | 'header' | 'prefix' | 'command' | 'over';
  #failure: ResponseStep | undefined;
  #options = 0;
  #command = 0;

  constructor(
    crypto: Pick<CryptoProvider, 'aead' | 'addon' | 'cfbDecryptor'>,
    kind: HeaderKind,
    keys: SessionKeys,
  ) {
    this.#crypto = crypto;
    this.#keys = keys;
    this.#stream = kind === 'legacy' ? crypto.cfbDecryptor(keys.responseKey, keys.responseIv) : undefined;
    this.#stage = kind === 'legacy' ? 'prefix' : 'length';
    this.#part = new Uint8Array(kind === 'legacy' ? plainPrefixBytes : sealedLengthBytes);
  }

  /** Fails with ERR_INTEGRITY if a tag is wrong, with ERR_PROTOCOL if V is not the one sent or the header is short. */
  push(bytes: Uint8Array): ResponseStep {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#stage === 'over') throw new TsrayError('ERR_INTERNAL', 'the response header was read already');
    let at = 0;
    for (;;) {
      const take = Math.min(this.#part.length - this.#filled, bytes.length - at);
      if (take > 0) {
        const piece = bytes.subarray(at, at + take);
        this.#part.set(this.#stream === undefined ? piece : this.#stream.update(piece), this.#filled);
        this.#filled += take;
        at += take;
      }
      if (this.#filled < this.#part.length) return more;
      const step = this.#endPart(at);
      if (step !== undefined) return step;
    }
  }

  /** The current part is complete. Sets up the next one, or gives the outcome. */
  #endPart(consumed: number): ResponseStep | undefined {
    switch (this.#stage) {
      case 'length': {
        const { responseKey, responseIv } = this.#keys;
        const length = headerEnvelopes(this.#crypto).openResponseLength(responseKey, responseIv, this.#part);
        if (length === undefined) return this.#fail('ERR_INTEGRITY', 'the response header does not open');
        if (length < plainPrefixBytes) {
          return this.#fail('ERR_PROTOCOL', `a response header of ${length} bytes was announced`);
        }
        return this.#next('header', length + aeadTagBytes);
      }
      case 'header': {
        const { responseKey, responseIv } = this.#keys;
        const plain = headerEnvelopes(this.#crypto).openResponse(responseKey, responseIv, this.#part);
        if (plain === undefined) return this.#fail('ERR_INTEGRITY', 'the response header does not open');
        const dataBytes = this.#readPrefix(plain);
        if (dataBytes === undefined) return this.#failAuth();
        const end = plainPrefixBytes + dataBytes;
        if (plain.length < end) return this.#fail('ERR_PROTOCOL', 'the response command is cut short');
        return this.#finish(plain.subarray(plainPrefixBytes, end), consumed);
      }
      case 'prefix': {
        const dataBytes = this.#readPrefix(this.#part);
        if (dataBytes === undefined) return this.#failAuth();
        return this.#next('command', dataBytes);
      }
      default:
        return this.#finish(this.#part, consumed);
    }
  }

  #next(stage: 'header' | 'command', length: number): undefined {
    this.#stage = stage;
    this.#part = new Uint8Array(length);
    this.#filled = 0;
  }

  /** Length of the command data, or undefined if V is wrong. Without a command the length byte means nothing. */
  #readPrefix(plain: Uint8Array): number | undefined {
    // Comparing one byte takes the same time for every value.
    if (plain[0] !== this.#keys.v) return undefined;
    this.#options = plain[1]!;
    this.#command = plain[2]!;
    return this.#command === 0 ? 0 : plain[3]!;
  }

  #finish(commandData: Uint8Array, consumed: number): ResponseStep {
    this.#stage = 'over';
    const header = { options: this.#options, command: this.#command, commandData };
    return { state: 'done', header, consumed, stream: this.#stream };
  }

  #failAuth(): ResponseStep {
    return this.#fail('ERR_PROTOCOL', 'the response header belongs to another request');
  }

  #fail(code: 'ERR_INTEGRITY' | 'ERR_PROTOCOL', message: string): ResponseStep {
    this.#failure = { state: 'failed', error: new TsrayError(code, message) };
    return this.#failure;
  }
}
