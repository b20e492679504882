/** Hosts and ports as callers give them. */
import { TsrayError } from '../core/errors.js';
import type { Destination, Network } from '../core/net/destination.js';
import { hostFromText } from '../core/net/host-name.js';

/** Where a connection shall go. */
export interface Target {
  /** A name, which is left to the server, or an IP address (IPv6 with or without brackets). */
  readonly host: string;
  /** 1 … 65535 */
  readonly port: number;
}

/** Throws ERR_USAGE for what is no host or port. */
export function destinationOf(network: Network, host: unknown, port: unknown): Destination {
  const address = typeof host === 'string' ? hostFromText(host) : undefined;
  if (address === undefined || address.host === '') {
    throw new TsrayError('ERR_USAGE', `expected a host name or IP address, found ${show(host)}`);
  }
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65535) {
    throw new TsrayError('ERR_USAGE', `expected a port from 1 to 65535, found ${show(port)}`);
  }
  return { network, address, port: number };
}

function show(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value).slice(0, 80)
    : typeof value;
}
