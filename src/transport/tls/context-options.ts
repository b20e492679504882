/** What the contexts of clients and servers have in common: versions and cipher suites. */
import tls from 'node:tls';
import type { TlsSettings } from './settings.js';

/** AES-128 first, as Go and browsers have it: a quarter less work than AES-256, which Node.js prefers. */
const tls13Suites = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

export function contextOptions(settings: TlsSettings): tls.SecureContextOptions {
  const { maxVersion, minVersion } = settings;
  // OpenSSL 3 has the old versions only at security level 0.
  const old = [minVersion, maxVersion].some((version) => version === 'TLSv1' || version === 'TLSv1.1');
  return {
    ciphers: `${cipherList(settings.cipherSuites)}${old ? ':@SECLEVEL=0' : ''}`,
    honorCipherOrder: true,
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

/** As in Go, a list of older suites leaves those of TLS 1.3 alone. */
function cipherList(given: string | undefined): string {
  if (given === undefined) {
    const others = tls.DEFAULT_CIPHERS.split(':').filter((name) => !name.startsWith('TLS_'));
    return [tls13Suites, ...others].join(':');
  }
  const names = given.split(':');
  const tls13 = names.filter((name) => name.startsWith('TLS_'));
  const older = names.filter((name) => !name.startsWith('TLS_'));
  if (older.length === 0)
    older.push(...tls.DEFAULT_CIPHERS.split(':').filter((name) => !name.startsWith('TLS_')));
  return [...(tls13.length === 0 ? [tls13Suites] : tls13), ...older].join(':');
}
