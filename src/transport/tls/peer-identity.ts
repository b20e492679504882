/**
 * Who a server must be, beyond its `serverName`: Xray's `pinnedPeerCertSha256` and `verifyPeerCertByName`. A pinned leaf
 * is enough by itself; a pinned CA of the sent chain must lead to the leaf, which must have the name. Pure.
 */
import { timingSafeEqual, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { TsrayError } from '../../core/errors.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { TlsSettings } from './settings.js';

/** No chain of a real server is longer. */
const maxChain = 16;

export class PeerIdentity {
  readonly #pins: readonly Uint8Array[];
  readonly #names: readonly string[];
  readonly #crypto: Pick<CryptoProvider, 'sha256'>;

  constructor(settings: TlsSettings, crypto: Pick<CryptoProvider, 'sha256'>) {
    this.#pins = settings.pinnedPeerCertificates ?? [];
    this.#names = settings.verifyNames ?? [];
    this.#crypto = crypto;
  }

  /** Pins take the place of what the system's CAs would say. */
  get pinned(): boolean {
    return this.#pins.length > 0;
  }

  /** What is wrong with the names of a certificate, of which one is enough; undefined: nothing. */
  nameFault(serverName: string, certificate: tls.PeerCertificate): Error | undefined {
    const names = this.#names.length === 0 ? [serverName] : this.#names;
    const faults = names.map((name) => tls.checkServerIdentity(name, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  }

  /** Throws ERR_TLS if there are pins and the chain (DER, the leaf first) does not hold to them. */
  verify(chain: readonly Uint8Array[], where: string, serverName: string, nowMs: number): void {
    if (!this.pinned) return;
    const certificates = chain.slice(0, maxChain);
    const hashes = certificates.map((der) => this.#crypto.sha256(der));
    const [leafHash] = hashes;
    if (leafHash !== undefined && this.#isPinned(leafHash)) return;
    const parsed = certificates.map((der) => new X509Certificate(der));
    const authorities = parsed.filter(({ ca }, index) => ca && this.#isPinned(hashes[index]!));
    const [leaf] = parsed;
    if (leaf === undefined || authorities.length === 0) {
      const found = leafHash === undefined ? 'none' : Buffer.from(leafHash).toString('hex');
      throw new TsrayError('ERR_TLS', `TLS with ${where}: its certificate is not a pinned one`, {
        hint: `Its SHA-256 is ${found}. If it was renewed, write that into "pinnedPeerCertSha256"; if not, somebody is in between.`,
      });
    }
    const fault =
      chainFault(leaf, parsed, authorities, nowMs) ?? this.#namesText(serverName, leaf.toLegacyObject());
    if (fault === undefined) return;
    throw new TsrayError('ERR_TLS', `TLS with ${where}: it has the pinned CA in its chain, but ${fault}`, {
      hint: 'Pin the certificate of the server itself, or set "serverName" or "verifyPeerCertByName" to its name.',
    });
  }

  #namesText(serverName: string, certificate: tls.PeerCertificate): string | undefined {
    const text = this.#names.length === 0 ? serverName : this.#names.join(', ');
    return this.nameFault(serverName, certificate) === undefined
      ? undefined
      : `its certificate is not for ${text}`;
  }

  #isPinned(hash: Uint8Array): boolean {
    return this.#pins.some((pin) => pin.length === hash.length && timingSafeEqual(pin, hash));
  }
}

/** Each certificate is signed by the next, up to one of `authorities`, and all are valid now. */
function chainFault(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): string | undefined {
  let current = leaf;
  for (let step = 0; step < maxChain; step += 1) {
    if (nowMs < Date.parse(current.validFrom) || nowMs > Date.parse(current.validTo)) {
      return 'a certificate of the chain is not valid at this time';
    }
    if (authorities.some(({ raw }) => raw.equals(current.raw))) return undefined;
    const next = [...authorities, ...chain].find(
      (issuer) => issuer !== current && hasIssued(issuer, current),
    );
    if (next === undefined) break;
    current = next;
  }
  return 'that CA has not signed its certificate';
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The name as SNI carries it; undefined for an IP address, which RFC 6066 keeps out. */
export function sniOf(name: string): string | undefined {
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
  return isIP(bare) === 0 && bare !== '' ? name : undefined;
}
