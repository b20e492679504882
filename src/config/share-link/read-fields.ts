/**
 * Checks what a link says. Every form is first brought into `LinkValues` under the names of the URL form; `readFields`
 * reads those.
 */
import { parseAddress } from '../../core/net/address.js';
import { oneOf } from '../did-you-mean.js';
import { isAddress } from '../values/address.js';
import { looksCutShort, readUserId } from '../values/user-id.js';
import { linkFault, shown } from './fault.js';
import type {
  LinkCarriage,
  LinkFields,
  LinkNetwork,
  LinkPacketEncoding,
  LinkPacketHeader,
  LinkQuicSecurity,
  LinkSecurity,
  LinkTls,
} from './fields.js';
import { type LinkValues, listOf, readFlagWord } from './values.js';

export interface CheckedFields {
  readonly fields: LinkFields;
  /** Sentences without a full stop on what the link asks for and tsray does not do. */
  readonly warnings: readonly string[];
}

export interface FieldRules {
  /** The Host of the HTTP transports is the TLS server name if the link has none, as v2rayN does for its own form. */
  readonly hostIsServerName: boolean;
}

const securities: Readonly<Record<string, LinkSecurity>> = {
  '': 'auto',
  auto: 'auto',
  'aes-128-gcm': 'aes-128-gcm',
  'chacha20-poly1305': 'chacha20-poly1305',
  'chacha20-ietf-poly1305': 'chacha20-poly1305',
  none: 'none',
  zero: 'zero',
  'aes-128-cfb': 'aes-128-cfb',
};

const networks: Readonly<Record<string, LinkNetwork>> = {
  '': 'tcp',
  none: 'tcp',
  tcp: 'tcp',
  raw: 'tcp',
  ws: 'ws',
  websocket: 'ws',
  http: 'http',
  h2: 'http',
  grpc: 'grpc',
  gun: 'grpc',
  kcp: 'kcp',
  mkcp: 'kcp',
  quic: 'quic',
  httpupgrade: 'httpupgrade',
};

const packetHeaders: readonly LinkPacketHeader[] = [
  'none',
  'srtp',
  'utp',
  'wechat-video',
  'dtls',
  'wireguard',
];

const quicSecurities: readonly LinkQuicSecurity[] = ['none', 'aes-128-gcm', 'chacha20-poly1305'];

/** Names that say nothing about the way to the server. */
const harmless = ['v', 'remarks', 'remark', 'group'] as const;

/** Throws ERR_LINK. */
export function readFields(values: LinkValues, rules: FieldRules): CheckedFields {
  const reader = new FieldReader(values, rules);
  return { fields: reader.read(), warnings: reader.warnings };
}

class FieldReader {
  readonly #values: LinkValues;
  readonly #rules: FieldRules;
  readonly warnings: string[] = [];
  #id = '';

  constructor(values: LinkValues, rules: FieldRules) {
    this.#values = values;
    this.#rules = rules;
  }

  read(): LinkFields {
    const values = this.#values;
    this.#id = this.#readId();
    const address = this.#readAddress();
    const port = this.#number('port', 'a port from 1 to 65535', 1, 65_535);
    const aid = values.take('alterId', 'aid');
    const alterId =
      aid === '' ? 0 : this.#number('alterId', 'a whole number from 0 to 65535', 0, 65_535, aid);
    const security = this.#readSecurity();
    const carriage = this.#readCarriage();
    const tls = this.#readTls(address, carriage);
    const packetEncoding = this.#readPacketEncoding();
    const name = values.take('name');
    values.take(...harmless);
    for (const key of values.unread())
      this.warnings.push(`${shown(key, this.#id)} is unknown and was ignored`);
    return {
      name,
      address,
      port,
      id: this.#id,
      alterId,
      security,
      carriage,
      ...(tls === undefined ? {} : { tls }),
      ...(packetEncoding === undefined ? {} : { packetEncoding }),
    };
  }

