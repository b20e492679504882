/** Certificates and keys from the configuration: inline, or in files that are read again when they change. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { CertificateSettings } from './settings.js';

type Place = CertificateSettings['certificate'];

/** How often handshakes look at the files. */
const lookEveryMs = 1000;

export interface LoadedCertificate {
  readonly usage: CertificateSettings['usage'];
  /** One certificate, or a chain with its leaf first. */
  readonly certificatePem: string;
  /** Secret. Undefined for `verify`. */
  readonly keyPem: string | undefined;
}

/** Something made of certificates, made again when their files have changed. */
export interface Reloading<T> {
  /** For use within the call; looks at the files at most once a second. */
  current(): T;
}

/**
 * `make` is called at once, and throws what is wrong with the certificates; later, when a file has changed. If it
 * throws then (a file may be half written), `failed` is told and the earlier value stays.
 */
export function reloading<T>(
  certificates: readonly CertificateSettings[],
  clock: Clock,
  make: (loaded: readonly LoadedCertificate[]) => T,
  failed: (error: unknown) => void,
): Reloading<T> {
  const files = certificates
    .flatMap(({ certificate, key }) => [certificate, key])
    .flatMap((place) => (place !== undefined && 'file' in place ? [place.file] : []));
  let seen = fingerprint(files);
  let value = make(load(certificates));
  if (files.length === 0) return { current: () => value };
  let lookedMs = clock.monotonicMs();
  return {
    current() {
      const nowMs = clock.monotonicMs();
      if (nowMs - lookedMs < lookEveryMs) return value;
      lookedMs = nowMs;
      const now = fingerprint(files);
      if (now === seen) return value;
      try {
        value = make(load(certificates));
      } catch (error) {
        failed(error);
      }
      seen = now;
      return value;
    },
  };
}

/** Changes when one of the files does. */
function fingerprint(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? '' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
    })
    .join();
}

function load(certificates: readonly CertificateSettings[]): readonly LoadedCertificate[] {
  return certificates.map((settings) => {
    const { certificate, key, usage } = settings;
    const certificatePem = read(certificate);
    const keyPem = key === undefined ? undefined : read(key);
    if (keyPem !== undefined) checkKey(certificateName(settings), certificatePem, keyPem);
    return { usage, certificatePem, keyPem };
  });
}

/** OpenSSL takes a key of another kind than the certificate's without a word, and then finds no certificate to use. */
function checkKey(name: string, certificatePem: string, keyPem: string): void {
  let belongs: boolean;
  try {
    belongs = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    throw certificateFault(name, error);
  }
  if (!belongs) throw certificateFault(name, { code: mismatchCode });
}

const mismatchCode = 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';

function read(place: Place): string {
  if ('pem' in place) return place.pem;
  try {
    return readFileSync(place.file, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const hint = missing
      ? 'Check the path; it is taken from the current folder.'
      : 'The user running tsray must be able to read it.';
    const reason = missing ? 'there is no such file' : 'it cannot be read';
    throw new TsrayError('ERR_CONFIG_READ', `${place.file}: ${reason}`, { hint, cause });
  }
}

/** `where`: which certificate, for a person. */
export function certificateFault(where: string, cause: unknown): TsrayError {
  if (cause instanceof TsrayError) return cause;
  const mismatch = (cause as { readonly code?: unknown } | undefined)?.code === mismatchCode;
  const message = mismatch
    ? `${where}: the key does not belong to the certificate`
    : `${where}: not a certificate with its key in PEM form`;
  const hint = mismatch
    ? 'Use the key that the certificate was made for.'
    : 'The files begin with "-----BEGIN CERTIFICATE-----" and "-----BEGIN PRIVATE KEY-----"; keys without a password.';
  return new TsrayError('ERR_CONFIG_VALUE', message, { hint, cause });
}

/** What to call a certificate in messages. */
export function certificateName({ certificate }: CertificateSettings): string {
  return 'file' in certificate ? certificate.file : 'the inline certificate';
}
