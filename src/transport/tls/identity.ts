/** Certificates that are made here: in the name of a CA of the user's, or signed by themselves. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { RandomSource } from '../../core/random.js';
import type { Identity } from '../carrier/carried-tls.js';
import type { LoadedCertificate } from './pem-source.js';
import { issueCertificate } from './x509.js';

const hourMs = 3600 * 1000;
/** An issued certificate is replaced well before it expires. */
const validMs = 48 * hourMs;
export const replaceAfterMs = 24 * hourMs;
/** Clocks differ. */
const backdatedMs = 24 * hourMs;
/** Of one that signs itself, which nobody verifies. */
const selfSignedMs = 10 * 365 * 24 * hourMs;

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function createKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

/** A certificate for `name` from `authority`. Throws what node:crypto throws for a key or certificate it cannot read. */
export function issueIdentity(
  { certificatePem, keyPem = '' }: LoadedCertificate,
  keys: KeyPair,
  name: string,
  nowMs: number,
  random: RandomSource,
): Identity {
  const leaf = issueCertificate(
    {
      names: [name],
      publicKey: keys.publicKey,
      notBeforeMs: nowMs - backdatedMs,
      notAfterMs: nowMs + validMs,
    },
    { certificate: certificatePem, privateKey: createPrivateKey(keyPem) },
    random,
  );
  return { certificatePem: `${leaf}${certificatePem}`, keyPem: keyText(keys) };
}

export function selfSignedIdentity(name: string, nowMs: number, random: RandomSource): Identity {
  const keys = createKeyPair();
  const certificatePem = issueCertificate(
    {
      names: [name],
      publicKey: keys.publicKey,
      notBeforeMs: nowMs - backdatedMs,
      notAfterMs: nowMs + selfSignedMs,
    },
    { certificate: undefined, privateKey: keys.privateKey },
    random,
  );
  return { certificatePem, keyPem: keyText(keys) };
}

function keyText({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
