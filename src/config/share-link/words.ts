/** The values of parameters: what each word stands for. */
import type { LinkNetwork, LinkPacketHeader, LinkQuicSecurity, LinkSecurity } from './fields.js';

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
  'http/2': 'http',
  http2: 'http',
  grpc: 'grpc',
  gun: 'grpc',
  kcp: 'kcp',
  mkcp: 'kcp',
  quic: 'quic',
  httpupgrade: 'httpupgrade',
  'http-upgrade': 'httpupgrade',
};

const foreignNetworks = new Set(
  'xhttp splithttp hysteria hysteria2 hy2 meek mekya domainsocket ds unix request dtls'.split(' '),
);

/** Undefined for a word that names none of ours. */
export function networkOf(word: string): LinkNetwork | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(networks, lower) ? networks[lower] : undefined;
}

/** A transport of others that tsray does not have. */
export function isForeignNetwork(word: string): boolean {
  return foreignNetworks.has(word.toLowerCase());
}

export function isNetworkWord(word: string): boolean {
  return word !== '' && (networkOf(word) !== undefined || isForeignNetwork(word));
}

/** Undefined for a cipher that V2Ray does not know. */
export function securityOf(word: string): LinkSecurity | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(securities, lower) ? securities[lower] : undefined;
}

export function isCipherWord(word: string): boolean {
  return word !== '' && securityOf(word) !== undefined;
}

/** A word that asks for TLS, or for something in its place. */
export function isTlsWord(word: string): boolean {
  return /^(?:tls|reality|xtls)$/i.test(word);
}

export const packetHeaders: readonly LinkPacketHeader[] = [
  'none',
  'srtp',
  'utp',
  'wechat-video',
  'dtls',
  'wireguard',
];

export const quicSecurities: readonly LinkQuicSecurity[] = ['none', 'aes-128-gcm', 'chacha20-poly1305'];
