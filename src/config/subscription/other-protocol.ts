/** Servers of other protocols: they are counted and not read. */
import { linkFault, shown } from '../share-link/fault.js';
import type { SubscriptionEntry } from './entry.js';

/** Names that programs have for one protocol. */
const names: Readonly<Record<string, string>> = {
  ss: 'shadowsocks',
  ssr: 'shadowsocksr',
  hy2: 'hysteria2',
  hy: 'hysteria',
  wg: 'wireguard',
  'wireguard+https': 'wireguard',
  'naive+https': 'naive',
  socks5: 'socks',
  socks4: 'socks',
  https: 'http',
};

export function otherProtocol(line: number, given: string): SubscriptionEntry {
  const word = given.toLowerCase();
  const protocol = names[word] ?? word;
  return {
    line,
    error: linkFault(`expected a server of type vmess, found ${shown(protocol)}`, 'tsray speaks VMess only.'),
    protocol,
  };
}
