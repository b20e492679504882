/** `tlsSettings` */
import * as v from 'valibot';
import { opensslCipher } from '../../../transport/tls/cipher-names.js';
import type { CertificateSettings, TlsSettings } from '../../../transport/tls/settings.js';
import type { Checker } from '../../check/checker.js';
import { noted } from '../../check/notes.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { cleanServerName } from '../../values/http-header.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { checkedText, flag, ignored, itemsOf, stringList, text, words } from '../types.js';

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

const hexPinsExpected = 'SHA-256 of certificates as hex (64 digits), with commas between them';
const hexPin = checkedText(hexPinsExpected, (given) => hexPinBytes(given) !== undefined);
const hexPins = v.union([v.array(hexPin, hexPinsExpected), hexPin], hexPinsExpected);

/** Colons may stand in a hash, as OpenSSL writes it; older Xray has `~` between two. Undefined: something else. */
function hexPinBytes(given: string): readonly Uint8Array[] | undefined {
  const pins = given
    .split(/[,~]/)
    .map((item) => item.replaceAll(':', '').trim())
    .filter((item) => item !== '');
  if (!pins.every((pinText) => /^[0-9a-f]{64}$/i.test(pinText))) return undefined;
  return pins.map((pinText) => Uint8Array.from(Buffer.from(pinText, 'hex')));
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

export const tlsSchema = v.object(
  {
    serverName: v.optional(text, ''),
    alpn: v.optional(stringList),
    allowInsecure: v.optional(flag, false),
    certificates: v.optional(v.array(certificateSchema, 'a list'), []),
    enableSessionResumption: v.optional(flag, false),
    disableSystemRoot: v.optional(flag, false),
    pinnedPeerCertificateChainSha256: v.optional(v.array(pin, 'a list of base64 texts'), []),
    /** Xray's: hex, with colons or without. */
    pinnedPeerCertSha256: v.optional(hexPins, ''),
    verifyPeerCertByName: v.optional(stringList, ''),
    // Its older name.
    verifyPeerCertInNames: v.optional(stringList, ''),
    minVersion: v.optional(versionWord),
    maxVersion: v.optional(versionWord),
    cipherSuites: v.optional(cipherList),
    preferServerCipherSuites: ignored,
    ...foreign('tls'),
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
    const pins = [given.pinnedPeerCertSha256].flat().flatMap((item) => hexPinBytes(item) ?? []);
    const names = [...itemsOf(given.verifyPeerCertByName), ...itemsOf(given.verifyPeerCertInNames)];
    const chains = given.pinnedPeerCertificateChainSha256;
    const ciphers = ciphersOf(given.cipherSuites ?? '').flatMap((name) => opensslCipher(name) ?? []);
    return {
      ...(given.serverName === '' ? {} : { serverName: cleanServerName(given.serverName) }),
      ...(alpn.length === 0 ? {} : { alpn }),
      allowInsecure: given.allowInsecure,
      certificates,
      enableSessionResumption: given.enableSessionResumption,
      disableSystemRoot: given.disableSystemRoot,
      pinnedPeerCertificateChains: chains.flatMap((each) => pinBytes(each) ?? []),
      ...(pins.length === 0 ? {} : { pinnedPeerCertificates: pins }),
      ...(names.length === 0 ? {} : { verifyNames: names }),
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
