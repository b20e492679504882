/** Certificates for tests: a CA, certificates it signs, and ones that sign themselves. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/core/random.js';
import { issueCertificate } from '../../src/transport/tls/x509.js';

export interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface TestCertificateOptions {
  readonly names?: readonly string[];
  /** Undefined: it signs itself. */
  readonly issuer?: TestCertificate;
  readonly isCa?: boolean;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly keyType?: 'ec' | 'rsa';
}

const dayMs = 24 * 3600 * 1000;

export function makeCertificate(options: TestCertificateOptions = {}): TestCertificate {
  const now = Date.now();
  const { privateKey, publicKey } = makeKeys(options.keyType ?? 'ec');
  const { issuer } = options;
  const certificate = issueCertificate(
    {
      names: options.names ?? ['localhost', '127.0.0.1'],
      publicKey,
      notBeforeMs: options.notBeforeMs ?? now - dayMs,
      notAfterMs: options.notAfterMs ?? now + 30 * dayMs,
      isCa: options.isCa ?? false,
    },
    issuer === undefined
      ? { certificate: undefined, privateKey }
      : { certificate: issuer.certificate, privateKey: createPrivateKey(issuer.key) },
    systemRandom,
  );
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

function makeKeys(type: 'ec' | 'rsa'): { privateKey: KeyObject; publicKey: KeyObject } {
  return type === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** An entry of `certificates` in `tlsSettings`, inline; V2Ray wants lists of lines. */
export function certificateEntry(made: TestCertificate, usage = 'encipherment'): object {
  const lines = (pem: string): string[] => pem.trim().split('\n');
  return usage === 'verify'
    ? { usage, certificate: lines(made.certificate) }
    : { usage, certificate: lines(made.certificate), key: lines(made.key) };
}

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  write(made: TestCertificate): void;
  remove(): void;
}

/** The same as files, which can be written again. */
export function writeCertificateFiles(made: TestCertificate): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-certificate-'));
  const certificateFile = join(folder, 'certificate.pem');
  const keyFile = join(folder, 'key.pem');
  const write = (each: TestCertificate): void => {
    writeFileSync(certificateFile, each.certificate);
    writeFileSync(keyFile, each.key);
  };
  write(made);
  return { certificateFile, keyFile, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
