/** Share links: one line that holds a server, an ID and the way there. */
import { decodeLooseBase64Text, decodePlainBase64 } from './base64.js';
import { mendLink, splitLinks, withoutWrapping } from './copied-text.js';
import { linkFault } from './fault.js';
import { readJsonForm } from './json-form.js';
import { readLineForm } from './line-form.js';
import { type LinkOutbound, outboundOf } from './outbound.js';
import { percentDecode } from './percent.js';
import { type FieldRules, readFields } from './read-fields.js';
import { readEncodedAuthority, readQuery, readUrlForm, splitLink } from './url-form.js';
import type { LinkValues } from './values.js';

/** A share link, read. */
export interface ShareLink {
  /** What people call the server; may be empty. */
  readonly name: string;
  /** An entry of `outbounds` for `parseConfig`; it has no tag. */
  readonly outbound: LinkOutbound;
  /** What the link asks for and tsray does not do, a sentence each, without a full stop and without the ID. */
  readonly warnings: readonly string[];
}

/** Far more than any link has. */
const longestLink = 65_536;

/**
 * Reads `vmess://` links: v2rayN's base64 of JSON, the URL forms, Shadowrocket's and Quantumult's. Throws a TsrayError
 * ERR_LINK that says what was expected, and never holds the ID.
 */
export function parseShareLink(text: string): ShareLink {
  if (typeof text !== 'string') throw linkFault(`expected a link as text, found ${typeof text}`);
  if (text.length > longestLink) {
    const length = text.trim().length;
    if (length > longestLink) {
      throw linkFault(`expected a link of at most ${longestLink} characters, found ${length}`);
    }
  }
  const { values, rules } = ofUsualForm(text) ?? valuesOf(bodyOf(onlyLink(text)), 1);
  return linkOfValues(values, rules);
}

/** Two in one text would become one whose name holds the other. */
function onlyLink(text: string): string {
  const link = withoutWrapping(text);
  if (link.indexOf('://') === link.lastIndexOf('://')) return link;
  const links = splitLinks(link);
  if (links.length > 1) throw linkFault(`expected one link, found ${links.length}`);
  return links[0] ?? link;
}

const usualPrefix = 'vmess://';

/** Most links by far: base64 of JSON with nothing around them, which need not be looked at for what copying does. */
function ofUsualForm(text: string): Read | undefined {
  if (!text.startsWith(usualPrefix) || text.includes('?') || text.includes('@')) return undefined;
  const decoded = decodePlainBase64(text.slice(usualPrefix.length))?.toString();
  return decoded?.startsWith('{') === true ? jsonForm(decoded.trim()) : undefined;
}

/** Throws ERR_LINK. */
export function linkOfValues(values: LinkValues, rules: FieldRules): ShareLink {
  const { fields, warnings } = readFields(values, rules);
  return { name: fields.name, outbound: outboundOf(fields), warnings };
}

/** Schemes of protocols tsray has nothing of, so that the message can name them. */
const otherSchemes = new Set(
  'vless trojan trojan-go ss ssr ssd socks socks4 socks5 http https hysteria hysteria2 hy hy2 tuic juicity anytls mieru brook wireguard wg warp naive naive+https snell ssh'.split(
    ' ',
  ),
);

/** The scheme of a link, in lower case, if it is one of the protocols that links are made for. */
export function schemeOf(link: string): string | undefined {
  if (link.startsWith('vmess:')) return 'vmess';
  const scheme = /^([a-z][a-z\d+.-]{0,30})(?::|%3a|：)/i.exec(link)?.[1]?.toLowerCase();
  if (scheme === 'vmess1') return 'vmess';
  return scheme === 'vmess' || (scheme !== undefined && otherSchemes.has(scheme)) ? scheme : undefined;
}

function bodyOf(link: string): string {
  const scheme = schemeOf(link);
  if (scheme === 'vmess') {
    const encoded = /^vmess1?%3a/i.test(link) ? percentDecode(link) : link;
    const body = encoded
      .slice(/^vmess1/i.test(encoded) ? 'vmess1:'.length : 'vmess:'.length)
      .replace(/^[\\/／]*/, '')
      .trim();
    if (body === '') throw linkFault('expected a server after "vmess://", found nothing');
    return body;
  }
  const hint = 'tsray speaks VMess only: its links begin with "vmess://".';
  if (scheme !== undefined) throw linkFault(`expected a vmess:// link, found ${scheme}://`, hint);
  throw linkFault(`expected a vmess:// link, found ${link === '' ? 'nothing' : 'another text'}`, hint);
}

interface Read {
  readonly values: LinkValues;
  readonly rules: FieldRules;
}

/** v2rayN and Shadowrocket take the Host for the name in the certificate, the URL form does not. */
const hostCounts: FieldRules = { hostIsServerName: true };
const addressCounts: FieldRules = { hostIsServerName: false };

function valuesOf(body: string, depth: number): Read {
  if (/^(?:\{|%7b)/i.test(body)) return jsonForm(body.startsWith('{') ? body : percentDecode(body));
  const link = unencoded(mendLink(body));
  const parts = splitLink(link);
  if (parts.body.includes('@')) return { values: readUrlForm(parts), rules: addressCounts };
  const decoded = decodedBody(parts.body);
  if (decoded === undefined) {
    throw linkFault(
      'expected base64 or ID@host:port after "vmess://", found neither',
      'It may have been cut off, or changed, when it was copied.',
    );
  }
  // Encoded twice.
  if (/^vmess:\/\//i.test(decoded) && depth < 3) return valuesOf(bodyOf(decoded), depth + 1);
  if (/^\uFEFF?\{/.test(decoded)) {
    const read = jsonForm(decoded, readQuery(parts.query));
    if (read.values.take('name') === '') read.values.replace('name', percentDecode(parts.fragment));
    return read;
  }
  if (/^[^=,{]+=\s*vmess\s*,/i.test(decoded)) return { values: readLineForm(decoded), rules: hostCounts };
  const authority = mendLink(decoded);
  if (/^[^\s@]+@[^\s@?]+/.test(authority)) {
    const isUrl = authority.includes('?');
    return { values: readEncodedAuthority(authority, parts), rules: isUrl ? addressCounts : hostCounts };
  }
  throw linkFault(
    'expected a JSON object or encryption:ID@host:port in the base64 of the link, found neither',
  );
}

function jsonForm(json: string, beside?: LinkValues): Read {
  return { values: readJsonForm(json, beside), rules: hostCounts };
}

/** A link that was encoded as a whole, as the parameter of another. */
function unencoded(link: string): string {
  if (/[@?]/.test(link) || !/%(?:25)*40/i.test(link)) return link;
  let decoded = link;
  for (let round = 0; round < 3 && !decoded.includes('@'); round += 1) decoded = percentDecode(decoded);
  return decoded;
}

/** What the base64 holds; it may end before a slash or before another text. */
function decodedBody(body: string): string | undefined {
  if (/^[\w+/-]+={0,2}$/.test(body)) return decodeLooseBase64Text(body.replace(/\/$/, ''))?.trim();
  const [, whole = body] = /^([\w+/\s-]+={1,2})[^\w+/=-]/.exec(body) ?? [];
  const bare = whole.replace(/\/$/, '');
  return (decodeLooseBase64Text(bare) ?? decodeLooseBase64Text(whole))?.trim();
}
