/** One list of names of a geosite.dat (GeoSite of V2Ray's app/router/config.proto) → a DomainList. Pure. */

import { FieldCursor, MalformedMessage } from '../../core/protobuf.js';
import { comparableName } from '../router/domain-item.js';
import { DomainList } from '../router/match/domain-list.js';
import { DomainTable } from '../router/match/domain-table.js';
import type { RegexpFaulty } from '../router/match/regexps.js';

const siteDomain = 2;
const domainType = 1;
const domainValue = 2;
const domainAttribute = 3;
const attributeKey = 1;

/** Values of Domain.Type; 0 is not written. */
const typePlain = 0;
const typeRegex = 1;
const typeDomain = 2;
const typeFull = 3;

/** An entry is about 24 bytes of the file. */
const bytesPerEntry = 24;

/**
 * Entries that have all `attributes` (lower case). Throws MalformedMessage. Entries of a type that is not known yet
 * would be lost in silence, so they are an error too. `faulty` is told, when names are looked for, of regular expressions
 * that are none.
 */
export function decodeSite(
  bytes: Uint8Array,
  attributes: readonly string[],
  faulty?: RegexpFaulty,
): DomainList {
  const names = new DomainTable(attributes.length === 0 ? Math.ceil(bytes.length / bytesPerEntry) : 16);
  const keywords: string[] = [];
  const regexps: string[] = [];
  const site = new FieldCursor(bytes);
  const domain = new FieldCursor(bytes);
  while (site.next()) {
    if (site.field !== siteDomain) continue;
    let type = typePlain;
    let from = 0;
    let to = 0;
    const missing = attributes.length === 0 ? undefined : new Set(attributes);
    domain.enter(site.from, site.to);
    while (domain.next()) {
      if (domain.field === domainType) type = domain.value;
      else if (domain.field === domainValue) {
        from = domain.from;
        to = domain.to;
      } else if (domain.field === domainAttribute) {
        missing?.delete(keyOf(bytes, domain.from, domain.to));
      }
    }
    if (missing !== undefined && missing.size > 0) continue;
    switch (type) {
      case typeDomain:
      case typeFull:
        addName(names, type === typeFull ? 'full' : 'domain', bytes, from, to);
        break;
      case typePlain:
        keywords.push(textOf(bytes, from, to).toLowerCase());
        break;
      case typeRegex:
        regexps.push(textOf(bytes, from, to));
        break;
      default:
        throw new MalformedMessage(`an entry is of the unknown type ${type}`);
    }
  }
  return new DomainList(names, keywords, regexps, faulty);
}

function addName(
  names: DomainTable,
  kind: 'domain' | 'full',
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  for (let at = from; at < to; at += 1) {
    if (bytes[at]! < 0x80) continue;
    names.add(kind, comparableName(textOf(bytes, from, to)));
    return;
  }
  names.addBytes(kind, bytes, from, to);
}

function keyOf(bytes: Uint8Array, from: number, to: number): string {
  const attribute = new FieldCursor(bytes, from, to);
  let key = '';
  while (attribute.next()) {
    if (attribute.field === attributeKey) key = textOf(bytes, attribute.from, attribute.to);
  }
  return key.toLowerCase();
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
