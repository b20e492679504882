/** `tlsSettings` */
import * as v from 'valibot';
import { opensslCipher } from '../../../transport/tls/cipher-names.js';
import type { CertificateSettings, TlsSettings } from '../../../transport/tls/settings.js';
import type { Checker } from '../../check/checker.js';
import { noted } from '../../check/notes.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { section } from '../section.js';
import { checkedText, each, flag, ignored, itemsOf, stringList, text, unsupported, words } from '../types.js';

const pemExpected = 'a list of the lines of a PEM text';
const pemLines = v.union([v.array(text, pemExpected), v.string(pemExpected)], pemExpected);

const certificateSchema = v.object(
  {
    usage: v.optional(
      words(['encipherment', 'verify', 'issue'], {
        unsupported: { verifyclient: 'the certificate usage "verifyclient" is not supported by tsray' },
        essential: true,
      }),
      'encipherment',
    ),
    certificateFile: v.optional(text),
    certificate: v.optional(pemLines),
    keyFile: v.optional(text),
    key: v.optional(noted(pemLines, { secret: true })),
    ocspStapling: ignored,
    oneTimeLoading: ignored,
    buildChain: ignored,
  },
  'an object',
);

const versions = ['1.0', '1.1', '1.2', '1.3'] as const;
const versionAliases = Object.fromEntries(
  versions.flatMap((version) => [
    [`tls${version.replace('.', '_')}`, version],
    [`tlsv${version}`, version],
  ]),
);
const versionWord = words(versions, { aliases: versionAliases });

const pinExpected = 'the base64 of a SHA-256 (44 characters)';
const pin = checkedText(pinExpected, (given) => pinBytes(given) !== undefined);

function pinBytes(given: string): Uint8Array | undefined {
  const bytes = Buffer.from(given, 'base64');
  return bytes.length === 32 && /^[A-Za-z0-9+/]{43}=?$/.test(given.trim())
    ? Uint8Array.from(bytes)
    : undefined;
}

const cipherList = checkedText(
  'names of cipher suites with colons between them',
  (given) => unknownCipher(given) === undefined,
  {
    advise: (given) => {
      const unknown = unknownCipher(given);
      return unknown === undefined ? undefined : `Node.js has no "${unknown}".`;
    },
  },
);

function unknownCipher(list: string): string | undefined {
  return ciphersOf(list).find((name) => opensslCipher(name) === undefined);
}

