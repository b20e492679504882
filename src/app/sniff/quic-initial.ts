/** The packets of a QUIC datagram, and what is in its Initial ones (RFC 9000, section 17.2). Pure. */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { type InitialKeys, type QuicVersion, quicVersionOf } from './quic-keys.js';

/** A piece of the handshake at its offset. */
export interface CryptoPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const longHeader = 0x80;
const fixedBit = 0x40;
const maxConnectionIdBytes = 20;
const tagBytes = 16;
/** The sample for header protection begins where a packet number of four bytes would end. */
const sampleOffset = 4;
const sampleBytes = 16;

/**
 * The pieces of all Initial packets in `datagram`. Undefined: it holds none, or one that is not what it seems to be.
 * `keysFor` may remember keys, which are the same for all packets of one connection.
 */
export function cryptoPieces(
  crypto: CryptoProvider,
  datagram: Uint8Array,
  keysFor: (version: QuicVersion, connectionId: Uint8Array) => InitialKeys,
): CryptoPiece[] | undefined {
  const pieces: CryptoPiece[] = [];
  let initials = 0;
  let at = 0;
  try {
    while (at < datagram.length) {
      // Packets with a short header are the last; zeros behind the last packet are padding.
      if ((datagram[at]! & longHeader) === 0) break;
      const packet = readPacket(datagram, at);
      if (packet === undefined) return undefined;
      at = packet.end;
      if (!packet.initial) continue;
      const keys = keysFor(packet.version, packet.connectionId);
      const payload = openInitial(crypto, datagram, packet, keys);
      if (payload === undefined || !readFrames(payload, pieces)) return undefined;
      initials += 1;
    }
  } catch (error) {
    if (error instanceof ShortInput) return undefined;
    throw error;
  }
  return initials === 0 ? undefined : pieces;
}

interface LongPacket {
  readonly version: QuicVersion;
  readonly connectionId: Uint8Array;
  readonly initial: boolean;
  readonly start: number;
  readonly numberAt: number;
  readonly end: number;
}

function readPacket(datagram: Uint8Array, start: number): LongPacket | undefined {
  const reader = new ByteReader(datagram, start);
  const first = reader.u8();
  const version = quicVersionOf(reader.u32());
  if ((first & fixedBit) === 0 || version === undefined) return undefined;
  const connectionIdBytes = reader.u8();
  if (connectionIdBytes > maxConnectionIdBytes) return undefined;
  const connectionId = reader.take(connectionIdBytes);
  reader.take(reader.u8());
  const type = (first >> 4) & 3;
  const initial = type === (version === '2' ? 1 : 0);
  // A client sends no Retry, whose type is 3, in version 2 it is 0; it has no length.
  if (type === (version === '2' ? 0 : 3)) return undefined;
  if (initial) reader.take(varint(reader));
  const length = varint(reader);
  const numberAt = reader.offset;
  reader.take(length);
  return { version, connectionId, initial, start, numberAt, end: numberAt + length };
}

/** The payload; undefined if its tag is wrong. */
function openInitial(
  crypto: CryptoProvider,
  datagram: Uint8Array,
  { start, numberAt, end }: LongPacket,
  { headerProtection, iv, key }: InitialKeys,
): Uint8Array | undefined {
  const sampleAt = numberAt + sampleOffset;
  if (sampleAt + sampleBytes > end) return undefined;
  const mask = crypto.aesEncryptBlock(headerProtection, datagram.subarray(sampleAt, sampleAt + sampleBytes));
  const first = datagram[start]! ^ (mask[0]! & 0x0f);
  const numberBytes = (first & 3) + 1;
  const header = new Uint8Array(datagram.subarray(start, numberAt + numberBytes));
  header[0] = first;
  const nonce = iv.slice();
  for (let index = 0; index < numberBytes; index += 1) {
    const byte = datagram[numberAt + index]! ^ mask[1 + index]!;
    header[numberAt - start + index] = byte;
    nonce[nonce.length - numberBytes + index]! ^= byte;
  }
  const sealed = datagram.subarray(numberAt + numberBytes, end);
  if (sealed.length < tagBytes) return undefined;
  const payload = new Uint8Array(sealed.length - tagBytes);
  return crypto.aead('aes-128-gcm', key).open(nonce, header, sealed, payload, 0) ? payload : undefined;
}

const framePadding = 0x00;
const framePing = 0x01;
const frameAck = 0x02;
const frameAckEcn = 0x03;
const frameCrypto = 0x06;
const frameClose = 0x1c;
/** More would not be an ACK of packets that were ever sent. */
const maxAckRanges = 256;

/** False if there is a frame that Initial packets may not hold. */
function readFrames(payload: Uint8Array, pieces: CryptoPiece[]): boolean {
  const reader = new ByteReader(payload);
  while (reader.remaining > 0) {
    switch (varint(reader)) {
      case framePadding:
      case framePing:
        break;
      case frameAck:
        if (!skipAck(reader)) return false;
        break;
      case frameAckEcn:
        if (!skipAck(reader)) return false;
        for (let count = 0; count < 3; count += 1) varint(reader);
        break;
      case frameCrypto: {
        const offset = varint(reader);
        pieces.push({ offset, bytes: reader.take(varint(reader)) });
        break;
      }
      case frameClose:
        varint(reader);
        varint(reader);
        reader.take(varint(reader));
        break;
      default:
        return false;
    }
  }
  return true;
}

function skipAck(reader: ByteReader): boolean {
  varint(reader);
  varint(reader);
  const ranges = varint(reader);
  if (ranges > maxAckRanges) return false;
  varint(reader);
  for (let count = 0; count < ranges * 2; count += 1) varint(reader);
  return true;
}

/** RFC 9000, section 16; exact up to 2^53, beyond which nothing here is valid. */
function varint(reader: ByteReader): number {
  const first = reader.u8();
  let value = first & 0x3f;
  for (let more = (1 << (first >> 6)) - 1; more > 0; more -= 1) value = value * 256 + reader.u8();
  return value;
}