  #readPacketEncoding(): LinkPacketEncoding | undefined {
    const given = this.#values.take('packetEncoding');
    const word = given.toLowerCase();
    if (word === 'xudp') return 'xudp';
    if (word === 'packetaddr' || word === 'packet') return 'packetaddr';
    if (word !== '' && word !== 'none') {
      this.warnings.push(`packetEncoding ${shown(given, this.#id)} is unknown and was ignored`);
    }
    return undefined;
  }

  #readId(): string {
    const id = this.#values.take('id');
    if (id === '') throw linkFault('the link has no user ID', 'It may have been cut off when it was copied.');
    if (readUserId(id) === undefined) {
      throw linkFault(`expected a UUID (32 hex digits) as user ID, found ${id.length} characters`);
    }
    if (looksCutShort(id)) {
      this.warnings.push(`the user ID is taken as a name and not as a UUID, having ${id.length} characters`);
    }
    return id;
  }

  #readAddress(): string {
    const given = this.#values.take('address');
    if (given === '') throw linkFault('the link names no server');
    const { kind, host } = parseAddress(given);
    if (!isAddress(given) || (kind === 'domain' && given.includes('['))) {
      throw linkFault(`expected the server's IP address or name, found ${shown(given, this.#id)}`);
    }
    return host;
  }

  #number(key: string, expected: string, low: number, high: number, given = this.#values.take(key)): number {
    // Some programs write numbers as 443.0.
    const digits = given.replace(/\.0+$/, '');
    const value = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw linkFault(`expected ${expected}, found ${shown(given, this.#id)}`);
  }

  #readSecurity(): LinkSecurity {
    const given = this.#values.take('encryption');
    const known = securities[given.toLowerCase()];
    if (known !== undefined) return known;
    this.warnings.push(`encryption ${shown(given, this.#id)} is unknown, "auto" is used, as V2Ray does`);
    return 'auto';
  }

  #readCarriage(): LinkCarriage {
    const values = this.#values;
    const given = values.take('type');
    const network = networks[given.toLowerCase()];
    if (network === undefined) throw this.#noNetwork(given);
    const headerType = values.take('headerType').toLowerCase();
    const path = values.take('path');
    const host = values.take('host');
    switch (network) {
      case 'tcp':
        return this.#readTcp(headerType, host, path);
      case 'kcp':
        return { network, header: this.#packetHeader('mKCP', headerType), seed: values.exact('seed') };
      case 'quic':
        return this.#readQuic(headerType);
      case 'grpc': {
        const mode = values.take('mode').toLowerCase();
        if (!['', 'none', 'gun', 'guna', 'multi'].includes(mode)) {
          this.warnings.push(`mode ${shown(mode, this.#id)} is unknown, "gun" is used`);
        }
        this.#unused('headerType', headerType);
        const serviceName = values.take('serviceName') || path;
        return {
          network,
          serviceName,
          multiMode: mode === 'multi',
          authority: values.take('authority') || host,
        };
      }
      case 'http':
        this.#unused('headerType', headerType);
        return { network, hosts: listOf(host), path };
      default:
        this.#unused('headerType', headerType);
        return { network, host, path };
    }
  }

  #readTcp(headerType: string, host: string, path: string): LinkCarriage {
    if (headerType === 'http') {
      return { network: 'tcp', httpHead: { hosts: listOf(host), paths: listOf(path) } };
    }
    // Servers refuse a connection without the header they expect, so a wrong guess would be no help.
    if (headerType !== '' && headerType !== 'none') {
      throw linkFault(`expected "none" or "http" as header of TCP, found ${shown(headerType, this.#id)}`);
    }
    return { network: 'tcp' };
  }

  #readQuic(headerType: string): LinkCarriage {
    const given = this.#values.take('quicSecurity');
    const security = quicSecurities.find((each) => each === (given === '' ? 'none' : given.toLowerCase()));
    if (security === undefined) {
      throw linkFault(
        `expected ${oneOf(quicSecurities)} as security of QUIC, found ${shown(given, this.#id)}`,
      );
    }
    const key = this.#values.exact('key');
    return { network: 'quic', security, key, header: this.#packetHeader('QUIC', headerType) };
  }

  #packetHeader(network: string, given: string): LinkPacketHeader {
    const found = packetHeaders.find((header) => header === (given === '' ? 'none' : given));
    if (found !== undefined) return found;
    throw linkFault(
      `expected ${oneOf(packetHeaders)} as header of ${network}, found ${shown(given, this.#id)}`,
    );
  }

  #unused(key: string, value: string): void {
    if (value !== '' && value !== 'none' && value !== '---') {
      this.warnings.push(`${key}=${shown(value, this.#id)} means nothing here and was ignored`);
    }
  }

  #noNetwork(given: string): Error {
    const network = given.toLowerCase();
    if (['xhttp', 'splithttp', 'hysteria', 'hysteria2', 'hy2', 'meek', 'mekya'].includes(network)) {
      return linkFault(`the link asks for the transport "${network}", which V2Ray 4 and tsray do not have`);
    }
    const known = oneOf(['tcp', 'ws', 'h2', 'grpc', 'kcp', 'quic', 'httpupgrade']);
    return linkFault(`expected the transport ${known}, found ${shown(given, this.#id)}`);
  }

  #readTls(address: string, carriage: LinkCarriage): LinkTls | undefined {
    const values = this.#values;
    const sni = values.take('sni', 'serverName', 'peer', 'tlsServerName');
    const alpn = listOf(values.take('alpn'));
    // Every one is looked at, so that none counts as unknown.
    const insecure = ['allowInsecure', 'insecure', 'skip-cert-verify'].map((key) => this.#flag(key));
    const allowInsecure =
      insecure.includes(true) || this.#values.take('verify_cert').toLowerCase() === 'false';
    this.#shaping();
    const given = values.take('security').toLowerCase();
    if (given === 'reality') {
      throw linkFault(
        'the link asks for REALITY, which cannot be had with Node.js',
        'Its TLS lets nobody shape the handshake.',
      );
    }
    if (given === 'xtls') throw linkFault('the link asks for XTLS, which cannot be had with Node.js');
    const wanted = given === 'tls' ? true : readFlagWord(given);
    if (wanted === undefined) {
      throw linkFault(`expected "tls" or "none" as security, found ${shown(given, this.#id)}`);
    }
    if (!wanted) return undefined;
    const serverName = sni || this.#hostAsServerName(address, carriage);
    return { ...(serverName === '' ? {} : { serverName }), alpn, allowInsecure };
  }

  /** An IP address says nothing about the certificate of a server behind a CDN; its Host does. */
  #hostAsServerName(address: string, carriage: LinkCarriage): string {
    if (!this.#rules.hostIsServerName && parseAddress(address).kind === 'domain') return '';
    const hosts = 'host' in carriage ? listOf(carriage.host) : 'hosts' in carriage ? carriage.hosts : [];
    // A port belongs to the Host header only.
    const name = hosts[0]?.replace(/:\d+$/, '') ?? '';
    return isAddress(name) && parseAddress(name).kind === 'domain' ? name : '';
  }

  #flag(key: string): boolean {
    const given = this.#values.take(key);
    const value = readFlagWord(given);
    if (value === undefined)
      this.warnings.push(`${key}=${shown(given, this.#id)} is neither 0 nor 1 and was ignored`);
    return value ?? false;
  }

  /** Keys that shape the handshake or add to it. */
  #shaping(): void {
    const values = this.#values;
    const fp = values.take('fp', 'fingerprint');
    if (fp !== '' && fp.toLowerCase() !== 'none') {
      this.warnings.push(
        `fp=${shown(fp, this.#id)} cannot be had with Node's TLS: the ClientHello looks like Node.js's`,
      );
    }
    for (const key of ['pbk', 'sid', 'spx', 'pqv']) {
      if (values.take(key) !== '') this.warnings.push(`${key} belongs to REALITY, which tsray does not have`);
    }
    for (const key of ['ech', 'pcs', 'vcn']) {
      if (values.take(key) !== '') this.warnings.push(`${key} is not supported by tsray`);
    }
    const mux = values.take('mux');
    if (readFlagWord(mux) !== false)
      this.warnings.push('mux in a link is ignored; a configuration can switch it on');
    if (readFlagWord(values.take('tfo')) !== false) this.warnings.push('tfo (TCP Fast Open) is ignored');
  }
}
