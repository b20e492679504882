/**
 * Checks what a link says. Every form is first brought into `LinkValues` with the transport in `network` and TLS in
 * `security`; `readFields` reads those. What decides the way is obeyed or refused; what does not draws a warning.
 */
import { parseAddress } from '../../core/net/address.js';
import { isUserId } from '../../proxy/vmess/uuid.js';
import { isAddress } from '../values/address.js';
import { looksCutShort } from '../values/user-id.js';
import { linkFault, shown } from './fault.js';
import type { LinkFields, LinkPacketEncoding, LinkSecurity } from './fields.js';
import { readCarriage } from './read-carriage.js';
import { readMasks } from './read-masks.js';
import { readTls } from './read-tls.js';
import type { Reading } from './reading.js';
import { mayDecideTheWay, spellingOf } from './spellings.js';
import { type LinkValues, readFlagWord } from './values.js';
import { isTlsWord, securityOf } from './words.js';

export interface CheckedFields {
  readonly fields: LinkFields;
  /** Sentences without a full stop on what the link asks for and tsray does not do. */
  readonly warnings: readonly string[];
}

export interface FieldRules {
  /** The Host is the TLS server name if the link has none, as v2rayN does for its own form. */
  readonly hostIsServerName: boolean;
}

/** Throws ERR_LINK. */
export function readFields(values: LinkValues, { hostIsServerName }: FieldRules): CheckedFields {
  const warnings: string[] = [];
  const id = readId(values, warnings);
  const reading: Reading = { values, warnings, id };
  const address = readServer(reading);
  const port = readNumber(reading, 'port', 'a port from 1 to 65535', 1);
  const alterId = readNumber(reading, 'alterId', 'a whole number from 0 to 65535', 0);
  const security = readSecurity(reading);
  refuseOtherWays(reading);
  readMasks(values);
  const host = values.take('host');
  const carriage = readCarriage(reading, host);
  const tls = readTls(reading, {
    // An IP address says nothing about the certificate of a server behind a CDN; its Host does.
    host: hostIsServerName || parseAddress(address).kind !== 'domain' ? host : '',
  });
  const packetEncoding = readPacketEncoding(reading);
  noteComforts(reading);
  const name = values.take('name');
  values.take('harmless');
  for (const key of values.unread()) {
    const spelling = spellingOf(key);
    if (spelling !== undefined) {
      // Belongs to another transport.
      const value = values.take(spelling.key);
      if (value.toLowerCase() !== 'none')
        warnings.push(`${shown(key, id)} means nothing here and was ignored`);
      continue;
    }
    if (mayDecideTheWay(key)) {
      const hint = 'Without it the server may not be reached, or reached without its protection.';
      throw linkFault(`the link has ${shown(key, id)}, which tsray does not know`, hint);
    }
    warnings.push(`${shown(key, id)} is unknown and was ignored`);
  }
  return {
    fields: {
      name,
      address,
      port,
      id,
      alterId,
      security,
      carriage,
      ...(tls === undefined ? {} : { tls }),
      ...(packetEncoding === undefined ? {} : { packetEncoding }),
    },
    warnings,
  };
}

function readId(values: LinkValues, warnings: string[]): string {
  const id = values.take('id');
  if (id === '') throw linkFault('the link has no user ID', 'It may have been cut off when it was copied.');
  if (!isUserId(id)) {
    throw linkFault(`expected a UUID (32 hex digits) as user ID, found ${id.length} characters`);
  }
  if (looksCutShort(id)) {
    warnings.push(`the user ID is taken as a name and not as a UUID, having ${id.length} characters`);
  }
  return id;
}

function readServer({ id, values }: Reading): string {
  const given = values.take('address');
  if (given === '') throw linkFault('the link names no server');
  const { kind, host } = parseAddress(given);
  if (!isAddress(given) || (kind === 'domain' && given.includes('['))) {
    throw linkFault(`expected the server's IP address or name, found ${shown(given, id)}`);
  }
  return host;
}

function readNumber({ id, values }: Reading, key: 'port' | 'alterId', expected: string, low: number): number {
  const given = values.take(key);
  if (given === '' && low === 0) return 0;
  // Some programs write numbers as 443.0.
  const digits = given.replace(/\.0+$/, '');
  const value = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (value >= low && value <= 65_535) return value;
  throw linkFault(`expected ${expected}, found ${shown(given, id)}`);
}

function readSecurity({ id, values, warnings }: Reading): LinkSecurity {
  const given = values.take('encryption');
  const known = securityOf(given);
  if (known !== undefined) return known;
  if (isTlsWord(given) && !isTlsWord(values.take('security'))) {
    throw linkFault(`the link has ${shown(given, id)} in the place of the cipher, and no TLS`);
  }
  warnings.push(`encryption ${shown(given, id)} is unknown, "auto" is used, as V2Ray does`);
  return 'auto';
}

function readPacketEncoding({ id, values, warnings }: Reading): LinkPacketEncoding | undefined {
  const given = values.take('packetEncoding');
  const word = given.toLowerCase();
  if (word === 'xudp') return 'xudp';
  if (word === 'packetaddr' || word === 'packet') return 'packetaddr';
  if (word !== '' && word !== 'none') {
    warnings.push(`packetEncoding ${shown(given, id)} is unknown and was ignored`);
  }
  return undefined;
}

/** Another server in front, or a program that carries the connection. */
function refuseOtherWays({ id, values }: Reading): void {
  const through = values.take('through');
  if (through !== '' && readFlagWord(through) !== false) {
    throw linkFault('the server is to be reached through another proxy, which a link cannot do');
  }
  const plugin = values.take('plugin');
  if (plugin !== '' && readFlagWord(plugin) !== false) {
    throw linkFault(`the link asks for the plugin ${shown(plugin, id)}, which tsray does not have`);
  }
}

function noteComforts({ values, warnings }: Reading): void {
  if (readFlagWord(values.take('mux')) !== false)
    warnings.push('mux in a link is ignored; a configuration can switch it on');
  if (readFlagWord(values.take('tfo')) !== false) warnings.push('tfo (TCP Fast Open) is ignored');
}
