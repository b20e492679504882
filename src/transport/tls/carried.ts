/** `tlsSettings` for a carrier that does TLS 1.3 itself (QUIC). */
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { describeError, TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { CarriedTlsClient, CarriedTlsServer, Identity } from '../carrier/carried-tls.js';
import type { TlsClientDeps } from './client.js';
import { pinFault, tlsFault } from './faults.js';
import { createKeyPair, issueIdentity, replaceAfterMs } from './identity.js';
import { PeerIdentity, sniOf } from './peer-identity.js';
import { certificateFault, certificateName, type LoadedCertificate, reloading } from './pem-source.js';
import { chainHash, isPinned } from './pin.js';
import type { TlsServerDeps } from './server.js';
import type { TlsSettings } from './settings.js';

/** Throws ERR_CONFIG_… for certificates it cannot use. */
export function createCarriedTlsClient(
  settings: TlsSettings,
  defaultAlpn: readonly string[],
  { clock, crypto, log }: TlsClientDeps,
): CarriedTlsClient {
  const pins = settings.pinnedPeerCertificateChains;
  const identity = new PeerIdentity(settings, crypto);
  const authorities = reloading(
    settings.certificates.filter(({ usage }) => usage === 'verify'),
    clock,
    (loaded) => trusted(settings, loaded),
    (error) =>
      log.warning(`certificates could not be read again: ${certificateFault('"verify"', error).message}`),
  );
  const nameOf = ({ address }: Destination): string => settings.serverName ?? address.host;
  return {
    alpn: settings.alpn ?? defaultAlpn,
    serverName: (destination) => sniOf(nameOf(destination)),
    authorities: () => (settings.allowInsecure || identity.pinned ? undefined : authorities.current().pem),
    verify(chain, destination) {
      const where = formatHostPort(destination.address.host, destination.port);
      const name = nameOf(destination);
      identity.verify(chain, where, name, clock.nowMs());
      if (!settings.allowInsecure && !identity.pinned) {
        const leaf = checkName(chain[0], name, where, identity);
        const { named } = authorities.current();
        if (named !== undefined) checkNamed(leaf, named, clock.nowMs(), name, where);
      }
      if (pins.length === 0) return;
      const hash = chainHash(chain, crypto);
      if (!isPinned(hash, pins)) throw pinFault(where, hash);
    },
  };
}

interface Trusted {
  /** Of CAs; undefined: `named` tells whom to trust. */
  readonly pem: string | undefined;
  /** Servers' own certificates, if nothing but such were given. */
  readonly named: readonly X509Certificate[] | undefined;
}

function trusted(settings: TlsSettings, loaded: readonly LoadedCertificate[]): Trusted {
  const own = loaded.map(({ certificatePem }) => certificatePem);
  const certificates = own.map((authority) => {
    try {
      return new X509Certificate(authority);
    } catch (error) {
      throw certificateFault('a certificate with "usage": "verify"', error);
    }
  });
  // A carrier's TLS builds chains that end at a CA, and would refuse a server whose certificate signs itself.
  const single = own.every((pem) => pem.split('-----BEGIN').length === 2);
  if (own.length > 0 && single && certificates.every(({ ca }) => !ca)) {
    return { pem: undefined, named: certificates };
  }
  const pem = [...(settings.disableSystemRoot ? [] : tls.rootCertificates), ...own].join('\n');
  return { pem, named: undefined };
}

function checkName(
  leaf: Uint8Array | undefined,
  name: string,
  where: string,
  identity: PeerIdentity,
): X509Certificate {
  if (leaf === undefined) throw new TsrayError('ERR_TLS', `TLS with ${where}: it has sent no certificate`);
  const certificate = new X509Certificate(leaf);
  const fault = identity.nameFault(name, certificate.toLegacyObject());
  if (fault !== undefined) throw tlsFault(where, name, fault);
  return certificate;
}

/** The server must have one of these very certificates. That it has the key, its handshake has shown. */
function checkNamed(
  leaf: X509Certificate,
  named: readonly X509Certificate[],
  nowMs: number,
  name: string,
  where: string,
): void {
  const fault = (code: string): TsrayError => tlsFault(where, name, Object.assign(new Error(code), { code }));
  if (!named.some(({ raw }) => raw.equals(leaf.raw))) throw fault('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  if (nowMs < Date.parse(leaf.validFrom)) throw fault('CERT_NOT_YET_VALID');
  if (nowMs > Date.parse(leaf.validTo)) throw fault('CERT_HAS_EXPIRED');
}

/**
 * One certificate for all clients, whatever name they ask for: the first of the server's own; else one that its CA
 * issues for `serverName`. Throws ERR_CONFIG_… for certificates it cannot use.
 */
export function createCarriedTlsServer(
  settings: TlsSettings,
  defaultAlpn: readonly string[],
  deps: TlsServerDeps,
): CarriedTlsServer {
  const { clock, log } = deps;
  const own =
    settings.certificates.find(({ usage }) => usage === 'encipherment') ??
    settings.certificates.find(({ usage }) => usage === 'issue');
  if (own === undefined) {
    throw new TsrayError('ERR_CONFIG_MISSING', 'TLS without a certificate of this server');
  }
  const identities = reloading(
    [own],
    clock,
    ([loaded]) => {
      try {
        return new CurrentIdentity(loaded!, settings.serverName ?? 'localhost', deps);
      } catch (error) {
        throw certificateFault(certificateName(own), error);
      }
    },
    (error) =>
      log.warning(`certificates could not be read again, the old ones stay: ${describeError(error)}`),
  );
  return { alpn: settings.alpn ?? defaultAlpn, identity: () => identities.current().get() };
}

/** A certificate as it was read, or one that is issued again in time. */
class CurrentIdentity {
  readonly #make: (() => Identity) | undefined;
  readonly #deps: TlsServerDeps;
  #identity: Identity;
  #madeMs: number;

  constructor(loaded: LoadedCertificate, name: string, deps: TlsServerDeps) {
    this.#deps = deps;
    this.#madeMs = deps.clock.nowMs();
    if (loaded.usage === 'issue') {
      const keys = createKeyPair();
      this.#make = () => issueIdentity(loaded, keys, name, deps.clock.nowMs(), deps.random);
    }
    this.#identity = this.#make?.() ?? {
      certificatePem: loaded.certificatePem,
      keyPem: loaded.keyPem ?? '',
    };
    // Tells what is wrong with them.
    tls.createSecureContext({ cert: this.#identity.certificatePem, key: this.#identity.keyPem });
  }

  get(): Identity {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#make !== undefined && nowMs - this.#madeMs >= replaceAfterMs) {
      this.#identity = this.#make();
      this.#madeMs = nowMs;
    }
    return this.#identity;
  }
}
