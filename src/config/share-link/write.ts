/** Fields → the text of a link. */
import { domainToASCII } from 'node:url';
import { parseAddress } from '../../core/net/address.js';
import type { LinkCarriage, LinkFields } from './fields.js';

/** `v2rayn`: base64 of JSON, which every client reads. `url`: the later form that people can read too. */
export type LinkStyle = 'v2rayn' | 'url';

export function writeLink(fields: LinkFields, style: LinkStyle): string {
  return style === 'url' ? urlForm(fields) : jsonForm(fields);
}

/** Lone surrogates become U+FFFD: nothing could encode them. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Readers take the Host for the server name if none is given, so one that is not meant has to be spelt out. */
function serverName({ address, carriage, tls }: LinkFields): string {
  const { host } = namesOf(carriage);
  return (
    tls?.serverName ??
    // The host of quic is something else.
    (host !== '' && carriage.network !== 'quic' ? address : '')
  );
}

/** What v2rayN calls `type`, `host` and `path`. */
function namesOf(carriage: LinkCarriage): {
  readonly type: string;
  readonly host: string;
  readonly path: string;
} {
  switch (carriage.network) {
    case 'tcp':
      return carriage.httpHead === undefined
        ? { type: 'none', host: '', path: '' }
        : { type: 'http', host: carriage.httpHead.hosts.join(','), path: carriage.httpHead.paths.join(',') };
    case 'ws':
    case 'httpupgrade':
      return { type: 'none', host: carriage.host, path: carriage.path };
    case 'http':
      return { type: 'none', host: carriage.hosts.join(','), path: carriage.path };
    case 'grpc':
      return {
        type: carriage.multiMode ? 'multi' : 'gun',
        host: carriage.authority,
        path: carriage.serviceName,
      };
    case 'kcp':
      return { type: carriage.header, host: '', path: carriage.seed };
    case 'quic':
      return { type: carriage.header, host: carriage.security, path: carriage.key };
  }
}

function jsonForm(fields: LinkFields): string {
  const { carriage, tls } = fields;
  const { type, host, path } = namesOf(carriage);
  const object = {
    v: '2',
    ps: wellFormed(fields.name),
    add: fields.address,
    port: String(fields.port),
    id: fields.id,
    aid: String(fields.alterId),
    scy: fields.security,
    net: carriage.network === 'http' ? 'h2' : carriage.network,
    type,
    host,
    path,
    tls: tls === undefined ? '' : 'tls',
    sni: tls === undefined ? '' : serverName(fields),
    alpn: tls?.alpn.join(',') ?? '',
    fp: '',
    // Two names are in use.
    ...(tls?.allowInsecure ? { allowInsecure: '1', insecure: '1' } : {}),
  };
  return `vmess://${Buffer.from(JSON.stringify(object)).toString('base64')}`;
}

function urlForm(fields: LinkFields): string {
  const { carriage, tls } = fields;
  const { type, host, path } = namesOf(carriage);
  const query: [string, string][] = [
    ['encryption', fields.security],
    ['type', carriage.network],
    ['security', tls === undefined ? 'none' : 'tls'],
  ];
  const add = (key: string, value: string): void => {
    if (value !== '') query.push([key, value]);
  };
  switch (carriage.network) {
    case 'grpc':
      query.push(['serviceName', path], ['mode', type]);
      add('authority', host);
      break;
    case 'kcp':
      query.push(['headerType', type]);
      add('seed', path);
      break;
    case 'quic':
      query.push(['headerType', type], ['quicSecurity', host]);
      add('key', path);
      break;
    default:
      add('path', path);
      add('host', host);
      if (type !== 'none') add('headerType', type);
  }
  // The standard has no such key and implies 0.
  if (fields.alterId !== 0) add('alterId', String(fields.alterId));
  if (tls !== undefined) {
    add('sni', serverName(fields));
    add('alpn', tls.alpn.join(','));
    if (tls.allowInsecure) query.push(['allowInsecure', '1']);
  }
  const parameters = query.map(([key, value]) => `${key}=${encodeURIComponent(wellFormed(value))}`).join('&');
  const name = fields.name === '' ? '' : `#${encodeURIComponent(wellFormed(fields.name))}`;
  return `vmess://${fields.id}@${hostOf(fields.address)}:${fields.port}?${parameters}${name}`;
}

function hostOf(address: string): string {
  const { kind, host } = parseAddress(address);
  if (kind === 'ipv6') return `[${host}]`;
  return kind === 'ipv4' ? host : domainToASCII(host) || encodeURIComponent(host);
}
