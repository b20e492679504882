/** One item of a domain condition, as V2Ray, v2ray 5 and Xray write them. */
import { domainToASCII } from 'node:url';
import { type GeoListName, geoListName, geositeFile } from '../geo/list-name.js';

export type DomainItem =
  /** The name contains `value`. An empty one is in every name. */
  | { readonly kind: 'keyword'; readonly value: string }
  /** The name is `value` or ends with `.value`. */
  | { readonly kind: 'domain'; readonly value: string }
  | { readonly kind: 'full'; readonly value: string }
  /** RE2 syntax; found anywhere in the name. */
  | { readonly kind: 'regexp'; readonly value: string }
  /** A list of a data file; all `attributes` (lower case) must be on an entry that counts. */
  | { readonly kind: 'list'; readonly list: GeoListName; readonly attributes: readonly string[] };

/** Why a text is no item: what was expected, and what to do. */
export interface ItemFault {
  readonly expected: string;
  readonly hint?: string;
}

/** A name in the form in which names are compared: lower case, ASCII, without one dot at the end. */
export function comparableName(name: string): string {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(bare)) return bare.toLowerCase();
  const ascii = domainToASCII(bare);
  return ascii === '' ? bare.toLowerCase() : ascii;
}

const external = ['ext:', 'ext-domain:', 'ext-site:'];

export function parseDomainItem(text: string): DomainItem | ItemFault {
  const at = text.indexOf(':');
  const prefix = at < 0 ? '' : text.slice(0, at + 1);
  const value = text.slice(at + 1);
  switch (prefix) {
    case 'keyword:':
      return { kind: 'keyword', value: value.toLowerCase() };
    case 'domain:':
      // With a dot in front, V2Ray 4.34 matches nothing, v2ray 5 and Xray what is meant.
      return { kind: 'domain', value: comparableName(value.replace(/^\./, '')) };
    case 'full:':
      return { kind: 'full', value: comparableName(value) };
    case 'regexp:':
      return { kind: 'regexp', value };
    case 'dotless:':
      if (value.includes('.')) return { expected: 'a text without a dot behind "dotless:"' };
      return { kind: 'regexp', value: dotless(value) };
    case 'geosite:':
      return listItem(geositeFile, value, 'geosite:cn');
    default:
      break;
  }
  if (external.includes(prefix)) {
    const colon = value.indexOf(':');
    if (colon < 1 || value.indexOf(':', colon + 1) >= 0) {
      return { expected: `a file and a list, such as "${prefix}file.dat:list"` };
    }
    return listItem(value.slice(0, colon), value.slice(colon + 1), `${prefix}file.dat:list`);
  }
  return { kind: 'keyword', value: text.toLowerCase() };
}

function listItem(file: string, text: string, example: string): DomainItem | ItemFault {
  const [code = '', ...attributes] = text.split('@').map((part) => part.trim());
  if (code === '') return { expected: `the name of a list, such as "${example}"` };
  return {
    kind: 'list',
    list: geoListName(file, code),
    attributes: attributes
      .filter((attribute) => attribute !== '')
      .map((attribute) => attribute.toLowerCase()),
  };
}

/** V2Ray's own translation: names without a dot that contain `value`. */
function dotless(value: string): string {
  return value === '' ? '^[^.]*$' : `^[^.]*${value.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '\\$&')}[^.]*$`;
}
