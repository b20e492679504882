/**
 * The URL form, `vmess://ID@host:port?key=value#name`; an older one with `network+tls:ID-alterId` before the `@`; and those
 * of Shadowrocket, Kitsunebi and V2RayU, which have `cipher:ID@host:port` in base64 before the query.
 */
import { isIPv6 } from 'node:net';
import { decodeLooseBase64Text } from './base64.js';
import { linkFault, shown } from './fault.js';
import { readHeaderList, readObfs } from './obfs.js';
import { forEachPair, percentDecode } from './percent.js';
import { LinkValues } from './values.js';
import { isCipherWord, isNetworkWord, isTlsWord, quicSecurities } from './words.js';

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
  const values = readQuery(query);
  readAuthority(body, values);
  settleNames(values);
  if (fragment !== '') values.replace('name', percentDecode(fragment));
  return values;
}

/** The parameters alone, under the names they have. */
export function readQuery(query: string): LinkValues {
  const values = new LinkValues();
  // Encoded as a whole.
  const readable = !query.includes('=') && /%(?:25)*3d/i.test(query) ? percentDecode(query) : query;
  forEachPair(readable, (name, value) => values.set(name.replace(/^(?:amp;)+/i, ''), value));
  return values;
}

/** Throws ERR_LINK. `type` is the transport unless another name has it, `security` TLS unless it names a cipher. */
function settleNames(values: LinkValues): void {
  const type = values.take('type');
  const network = values.take('network');
  if (network === '') {
    values.replace('network', type);
  } else if (type !== '' && type.toLowerCase() !== network.toLowerCase()) {
    if (isNetworkWord(type) && !/^(?:none|http|tcp)$/i.test(type)) {
      throw linkFault(`the link asks for two transports, ${shown(network)} and ${shown(type)}`);
    }
    values.set('headerType', type);
  }
  readObfs(values);
  readHeaderList(values);
  const security = values.take('security');
  const tls = values.take('tls');
  if (isQuicCipher(security, values)) {
    values.replace('quicSecurity', security);
    values.replace('security', tls);
  } else if (isCipherWord(security) && security.toLowerCase() !== 'none') {
    values.set('encryption', security);
    values.replace('security', tls);
  } else if (tls !== '' && !isTlsWord(security)) {
    values.replace('security', tls);
  }
}

/** Beside quic a cipher is that of its datagrams, as in the older form, unless those have one by its own name. */
function isQuicCipher(security: string, values: LinkValues): boolean {
  return (
    values.take('network').toLowerCase() === 'quic' &&
    values.take('quicSecurity') === '' &&
    quicSecurities.some((each) => each === security.toLowerCase() && each !== 'none')
  );
}

/** `user@host:port`, perhaps with a slash, or the path, behind it. */
function readAuthority(authority: string, values: LinkValues): void {
  const at = authority.lastIndexOf('@');
  readUser(percentDecode(authority.slice(0, at)).trim(), values);
  const [server, path] = cut(authority.slice(at + 1), '/');
  if (path !== '' && values.take('path') === '') values.replace('path', percentDecode(`/${path}`));
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(server.trim()) ?? [];
  const parts = bareIpv6(server.trim()) ?? [host, port];
  if (parts[0] === undefined) {
    throw linkFault('expected host:port after the "@"', 'An IPv6 address needs brackets: [2001:db8::1]:443.');
  }
  values.replace('address', percentDecode(parts[0]));
  values.replace('port', parts[1] ?? '');
}

/** An IPv6 address without its brackets, with a port behind it. */
function bareIpv6(server: string): readonly [host: string, port: string] | undefined {
  const colon = server.lastIndexOf(':');
  return isIPv6(server.slice(0, colon)) ? [server.slice(0, colon), server.slice(colon + 1)] : undefined;
}

const typedUser = /^([a-z\d]+)((?:\+[a-z\d]+)*):(.+?)(?:-(\d{1,5}))?$/i;
const prefixedUser = /^([a-z\d-]+):(.+)$/is;
const uuidWithAlterId = /^(.{8}-.{4}-.{4}-.{4}-.{12})-(\d{1,5})$/;
const idLike = /^[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}/i;

function readUser(given: string, values: LinkValues): void {
  const user = decodedUser(given);
  const typed = typedUser.exec(user);
  const [, network = '', marks = '', id = '', alterId = ''] = typed ?? [];
  if (typed !== null && (marks !== '' || (isNetworkWord(network) && !isCipherWord(network)))) {
    readTypedUser(network, marks.slice(1), values);
    const whole = uuidWithAlterId.exec(user.slice(user.indexOf(':') + 1));
    values.replace('id', whole?.[1] ?? (alterId === '' ? id : `${id}-${alterId}`));
    values.replace('alterId', whole?.[2] ?? '0');
    return;
  }
  const [, before = '', after = ''] = prefixedUser.exec(user) ?? [];
  if (before === '') {
    values.replace('id', user);
  } else if (before.length >= 32) {
    values.replace('id', before);
    values.replace('alterId', after);
  } else if (isTlsWord(before) || /^wss$/i.test(before)) {
    // The older form with TLS in the name of the transport.
    if (before.toLowerCase() === 'wss') values.replace('network', 'ws');
    values.replace('security', isTlsWord(before) ? before : 'tls');
    const [, id = after, alterId = ''] = uuidWithAlterId.exec(after) ?? [];
    values.replace('id', id);
    if (alterId !== '') values.replace('alterId', alterId);
  } else if (/^https?$/i.test(before)) {
    throw linkFault(`the link asks for the transport ${shown(before)}, which tsray does not know`);
  } else {
    values.replace('encryption', before);
    values.replace('id', after);
  }
}

/** Some put `cipher:ID` into base64 of its own. */
function decodedUser(user: string): string {
  if (idLike.test(user) || user.length < 40 || user.includes(':')) return user;
  const decoded = decodeLooseBase64Text(user)?.trim() ?? '';
  return idLike.test(decoded) || /^[a-z\d-]+:[\da-f-]{32,36}$/i.test(decoded) ? decoded : user;
}

/** Of `quic+tls`: in this form `type` and `security` are those of the packets. */
function readTypedUser(network: string, marks: string, values: LinkValues): void {
  values.set('headerType', values.take('type'));
  values.replace('type', '');
  // Its http is HTTP/2; the head before TCP is `tcp` with `type=http`.
  values.replace('network', network.toLowerCase() === 'http' ? 'h2' : network);
  if (network.toLowerCase() === 'quic') values.set('quicSecurity', values.take('security'));
  values.replace('security', marks === '' ? 'none' : marks);
}

/** `authority` is what the base64 held, perhaps with a query of its own. Throws ERR_LINK. */
export function readEncodedAuthority(authority: string, { query, fragment }: LinkParts): LinkValues {
  const inner = splitLink(authority);
  const queries = [inner.query, query].filter((each) => each !== '').join('&');
  return readUrlForm({ body: inner.body, query: queries, fragment: fragment || inner.fragment });
}
