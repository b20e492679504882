/** Keys of QUIC's Initial packets, which everybody can compute (RFC 9001, section 5.2; RFC 9369). */
import type { CryptoProvider } from '../../crypto/provider.js';

export type QuicVersion = '1' | '2' | 'draft-29';

export interface InitialKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly headerProtection: Uint8Array;
}

const versions: ReadonlyMap<number, QuicVersion> = new Map([
  [0x00000001, '1'],
  [0x6b3343cf, '2'],
  [0xff00001d, 'draft-29'],
]);

const salts: Readonly<Record<QuicVersion, Uint8Array>> = {
  '1': Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex'),
  '2': Buffer.from('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'hex'),
  'draft-29': Buffer.from('afbfec289993d24c9e9786f19c6111e04390a899', 'hex'),
};

export function quicVersionOf(number: number): QuicVersion | undefined {
  return versions.get(number);
}

/** `connectionId`: the destination of the client's first packet. */
export function initialKeys(
  crypto: CryptoProvider,
  version: QuicVersion,
  connectionId: Uint8Array,
): InitialKeys {
  const initial = crypto.hmacSha256(salts[version], connectionId);
  const client = expand(crypto, initial, 'client in', 32);
  const label = version === '2' ? 'quicv2' : 'quic';
  return {
    key: expand(crypto, client, `${label} key`, 16),
    iv: expand(crypto, client, `${label} iv`, 12),
    headerProtection: expand(crypto, client, `${label} hp`, 16),
  };
}

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) without context, for up to one block of SHA-256. */
function expand(crypto: CryptoProvider, secret: Uint8Array, label: string, length: number): Uint8Array {
  const full = Buffer.from(`tls13 ${label}`, 'latin1');
  const info = Buffer.concat([
    Uint8Array.of(0, length, full.length),
    full,
    // No context; then HKDF's counter.
    Uint8Array.of(0, 1),
  ]);
  return new Uint8Array(crypto.hmacSha256(secret, info).subarray(0, length));
}
