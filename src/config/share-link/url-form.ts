/**
 * The URL form, `vmess://ID@host:port?key=value#name`, and an older one with `network+tls:ID-alterId` before the `@`.
 */
import { linkFault } from './fault.js';
import { percentDecode, queryPairs } from './percent.js';
import { LinkValues } from './values.js';

/** Parts of a link after its scheme: `body?query#fragment`. */
export interface LinkParts {
  readonly body: string;
  readonly query: string;
  readonly fragment: string;
}

export function splitLink(text: string): LinkParts {
  const [beforeFragment, fragment] = cut(text, '#');
  const [body, query] = cut(beforeFragment, '?');
  return { body, query, fragment };
}

function cut(text: string, mark: string): readonly [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Throws ERR_LINK. */
export function readUrlForm({ body, query, fragment }: LinkParts): LinkValues {
  const values = new LinkValues();
  for (const [name, value] of queryPairs(query)) values.set(name, value);
  readAuthority(body, values);
  if (fragment !== '') values.set('name', percentDecode(fragment));
  else if (values.take('name') === '') values.set('name', values.take('remarks', 'remark'));
  return values;
}

/** `user@host:port`, perhaps with a slash behind it. */
export function readAuthority(authority: string, values: LinkValues): void {
  const at = authority.lastIndexOf('@');
  readUser(percentDecode(authority.slice(0, at)), values);
  const [server] = cut(authority.slice(at + 1), '/');
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(server);
  if (match === null) {
    throw linkFault('expected host:port after the "@"', 'An IPv6 address needs brackets: [2001:db8::1]:443.');
  }
  values.set('address', percentDecode(match[1] ?? ''));
  values.set('port', match[2] ?? '');
}

const typedUser = /^(tcp|http|h2|ws|kcp|quic|grpc)(\+tls)?:(.+?)(?:-(\d{1,5}))?$/i;
const prefixedUser = /^([a-z\d-]+):(.+)$/is;
const uuidWithAlterId = /^(.{8}-.{4}-.{4}-.{4}-.{12})-(\d{1,5})$/;

function readUser(user: string, values: LinkValues): void {
  const typed = typedUser.exec(user);
  if (typed !== null) {
    const [, network = '', tls, id = '', alterId = ''] = typed;
    const whole = uuidWithAlterId.exec(user.slice(user.indexOf(':') + 1));
    const headerType = values.take('type');
    values.set('headerType', headerType);
    values.set('type', network);
    values.set('security', tls === undefined ? 'none' : 'tls');
    values.set('id', whole?.[1] ?? (alterId === '' ? id : `${id}-${alterId}`));
    values.set('alterId', whole?.[2] ?? '0');
    return;
  }
  const [, before = '', after = ''] = prefixedUser.exec(user) ?? [];
  if (before === '') {
    values.set('id', user);
  } else if (before.length >= 32) {
    values.set('id', before);
    values.set('alterId', after);
  } else {
    values.set('encryption', before);
    values.set('id', after);
  }
}
