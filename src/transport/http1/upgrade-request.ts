/** The upgrade request of ws and httpupgrade as Go's clients write it: order and case of the fields, escaped path. */
import { TsrayError } from '../../core/errors.js';
import type { Field } from '../../core/http1/fields.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';

/** What v2ray-core and sing-box send. */
const defaultUserAgent = 'Go-http-client/1.1';

/** Fields that the handshake itself writes. */
const reservedNames = new Set([
  'connection',
  'host',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-version',
  'upgrade',
]);

/**
 * The configured fields in the form they are sent: names in Go's case, without empty User-Agent. Throws
 * ERR_CONFIG_VALUE for a field that the handshake writes itself, and for what no field can hold.
 */
export function configuredFields(headers: Readonly<Record<string, string>>): readonly Field[] {
  const fields: Field[] = [];
  let agent = defaultUserAgent;
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || !/^[\t -~\x80-\xff]*$/.test(value)) {
      throw new TsrayError('ERR_CONFIG_VALUE', `the header "${printable(name)}" cannot be sent`, {
        hint: 'Names are letters, digits and hyphens; values are one line of Latin text.',
      });
    }
    if (reservedNames.has(name.toLowerCase())) {
      throw new TsrayError('ERR_CONFIG_VALUE', `the header "${name}" is written by the transport itself`, {
        hint: 'Take it out of "headers".',
      });
    }
    if (name.toLowerCase() === 'user-agent') agent = value.trim();
    else fields.push([goCase(name), value.trim()]);
  }
  return agent === '' ? fields : [['User-Agent', agent], ...fields];
}

/** All fields in Go's order: Host, User-Agent, the others by name. */
export function requestFields(host: string, fields: readonly Field[]): readonly Field[] {
  const rank = ([name]: Field): number => (name === 'User-Agent' ? 0 : 1);
  const sorted = [...fields].sort((a, b) => rank(a) - rank(b) || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return [['Host', host], ...sorted];
}

/** Where the settings name no host: the destination, with the port unless it is the scheme's own. */
export function destinationHost(destination: Destination, secure: boolean): string {
  const { host } = destination.address;
  if (destination.port !== (secure ? 443 : 80)) return formatHostPort(host, destination.port);
  return host.includes(':') ? `[${host}]` : host;
}

/** A configured path as request target: what may not stand there is percent-encoded, escapes are left alone. */
export function requestTarget(path: string): string {
  const escaped = path.replace(/[^!$&'()*+,\-./0-9:;=?@A-Z_a-z~%]|%(?![0-9A-Fa-f]{2})/gu, (character) =>
    Buffer.from(character).reduce((text, byte) => text + percent(byte), ''),
  );
  return escaped.startsWith('/') ? escaped : `/${escaped}`;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function printable(name: string): string {
  return name.replace(/[^ -~]/g, '?').slice(0, 60);
}

/** `x-forwarded-for` → `X-Forwarded-For`; the one name that Go's WebSocket clients write otherwise, likewise. */
export function goCase(name: string): string {
  const text = name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
  return text === 'Sec-Websocket-Protocol' ? 'Sec-WebSocket-Protocol' : text;
}
