/** TLS of a link. */
import { parseAddress } from '../../core/net/address.js';
import { isAddress } from '../values/address.js';
import { linkFault, shown } from './fault.js';
import type { LinkTls } from './fields.js';
import type { Reading } from './reading.js';
import { hostsOf, listOf, readFlagWord } from './values.js';

export interface TlsHints {
  /** Taken for the server name if the link has none; may be empty. */
  readonly host: string;
}

/** Undefined if the link asks for none. Throws ERR_LINK for what stands in the place of TLS elsewhere. */
export function readTls(reading: Reading, { host }: TlsHints): LinkTls | undefined {
  const { values, warnings } = reading;
  const sni = values.take('sni');
  const alpn = listOf(values.take('alpn')).map((name) => name.toLowerCase());
  const allowInsecure = readInsecure(reading);
  const given = values.take('security').toLowerCase();
  const wanted = readWanted(reading, given);
  readShaping(reading, wanted);
  for (const key of ['pbk', 'sid', 'spx', 'pqv'] as const) {
    if (values.take(key) !== '') warnings.push(`${key} belongs to REALITY, which tsray does not have`);
  }
  if (!wanted) return undefined;
  const serverName = sni || hostName(host);
  const tls = { alpn, allowInsecure };
  if (serverName === '') return tls;
  return { serverName, ...tls };
}

function readWanted({ id, values }: Reading, given: string): boolean {
  const reality = values.take('reality');
  // A key of REALITY beside nothing that says TLS.
  const implied = values.take('pbk') !== '' && (given === '' || readFlagWord(given) === true);
  if (given === 'reality' || readFlagWord(reality) !== false || implied) {
    throw linkFault(
      'the link asks for REALITY, which cannot be had with Node.js',
      'Its TLS lets nobody shape the handshake.',
    );
  }
  const xtls = values.take('xtls');
  if (given === 'xtls' || readFlagWord(xtls) !== false || /^xtls/i.test(values.take('flow'))) {
    throw linkFault('the link asks for XTLS, which cannot be had with Node.js');
  }
  const wanted = given === 'tls' ? true : readFlagWord(given);
  if (wanted !== undefined) return wanted;
  throw linkFault(`expected "tls" or "none" as security, found ${shown(given, id)}`);
}

/** Every one is looked at, so that none counts as unknown. */
function readInsecure(reading: Reading): boolean {
  const flags = (['allowInsecure', 'insecure', 'skipCertVerify'] as const).map((key) =>
    readFlag(reading, key),
  );
  const verify = reading.values.take('verifyCert');
  return flags.includes(true) || (verify !== '' && readFlagWord(verify) === false);
}

function readFlag(
  { id, values, warnings }: Reading,
  key: 'allowInsecure' | 'insecure' | 'skipCertVerify',
): boolean {
  const given = values.take(key);
  const value = readFlagWord(given);
  if (value === undefined) warnings.push(`${key}=${shown(given, id)} is neither 0 nor 1 and was ignored`);
  return value ?? false;
}

/** The first name of a Host; a port belongs to the header only. */
function hostName(host: string): string {
  const name = hostsOf(host)[0]?.replace(/:\d+$/, '') ?? '';
  return isAddress(name) && parseAddress(name).kind === 'domain' ? name : '';
}

/** What shapes the handshake or adds to it. */
function readShaping({ id, values, warnings }: Reading, hasTls: boolean): void {
  const fp = values.take('fp');
  const isPin = /^(?:[\da-f]{2}:?){20,}$/i.test(fp);
  const pinned = isPin || values.take('pin') !== '';
  if (pinned && hasTls) {
    throw linkFault(
      'the link pins the certificate of the server, which links cannot do in tsray',
      'A configuration can: "pinnedPeerCertificateChainSha256" in tlsSettings.',
    );
  }
  if (!isPin && fp !== '' && fp.toLowerCase() !== 'none') {
    warnings.push(`fp=${shown(fp, id)} cannot be had with Node's TLS: the ClientHello looks like Node.js's`);
  }
  for (const key of ['ech', 'vcn'] as const) {
    if (values.take(key) !== '') warnings.push(`${key} is not supported by tsray`);
  }
}