function ciphersOf(list: string): readonly string[] {
  return list
    .split(':')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const beyondNode = each(
  [
    'fingerprint',
    'echConfig',
    'echConfigList',
    'echServerKeys',
    'echDohServer',
    'curvePreferences',
    'pinnedPeerCertSha256',
    'pinnedPeerCertificateSha256',
    'pinnedPeerCertificatePublicKeySha256',
    'verifyPeerCertByName',
    'verifyPeerCertInNames',
    'masterKeyLog',
    'verifyClientCertificate',
    'allowInsecureCiphers',
    'rejectUnknownSni',
  ],
  (name) => `${name} is not supported by tsray`,
);
const beyond = {
  ...beyondNode,
  fingerprint: "fingerprint cannot be had with Node's TLS: a ClientHello always looks like Node.js's",
};

const unsupportedKeys = Object.fromEntries(
  Object.entries(beyond).map(([key, message]) => [key, unsupported(message)]),
) as Record<keyof typeof beyond, ReturnType<typeof unsupported>>;

export const tlsSchema = v.object(
  {
    serverName: v.optional(text, ''),
    alpn: v.optional(stringList),
    allowInsecure: v.optional(flag, false),
    certificates: v.optional(v.array(certificateSchema, 'a list'), []),
    enableSessionResumption: v.optional(flag, false),
    disableSystemRoot: v.optional(flag, false),
    pinnedPeerCertificateChainSha256: v.optional(v.array(pin, 'a list of base64 texts'), []),
    minVersion: v.optional(versionWord),
    maxVersion: v.optional(versionWord),
    cipherSuites: v.optional(cipherList),
    preferServerCipherSuites: ignored,
    ...unsupportedKeys,
  },
  'an object',
);

export const tls = section(
  tlsSchema,
  (given, place, checker): TlsSettings => {
    const certificates = given.certificates.flatMap((each, index) => {
      const made = certificateOf(each, inside(place, 'certificates', index), checker);
      return made === undefined ? [] : [made];
    });
    const alpn = itemsOf(given.alpn);
    const ciphers = ciphersOf(given.cipherSuites ?? '').flatMap((name) => opensslCipher(name) ?? []);
    return {
      ...(given.serverName === '' ? {} : { serverName: given.serverName }),
      ...(alpn.length === 0 ? {} : { alpn }),
      allowInsecure: given.allowInsecure,
      certificates,
      enableSessionResumption: given.enableSessionResumption,
      disableSystemRoot: given.disableSystemRoot,
      pinnedPeerCertificateChains: given.pinnedPeerCertificateChainSha256.flatMap(
        (each) => pinBytes(each) ?? [],
      ),
      ...(given.minVersion === undefined ? {} : { minVersion: nodeVersion(given.minVersion) }),
      ...(given.maxVersion === undefined ? {} : { maxVersion: nodeVersion(given.maxVersion) }),
      ...(ciphers.length === 0 ? {} : { cipherSuites: ciphers.join(':') }),
    };
  },
  examineVersions,
);

function nodeVersion(version: (typeof versions)[number]): NonNullable<TlsSettings['minVersion']> {
  return version === '1.0' ? 'TLSv1' : `TLSv${version}`;
}

function examineVersions(place: Place, checker: Checker): void {
  const [low, high] = ['minVersion', 'maxVersion'].map((key) => textAt(inside(place, key)));
  const order = (given: string | undefined): number =>
    versions.findIndex((version) => given?.replace('_', '.').endsWith(version) === true);
  if (order(low) >= 0 && order(high) >= 0 && order(low) > order(high)) {
    checker.error(inside(place, 'maxVersion'), 'ERR_CONFIG_CONFLICT', 'lower than minVersion');
  }
}

type GivenCertificate = v.InferOutput<typeof certificateSchema>;

function certificateOf(
  given: GivenCertificate,
  place: Place,
  checker: Checker,
): CertificateSettings | undefined {
  const certificate = source(given.certificateFile, given.certificate);
  const key = source(given.keyFile, given.key);
  if (certificate === undefined) {
    const hint = 'For example "certificateFile": "/etc/ssl/example.com.pem".';
    checker.error(
      place,
      'ERR_CONFIG_MISSING',
      'expected "certificateFile" or "certificate", found neither',
      hint,
    );
    return undefined;
  }
  const { usage } = given;
  if (usage === 'verify') return { usage, certificate };
  if (key === undefined) {
    const hint = 'The private key that belongs to the certificate; only a CA to verify by needs none.';
    checker.error(place, 'ERR_CONFIG_MISSING', 'expected "keyFile" or "key", found neither', hint);
    return undefined;
  }
  return { usage, certificate, key };
}

/** A file counts more than inline text, as in V2Ray. */
function source(
  file: string | undefined,
  lines: readonly string[] | string | undefined,
): CertificateSettings['certificate'] | undefined {
  if (file !== undefined && file !== '') return { file };
  if (lines === undefined || lines.length === 0) return undefined;
  return { pem: typeof lines === 'string' ? lines : `${lines.join('\n')}\n` };
}

/** A server needs a certificate of its own, or a CA to make some. */
export function requireOwnCertificate(settings: TlsSettings, place: Place, checker: Checker): void {
  if (settings.certificates.some(({ usage }) => usage !== 'verify')) return;
  const at = inside(place, 'certificates');
  if (itemsAt(at).length > 0 && settings.certificates.length === 0) return;
  const hint = 'For example [{ "certificateFile": "/etc/ssl/a.pem", "keyFile": "/etc/ssl/a.key" }].';
  checker.error(at, 'ERR_CONFIG_MISSING', 'expected a certificate of this server, found none', hint);
}
