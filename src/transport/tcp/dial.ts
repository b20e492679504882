/** Dials TCP. */
import type { TcpNetConnectOpts } from 'node:net';
import type { Resolver } from '../../contract/dns.js';
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { type ConnectPlace, dialLink } from '../socket/dial-link.js';
import { lookupWith } from '../socket/lookup-with.js';

export interface TcpOptions {
  /** Local IP of the sockets (`sendThrough`). */
  readonly localAddress?: Address | undefined;
  /** Milliseconds until the first keep-alive probe; undefined: none are sent. */
  readonly keepAliveMs?: number | undefined;
  /** Absent: the system's own lookup, of which the process does two at a time. */
  readonly resolver?: Resolver | undefined;
}

export interface TcpDialerOptions extends TcpOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** A Dialer over plain TCP. Of a name, both families are tried (Happy Eyeballs, by Node). */
export function createTcpDialer(options: TcpDialerOptions): Dialer {
  return {
    dial: (destination, dialOptions) => dialLink(tcpPlace(destination, options), options, dialOptions),
    close: () => Promise.resolve(),
  };
}

export function tcpPlace(destination: Destination, options: TcpOptions): ConnectPlace {
  const { address, port } = destination;
  const connect: TcpNetConnectOpts = { host: address.host, port };
  if (options.resolver !== undefined) connect.lookup = lookupWith(options.resolver);
  if (options.localAddress !== undefined) connect.localAddress = options.localAddress.host;
  if (options.keepAliveMs !== undefined) {
    connect.keepAlive = true;
    connect.keepAliveInitialDelay = options.keepAliveMs;
  }
  return { where: formatHostPort(address.host, port), host: address.host, options: connect };
}
