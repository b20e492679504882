/** One item of an address condition, as V2Ray, v2ray 5 and Xray write them. */
import { isIP } from 'node:net';
import { parseAddress } from '../../core/net/address.js';
import { type GeoListName, geoipFile, geoListName } from '../geo/list-name.js';
import type { ItemFault } from './domain-item.js';
import { type IpNumber, ipNumberOf } from './match/ip-number.js';

interface Signed {
  /** Everything else is meant. */
  readonly inverse: boolean;
}

export type IpItem = Signed &
  (
    | { readonly kind: 'prefix'; readonly base: IpNumber; readonly bits: number }
    | { readonly kind: 'list'; readonly list: GeoListName }
  );

const external = ['ext:', 'ext-ip:'];

/** Host bits behind the prefix do not matter. */
export function parseIpItem(given: string): IpItem | ItemFault {
  const marks = /^!*/.exec(given)![0].length;
  const text = given.slice(marks).trim();
  const inverse = marks % 2 === 1;
  if (text.startsWith('geoip:')) return listItem(geoipFile, text.slice('geoip:'.length), inverse, 'geoip:cn');
  const prefix = external.find((each) => text.startsWith(each));
  if (prefix !== undefined) {
    const [file = '', code, ...more] = text.slice(prefix.length).split(':');
    if (file === '' || code === undefined || more.length > 0) {
      return { expected: `a file and a list, such as "${prefix}file.dat:list"` };
    }
    return listItem(file, code, inverse, `${prefix}file.dat:list`);
  }
  return prefixItem(text, inverse);
}

function listItem(file: string, text: string, inverse: boolean, example: string): IpItem | ItemFault {
  const marked = text.startsWith('!');
  const code = (marked ? text.slice(1) : text).trim();
  if (code === '') return { expected: `the name of a list, such as "${example}"` };
  return { kind: 'list', list: geoListName(file, code), inverse: inverse !== marked };
}

const expected = 'an IP address, a range such as "10.0.0.0/8", or "geoip:" with a list';

function prefixItem(text: string, inverse: boolean): IpItem | ItemFault {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(host);
  if (address.kind === 'domain' || host.includes('%')) {
    return {
      expected,
      ...(isName(host) ? { hint: 'Names belong into "domain".' } : {}),
    };
  }
  const base = ipNumberOf(address);
  const most = base.family === 4 ? 32 : 128;
  if (slash < 0) return { kind: 'prefix', base, bits: most, inverse };
  const length = text.slice(slash + 1).trim();
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) {
    const mapped = base.family === 4 && isIP(host.trim()) === 6;
    return {
      expected: `a prefix length from 0 to ${most}`,
      ...(mapped ? { hint: 'Such an address stands for an IPv4 address; write it that way.' } : {}),
    };
  }
  return { kind: 'prefix', base, bits: Number(length), inverse };
}

function isName(text: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(text) && /[a-z]/i.test(text);
}
