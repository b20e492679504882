/** Datagrams of one connection: room for segments between the header in front and what protects them. */
import { headerBytes, type PacketHeader, type PacketHeaderType } from '../datagram/packet-header.js';
import type { Protection } from './protection.js';

/** The largest datagram: the largest mtu, and the nonce that V2Ray does not count. Room for the last word beyond. */
const bufferBytes = 2048;

/**
 * Larger datagrams are not read, as by V2Ray. No mtu allows them, and data keep their whole datagram until they are
 * read: the windows count segments, so that a few bytes in large datagrams would hold forty times what they should.
 */
export const maxDatagramBytes = 2048;

/** Receives datagrams; lent. */
export type SendDatagram = (datagram: Uint8Array) => void;

/**
 * The buffer that datagrams are made in, one after the other, by all connections of a socket. Whoever had to leave
 * the bytes to somebody calls `renew`.
 */
export class DatagramBuffer {
  bytes: Uint8Array = new Uint8Array(0);
  words: Uint32Array = new Uint32Array(0);

  constructor() {
    this.renew();
  }

  renew(): void {
    this.bytes = Buffer.allocUnsafeSlow(bufferBytes);
    this.words = new Uint32Array(this.bytes.buffer);
  }
}

/** Where a session writes its segments: one datagram for each `start` … `finish`. */
export class PacketWriter {
  readonly #buffer: DatagramBuffer;
  readonly #header: PacketHeader;
  readonly #protection: Protection;
  readonly #headerAt: number;
  readonly #protectedAt: number;
  readonly #send: SendDatagram;
  /** Offset of the segments. */
  readonly start: number;

  constructor(
    type: PacketHeaderType,
    header: PacketHeader,
    protection: Protection,
    buffer: DatagramBuffer,
    send: SendDatagram,
  ) {
    const size = headerBytes[type];
    this.#buffer = buffer;
    this.#header = header;
    this.#protection = protection;
    this.#send = send;
    // What is protected starts on a word.
    this.#protectedAt = (size + 3) & ~3;
    this.#headerAt = this.#protectedAt - size;
    this.start = this.#protectedAt + protection.before;
  }

  /** Segments go to its offset `start` and on. Another one after each `finish`. */
  get room(): Uint8Array {
    return this.#buffer.bytes;
  }

  /** Sends what lies between `start` and `end` as one datagram. */
  finish(end: number): void {
    const { bytes, words } = this.#buffer;
    const behind = this.#protection.seal(bytes, words, this.#protectedAt, end);
    this.#header.write(bytes, this.#headerAt);
    this.#send(bytes.subarray(this.#headerAt, behind));
  }
}
