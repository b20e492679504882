/** QUIC: the server name of a ClientHello that comes in pieces, in any order, over several packets and datagrams. */
import type { PacketSniffer, SniffStep } from '../../contract/sniffer.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { handshakeHeadBytes, serverNameOf } from './client-hello.js';
import { sniffedAs } from './found-name.js';
import { type CryptoPiece, cryptoPieces } from './quic-initial.js';
import { type InitialKeys, initialKeys, type QuicVersion } from './quic-keys.js';

/** A hello takes two today; lost ones are sent again. */
const maxDatagrams = 8;
const maxHandshakeBytes = 16_384;
/** Chromium cuts its hello into about twenty. */
const maxPieces = 512;

const no: SniffStep = { state: 'no' };

/** For one client's datagrams to one destination. */
export function createQuicSniffer(crypto: CryptoProvider): PacketSniffer {
  return new QuicSniffer(crypto);
}

class QuicSniffer implements PacketSniffer {
  readonly #crypto: CryptoProvider;
  readonly #pieces: CryptoPiece[] = [];
  #datagrams = 0;
  /** Of the connection id that was seen last: all packets of a connection have the same. */
  #keys: { readonly id: string; readonly keys: InitialKeys } | undefined;

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  push(packet: Uint8Array): SniffStep {
    this.#datagrams += 1;
    const pieces = cryptoPieces(this.#crypto, packet, (version, id) => this.#keysFor(version, id));
    if (pieces === undefined) {
      // 0-RTT packets, which may come between, hold nothing of the hello.
      return this.#datagrams > 1 && this.#datagrams <= maxDatagrams && isLongHeader(packet)
        ? { state: 'more' }
        : no;
    }
    for (const piece of pieces) {
      if (piece.offset + piece.bytes.length > maxHandshakeBytes) return no;
      this.#pieces.push(piece);
    }
    if (this.#pieces.length > maxPieces) return no;
    const verdict = serverNameOf(contiguous(this.#pieces));
    if (verdict.state === 'found') return { state: 'found', sniffed: sniffedAs('quic', verdict.serverName) };
    return verdict.state === 'more' && this.#datagrams < maxDatagrams ? { state: 'more' } : no;
  }

  #keysFor(version: QuicVersion, connectionId: Uint8Array): InitialKeys {
    const id = `${version} ${Buffer.from(connectionId).toString('hex')}`;
    if (this.#keys?.id !== id) this.#keys = { id, keys: initialKeys(this.#crypto, version, connectionId) };
    return this.#keys.keys;
  }
}

function isLongHeader(packet: Uint8Array): boolean {
  return packet.length > 0 && (packet[0]! & 0x80) !== 0;
}

/** What is known from the beginning on without a gap. */
function contiguous(pieces: readonly CryptoPiece[]): Uint8Array {
  const sorted = [...pieces].sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { bytes, offset } of sorted) {
    if (offset > end) break;
    end = Math.max(end, offset + bytes.length);
  }
  if (end < handshakeHeadBytes) return new Uint8Array(0);
  const whole = new Uint8Array(end);
  for (const { bytes, offset } of sorted) {
    if (offset < end) whole.set(bytes.subarray(0, end - offset), offset);
  }
  return whole;
}
