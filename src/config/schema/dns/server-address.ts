/** Where a DNS server is, as V2Ray writes it: a host, a word, or a URL. */
import type { ServerAddress } from '../../../app/dns/settings.js';
import { parseAddress } from '../../../core/net/address.js';
import { adviseAddress, isAddress } from '../../values/address.js';

export interface AddressFault {
  readonly expected?: string;
  readonly hint?: string | undefined;
  /** V2Ray, v2ray 5 or Xray has it, and tsray has not. */
  readonly unsupported?: string;
}

const dnsPort = 53;
const httpsPort = 443;
/** RFC 9250. */
const quicPort = 853;

const expected =
  'an IP address, a host name, "localhost", "fakedns", or a URL with tcp, tcp+local, https, https+local or quic+local';

/** `port`: what the entry has beside the address. */
export function parseServerAddress(text: string, port: number | undefined): ServerAddress | AddressFault {
  const given = text.trim();
  if (given.toLowerCase() === 'localhost') return { kind: 'localhost' };
  if (given.toLowerCase() === 'fakedns') return { kind: 'fake' };
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(given);
  if (scheme !== null) return fromUrl(given.slice(scheme[0].length), scheme[1]!.toLowerCase(), port);
  if (!isAddress(given)) return { expected, hint: adviseAddress(given) };
  return { kind: 'udp', address: parseAddress(given), port: port ?? dnsPort };
}

function fromUrl(rest: string, scheme: string, port: number | undefined): ServerAddress | AddressFault {
  const local = scheme.endsWith('+local');
  switch (scheme) {
    case 'udp': {
      const at = hostAndPort(rest, port ?? dnsPort);
      return at === undefined ? badHost : { kind: 'udp', ...at };
    }
    case 'tcp':
    case 'tcp+local': {
      const at = hostAndPort(rest, port ?? dnsPort);
      return at === undefined ? badHost : { kind: 'tcp', ...at, local };
    }
    case 'quic+local': {
      const at = hostAndPort(rest, port ?? quicPort);
      return at === undefined ? badHost : { kind: 'quic', ...at, local: true };
    }
    case 'https':
    case 'https+local': {
      const at = hostAndPort(rest, port ?? httpsPort);
      const slash = rest.search(/[/?]/);
      const path = slash < 0 ? '/' : rest.slice(slash).split('#')[0]!;
      if (at === undefined || /[^\x21-\x7e]/.test(path)) return badHost;
      return { kind: 'https', ...at, local, path: path.startsWith('/') ? path : `/${path}` };
    }
    default:
      return schemesElsewhere.has(scheme)
        ? { unsupported: `DNS over "${scheme}" is not supported by tsray` }
        : { expected };
  }
}

/** Of Xray, sing-box and v2ray 5. */
const schemesElsewhere: ReadonlySet<string> = new Set([
  'h2c',
  'h2c+local',
  'h3',
  'https+h3',
  'quic',
  'tls',
  'tls+local',
  'dhcp',
  'rcode',
  'dhcp+local',
]);

const badHost: AddressFault = {
  expected: 'a URL with a host, such as "https://dns.example/dns-query"',
};

function hostAndPort(rest: string, otherwise: number) {
  const authority = rest.split(/[/?#]/, 1)[0]!;
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^:[\]@]+))(?::(\d{1,5}))?$/i.exec(authority);
  if (parts === null) return undefined;
  const host = parts[1] ?? parts[2]!;
  const port = parts[3] === undefined ? otherwise : Number(parts[3]);
  if (!isAddress(host) || port < 1 || port > 65535) return undefined;
  return { address: parseAddress(host), port };
}
