/**
 * Datagrams of V2Ray's QUIC: a header that looks like another protocol, then a QUIC packet, which may be sealed once
 * more. The key is the beginning of SHA-256(key ‖ `v2ray-quic-salt`).
 */
import type dgram from 'node:dgram';
import type { RandomSource } from '../../core/random.js';
import { fastestSecurity } from '../../crypto/fastest.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { type ReusedBuffer, sendDatagram } from '../datagram/datagram-socket.js';
import { createPacketHeader, headerBytes, type PacketHeader } from '../datagram/packet-header.js';
import { PacketSeal } from '../datagram/packet-seal.js';
import type { QuicSettings } from './settings.js';

const salt = 'v2ray-quic-salt';

/** More than a packet with all that surrounds it. */
const bufferBytes = 2048;

export interface QuicPacketDeps {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
}

/** What surrounds the QUIC packets of one socket. */
export class QuicPackets implements ReusedBuffer {
  readonly #headerBytes: number;
  readonly #header: PacketHeader;
  readonly #seal: PacketSeal | undefined;
  readonly #start: number;
  #bytes: Uint8Array;

  constructor(settings: QuicSettings, { crypto, random }: QuicPacketDeps) {
    const { header, key, security } = settings;
    this.#headerBytes = headerBytes[header];
    this.#header = createPacketHeader(header, random);
    if (security !== 'none') {
      const name = security === 'auto' ? fastestSecurity() : security;
      const hash = crypto.sha256(Buffer.from(key + salt, 'utf8'));
      const aead = crypto.aead(name, name === 'aes-128-gcm' ? hash.subarray(0, 16) : hash);
      this.#seal = new PacketSeal(aead, random);
    }
    this.#start = this.#headerBytes + (this.#seal?.before ?? 0);
    this.#bytes = new Uint8Array(0);
    this.renew();
  }

  renew(): void {
    this.#bytes = Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** Bytes of a datagram beside its packet. */
  get overheadBytes(): number {
    return this.#start + (this.#seal?.after ?? 0);
  }

  /** Where a packet is made. */
  get room(): Uint8Array {
    return this.#bytes.subarray(this.#start, bufferBytes - (this.#seal?.after ?? 0));
  }

  /** The datagram of the packet that is `length` bytes at `room`; valid until the next one. */
  wrap(length: number): Uint8Array {
    const bytes = this.#bytes;
    const end = this.#start + length;
    this.#header.write(bytes, 0);
    return bytes.subarray(0, this.#seal === undefined ? end : this.#seal.seal(bytes, this.#headerBytes, end));
  }

  /** The QUIC packet in a datagram, in place; undefined if it is not genuine. */
  unwrap(datagram: Uint8Array): Uint8Array | undefined {
    if (this.#seal !== undefined) return this.#seal.open(datagram, this.#headerBytes);
    return datagram.length > this.#headerBytes ? datagram.subarray(this.#headerBytes) : undefined;
  }

  /** Sends the packet of `length` bytes at `room`. */
  sendTo(socket: dgram.Socket, length: number, port: number, host: string): void {
    sendDatagram(socket, this.wrap(length), this, port, host);
  }

  /** The same to the peer of a connected socket. */
  send(socket: dgram.Socket, length: number, failed?: (error: NodeJS.ErrnoException) => void): void {
    sendDatagram(socket, this.wrap(length), this, undefined, undefined, failed);
  }
}
