/** Where to listen, as users write it. */
import { InvalidArgumentError } from 'commander';
import { isIp } from '../config/values/address.js';
import { formatHostPort, parseAddress } from '../core/net/address.js';

export interface ListenAddress {
  /** IP without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** `127.0.0.1:1080`, `[::1]:1080`, or a port of 127.0.0.1 alone. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(\[[^\]]+\]|[^:\]]*):)?(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] === undefined || match[1] === '' ? '127.0.0.1' : match[1];
  const named = host === 'localhost' ? '127.0.0.1' : host;
  const port = Number(match?.[2] ?? Number.NaN);
  if (!isIp(named) || !(port <= 65_535)) {
    throw new InvalidArgumentError('expected IP:port, such as 127.0.0.1:1080, or a port alone.');
  }
  return { host: parseAddress(named).host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return formatHostPort(host, port);
}

/** Whether other machines can reach it. */
export function isOpenToOthers({ host }: ListenAddress): boolean {
  return !host.startsWith('127.') && host !== '::1';
}
