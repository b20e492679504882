/** v2rayN's form: base64 of a JSON object. */
import { withoutEnd } from '../../core/text/trim.js';
import { withoutEntities } from './copied-text.js';
import { linkFault } from './fault.js';
import { isLooseObject, type LooseObject, type LooseValue, parseLooseObject } from './loose-json.js';
import { LinkValues } from './values.js';
import { isNetworkWord, isTlsWord } from './words.js';

/** `beside` is what the link has behind its base64. Throws ERR_LINK if the text is no JSON object. */
export function readJsonForm(json: string, beside = new LinkValues()): LinkValues {
  const text = withoutEnd(json.replace(/^\uFEFF/, ''), '\0');
  const object = parseLooseObject(text.includes('&quot;') ? withoutEntities(text) : text);
  if (object === undefined || object.members.length === 0) throw malformed();
  const values = new LinkValues();
  let version = '';
  for (const [name, value] of object.members) {
    if (name.toLowerCase() === 'v') version = asText(value);
    if (isLooseObject(value)) setSection(name, value, values);
    else values.set(name, asText(value));
  }
  values.complete(beside);
  settleNames(values);
  if (!/^v?2(?:\.0+)?$/i.test(version.trim())) readVersion1(values, version.trim() === '');
  placeByNetwork(values);
  return values;
}

function malformed(): Error {
  return linkFault(
    'expected a JSON object in the base64 of the link, found one that is not well-formed',
    'It may have been cut off when it was copied.',
  );
}

function asText(value: LooseValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((item: LooseValue) => asText(item)).join(',');
  return '';
}

/** Sections whose members mean what they mean beside them. */
const sections =
  /^(?:(?:ws|h2|http|tcp|raw|grpc|kcp|quic|httpupgrade|tls)[-_]?(?:opts|settings)|stream[-_]?settings)$/i;

/** An object within the object, as configurations have them. What is not understood goes by its name with a dot. */
function setSection(name: string, section: LooseObject, values: LinkValues): void {
  for (const [inner, value] of section.members) {
    const key = inner.toLowerCase();
    if (/headers?$/i.test(name)) {
      // Of headers the Host, of mKCP's and QUIC's the kind of packets.
      if (key === 'host') values.set('host', asText(value));
      else if (key === 'type') values.set('headerType', asText(value));
      else if (/headers$/i.test(name) && !isLooseObject(value)) values.setField(inner, asText(value));
      else if (!isEmpty(value)) values.set(`${name}.${inner}`, asText(value) || 'set');
    } else if (isLooseObject(value)) {
      setSection(sections.test(name) ? inner : `${name}.${inner}`, value, values);
    } else if (sections.test(name)) {
      const isQuic = /^quic/i.test(name) && key === 'security';
      values.set(isQuic ? 'quicSecurity' : inner, asText(value));
    } else {
      values.set(`${name}.${inner}`, asText(value));
    }
  }
}

function isEmpty(value: LooseValue): boolean {
  return isLooseObject(value) ? value.members.length === 0 : asText(value) === '';
}

/** `type` is the header here and `security` the cipher, unless the link can only mean the transport and TLS. */
function settleNames(values: LinkValues): void {
  const type = values.take('type');
  if (values.take('network') === '' && isNetworkWord(type) && !/^(?:none|http)$/i.test(type)) {
    values.replace('network', type);
  } else {
    values.set('headerType', type);
  }
  const security = values.take('security');
  if (isTlsWord(security)) {
    if (!isTlsWord(values.take('tls'))) values.replace('tls', security);
  } else if (values.take('encryption') === '') {
    values.replace('encryption', security);
  }
  values.replace('security', values.take('tls'));
}

/** In version 1 the host of ws and h2 was the path, or `path;host`. */
function readVersion1(values: LinkValues, unsaid: boolean): void {
  const network = values.take('network').toLowerCase();
  if (!/^(?:ws|websocket|h2|http|httpupgrade)$/.test(network)) return;
  const given = values.take('host').replace(/\s+/g, '');
  if (given === '') return;
  const [first = '', second = ''] = given.split(';');
  const splits = given.includes(';');
  if (!splits && !given.startsWith('/')) {
    // Writers leave the version out and mean the second, where a path stands beside it; nobody has a name for a path.
    if (values.take('path') !== '' || (unsaid && given.includes('.'))) return;
  }
  const turned = second.startsWith('/') && !first.startsWith('/');
  values.replace('path', turned ? second : first);
  values.replace('host', turned ? first : second);
}

/** `host` and `path` hold something else for some transports. */
function placeByNetwork(values: LinkValues): void {
  const network = values.take('network').toLowerCase();
  if (network === 'kcp' || network === 'mkcp') {
    values.set('seed', values.exact('path'));
    values.replace('path', '');
  } else if (network === 'quic') {
    values.set('quicSecurity', values.take('host'));
    values.replace('host', '');
    values.set('key', values.exact('path'));
    values.replace('path', '');
  } else if (network === 'grpc' || network === 'gun') {
    if (values.take('mode') === '') values.replace('mode', values.take('headerType'));
    values.replace('headerType', '');
  }
}
