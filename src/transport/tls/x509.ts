/**
 * Makes X.509 certificates (RFC 5280): what Node.js can check but not make. Enough for a CA of the user's that signs
 * leaf certificates on the fly, with RSA, EC and Ed25519 keys; the signing itself is Node's.
 */
import { createHash, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes, parseAddress } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import { der, derBitString, derObjectId, derSequence, derTags, derTime, derValues } from './der.js';

export interface CertificateRequest {
  /** Also the subject's common name. At least one: a host name or an IP address each. */
  readonly names: readonly string[];
  /** Whose certificate it is. */
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** May sign others. */
  readonly isCa?: boolean;
}

export interface CertificateIssuer {
  /** PEM or DER; undefined for a certificate that signs itself. */
  readonly certificate: string | Uint8Array | undefined;
  readonly privateKey: KeyObject;
}

/** A certificate as PEM. Throws what node:crypto throws for a key or certificate it cannot read. */
export function issueCertificate(
  request: CertificateRequest,
  issuer: CertificateIssuer,
  random: RandomSource,
): string {
  const { names, notAfterMs, notBeforeMs, publicKey } = request;
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const subject = commonName(names[0] ?? '');
  const serial = random.fill(new Uint8Array(16));
  // Positive, and not shortened by DER.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = derSequence(
    der(0xa0, der(derTags.integer, Uint8Array.of(2))),
    der(derTags.integer, serial),
    algorithm.identifier,
    issuer.certificate === undefined ? subject : subjectOf(issuer.certificate),
    derSequence(derTime(notBeforeMs), derTime(notAfterMs)),
    subject,
    spki,
    der(0xa3, derSequence(...extensions(request, issuer, spki))),
  );
  const signature = sign(algorithm.hash, body, issuer.privateKey);
  const whole = derSequence(body, algorithm.identifier, derBitString(signature));
  const base64 = Buffer.from(whole)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

const objectIds = {
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  rsaSha256: '1.2.840.113549.1.1.11',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  ecdsaSha512: '1.2.840.10045.4.3.4',
  ed25519: '1.3.101.112',
} as const;

const derNull = Uint8Array.of(5, 0);

function signatureAlgorithm(key: KeyObject): {
  readonly hash: string | null;
  readonly identifier: Uint8Array;
} {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { hash: 'sha256', identifier: derSequence(derObjectId(objectIds.rsaSha256), derNull) };
    case 'ed25519':
      return { hash: null, identifier: derSequence(derObjectId(objectIds.ed25519)) };
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve;
      if (curve === 'secp384r1') return ecdsa('sha384', objectIds.ecdsaSha384);
      if (curve === 'secp521r1') return ecdsa('sha512', objectIds.ecdsaSha512);
      return ecdsa('sha256', objectIds.ecdsaSha256);
    }
    default:
      throw new TypeError(`keys of type ${key.asymmetricKeyType} cannot sign certificates here`);
  }
}

function ecdsa(hash: string, id: string): { readonly hash: string; readonly identifier: Uint8Array } {
  return { hash, identifier: derSequence(derObjectId(id)) };
}

/** RFC 5280 allows 64 characters; longer names are in the alternative names only. */
function commonName(name: string): Uint8Array {
  const text = der(derTags.utf8String, Buffer.from(name.slice(0, 64)));
  return derSequence(der(derTags.set, derSequence(derObjectId(objectIds.commonName), text)));
}

/** The subject as the certificate has it, byte for byte: clients compare names so. */
function subjectOf(certificate: string | Uint8Array): Uint8Array {
  const [whole] = derValues(new X509Certificate(certificate).raw);
  const [body] = derValues(whole!.content);
  const fields = derValues(body!.content);
  // version (optional), serial number, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new RangeError('a certificate without a subject');
  return subject.whole;
}

function extensions(
  request: CertificateRequest,
  issuer: CertificateIssuer,
  spki: Uint8Array,
): readonly Uint8Array[] {
  const names = request.names.map((name) =>
    isIP(name) === 0
      ? der(0x82, Buffer.from(name))
      : der(0x87, addressBytes(parseAddress(name)) ?? new Uint8Array()),
  );
  const issuerSpki = createPublicKey(issuer.privateKey).export({ type: 'spki', format: 'der' });
  const critical = true;
  const always = [
    extension(objectIds.subjectAltName, derSequence(...names)),
    extension(objectIds.subjectKeyId, der(derTags.octetString, keyId(spki))),
    extension(objectIds.authorityKeyId, derSequence(der(0x80, authorityKeyId(issuer, issuerSpki)))),
  ];
  const yes = der(derTags.boolean, Uint8Array.of(0xff));
  if (request.isCa === true) {
    return [
      ...always,
      extension(objectIds.basicConstraints, derSequence(yes), critical),
      // digitalSignature, keyCertSign, cRLSign
      extension(objectIds.keyUsage, der(derTags.bitString, Uint8Array.of(1, 0x86)), critical),
    ];
  }
  return [
    ...always,
    extension(objectIds.basicConstraints, derSequence(), critical),
    // digitalSignature
    extension(objectIds.keyUsage, der(derTags.bitString, Uint8Array.of(7, 0x80)), critical),
    extension(objectIds.extendedKeyUsage, derSequence(derObjectId(objectIds.serverAuth))),
  ];
}

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [der(derTags.boolean, Uint8Array.of(0xff))] : [];
  return derSequence(derObjectId(id), ...flag, der(derTags.octetString, value));
}

/** The CA's own key id, which it may have computed in another way. */
function authorityKeyId(issuer: CertificateIssuer, issuerSpki: Uint8Array): Uint8Array {
  if (issuer.certificate === undefined) return keyId(issuerSpki);
  const raw = Buffer.from(new X509Certificate(issuer.certificate).raw);
  const marker = Buffer.from(derObjectId(objectIds.subjectKeyId));
  const at = raw.indexOf(marker);
  if (at < 0) return keyId(issuerSpki);
  const [outer] = derValues(
    raw.subarray(at + marker.length, at + marker.length + 2 + raw[at + marker.length + 1]!),
  );
  const [inner] = derValues(outer!.content);
  return inner?.tag === derTags.octetString ? inner.content : keyId(issuerSpki);
}

/** RFC 5280, 4.2.1.2, method 1 over the whole key information; any unique value would do. */
function keyId(spki: Uint8Array): Uint8Array {
  return createHash('sha1').update(spki).digest();
}
