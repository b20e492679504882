/** Share links: one line that holds a server, an ID and the way there. */
import { decodeLooseBase64Text } from './base64.js';
import { linkFault } from './fault.js';
import { readJsonForm } from './json-form.js';
import { type LinkOutbound, outboundOf } from './outbound.js';
import { percentDecode } from './percent.js';
import { type FieldRules, readFields } from './read-fields.js';
import { readShadowrocketForm } from './shadowrocket-form.js';
import { readUrlForm, splitLink } from './url-form.js';
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
 * Reads `vmess://` links: v2rayN's base64 of JSON, the URL form, Shadowrocket's. Throws a TsrayError ERR_LINK that says
 * what was expected, and never holds the ID.
 */
export function parseShareLink(text: string): ShareLink {
  if (typeof text !== 'string') throw linkFault(`expected a link as text, found ${typeof text}`);
  const link = text.trim();
  if (link.length > longestLink) {
    throw linkFault(`expected a link of at most ${longestLink} characters, found ${link.length}`);
  }
  const { values, rules } = valuesOf(bodyOf(link));
  const { fields, warnings } = readFields(values, rules);
  return { name: fields.name, outbound: outboundOf(fields), warnings };
}

/** Schemes of protocols tsray has nothing of, so that the message can name them. */
const otherSchemes = new Set(
  'vless trojan ss ssr socks socks4 socks5 http https hysteria hysteria2 hy2 tuic wireguard naive+https snell'.split(
    ' ',
  ),
);

function bodyOf(link: string): string {
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(link)?.[1]?.toLowerCase();
  if (scheme === 'vmess') {
    const body = link.slice('vmess:'.length).replace(/^\/\//, '');
    if (body === '') throw linkFault('expected a server after "vmess://", found nothing');
    return body;
  }
  const hint = 'tsray speaks VMess only: its links begin with "vmess://".';
  if (scheme !== undefined && otherSchemes.has(scheme)) {
    throw linkFault(`expected a vmess:// link, found ${scheme}://`, hint);
  }
  throw linkFault(`expected a vmess:// link, found ${link === '' ? 'nothing' : 'another text'}`, hint);
}

interface Read {
  readonly values: LinkValues;
  readonly rules: FieldRules;
}

function valuesOf(body: string): Read {
  if (/^(?:\{|%7b)/i.test(body)) return jsonForm(body.startsWith('{') ? body : percentDecode(body), '');
  const parts = splitLink(body);
  if (parts.body.includes('@')) return { values: readUrlForm(parts), rules: { hostIsServerName: false } };
  const decoded = decodeLooseBase64Text(parts.body)?.trim();
  if (decoded === undefined) {
    throw linkFault(
      'expected base64 or ID@host:port after "vmess://", found neither',
      'It may have been cut off, or changed, when it was copied.',
    );
  }
  if (/^\uFEFF?\{/.test(decoded)) return jsonForm(decoded, percentDecode(parts.fragment));
  if (/^[^\s@]+@[^\s@]+$/.test(decoded)) {
    return { values: readShadowrocketForm(decoded, parts), rules: { hostIsServerName: true } };
  }
  if (/^[^=,{]+=\s*vmess\s*,/i.test(decoded)) {
    throw linkFault("the link is in Quantumult's form, which tsray does not read", 'Ask for a v2rayN link.');
  }
  throw linkFault(
    'expected a JSON object or encryption:ID@host:port in the base64 of the link, found neither',
  );
}

function jsonForm(json: string, fragment: string): Read {
  const values = readJsonForm(json);
  if (values.take('name') === '') values.set('name', fragment);
  return { values, rules: { hostIsServerName: true } };
}
