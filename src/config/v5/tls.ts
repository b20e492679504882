/** `securitySettings` of "tls". */
import type { ConfigNode } from '../tree/node.js';
import { type At, within } from './report.js';
import { type Convert, type Field, keep, lacking, shape } from './shape.js';
import { asksNothing, listOf, memberFor, object, word } from './values.js';

/** In the order of their numbers. */
const usages = {
  ENCIPHERMENT: 'encipherment',
  AUTHORITY_VERIFY: 'verify',
  AUTHORITY_ISSUE: 'issue',
  AUTHORITY_VERIFY_CLIENT: 'verifyclient',
};

const version = word({ Default: undefined, TLS1_0: '1.0', TLS1_1: '1.1', TLS1_2: '1.2', TLS1_3: '1.3' });

/** Bytes are base64 in protobuf's JSON; V2Ray's documentation speaks of PEM, which is recognized. */
const pem: Convert = (node, at) => {
  if (node.kind !== 'string' || node.value === '' || node.value.includes('-----BEGIN')) return node;
  const decoded = Buffer.from(node.value, 'base64').toString('latin1');
  if (decoded.includes('-----BEGIN')) return { ...node, value: decoded };
  const message = 'expected the base64 of a PEM text, found other text';
  const hint = '`base64 -w0 FILE` makes it; "certificateFile" and "keyFile" name files instead.';
  at.report.error(node, at, 'ERR_CONFIG_VALUE', message, hint);
  return node;
};

const certificate = shape({
  usage: keep('usage', word(usages)),
  certificate: keep('certificate', pem),
  key: keep('key', pem),
  certificateFile: keep('certificateFile'),
  keyFile: keep('keyFile'),
});

const pinHint =
  'Pin the certificate: "pinnedPeerCertificateChainSha256" with "allowInsecureIfPinnedPeerCertificate": true.';

/** V2Ray refuses it in this format. */
const forbidden: Field = {
  read(member, at) {
    if (asksNothing(member.value)) return [];
    const message = 'jsonv5 does not allow it: anybody could read the traffic';
    at.report.error(member.value, at, 'ERR_CONFIG_VALUE', message, pinHint);
    return [];
  },
};

const shapeOfTls = shape(
  {
    allowInsecure: forbidden,
    certificate: keep('certificates', listOf(certificate)),
    serverName: keep('serverName'),
    nextProtocol: keep('alpn'),
    enableSessionResumption: keep('enableSessionResumption'),
    disableSystemRoot: keep('disableSystemRoot'),
    pinnedPeerCertificateChainSha256: keep('pinnedPeerCertificateChainSha256'),
    verifyClientCertificate: keep('verifyClientCertificate'),
    minVersion: keep('minVersion', version),
    maxVersion: keep('maxVersion', version),
    allowInsecureIfPinnedPeerCertificate: keep('allowInsecure'),
    echConfig: keep('echConfig'),
    echDOHserver: keep('echDohServer'),
    echQueryDomain: lacking('echQueryDomain is not supported by tsray', asksNothing),
    ciphersuites: lacking('ciphersuites are not supported by tsray', asksNothing),
  },
  {
    certificates: 'Write "certificate".',
    alpn: 'Write "nextProtocol".',
    fingerprint: 'jsonv5 has "security": "utls" for it, which tsray lacks.',
    cipherSuites: 'jsonv5 has numbers for it, which tsray does not read.',
  },
);

export function translateTls(node: ConfigNode, at: At): ConfigNode {
  const tls = object(shapeOfTls)(node, at);
  if (tls?.kind !== 'object') return node;
  const pins = tls.members.findLast(({ key }) => key === 'pinnedPeerCertificateChainSha256');
  const pinned = pins !== undefined && !asksNothing(pins.value);
  // Verification gives way to a pin, never to nothing.
  return pinned ? tls : { ...tls, members: tls.members.filter(({ key }) => key !== 'allowInsecure') };
}

/** Stands for settings that were not given, so that what is missing in them has its place. */
export function emptyTls(around: ConfigNode, at: At) {
  const empty: ConfigNode = { kind: 'object', source: around.source, offset: around.offset, members: [] };
  return memberFor('tlsSettings', {
    ...translateTls(empty, within(at, 'securitySettings')),
    written: ['securitySettings'],
  });
}
