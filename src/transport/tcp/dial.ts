/** Dials TCP. */
import net from 'node:net';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link } from '../../core/stream/link.js';
import { onreadOption } from './onread.js';
import { SocketLink, socketHighWaterBytes } from './socket-link.js';

/** V2Ray's connect timeout. */
export const dialTimeoutMs = 16_000;

export interface TcpDialerOptions {
  readonly clock: Clock;
  /** Local IP of the sockets (`sendThrough`). */
  readonly localAddress?: Address | undefined;
  readonly timeoutMs?: number;
}

/** A Dialer over plain TCP. Names are resolved by the system, both families tried (Happy Eyeballs, by Node). */
export function createTcpDialer(options: TcpDialerOptions): Dialer {
  return {
    dial: (destination, dialOptions) => dialTcp(destination, options, dialOptions),
    close: () => Promise.resolve(),
  };
}

function dialTcp(
  destination: Destination,
  options: TcpDialerOptions,
  dialOptions: DialOptions = {},
): Promise<Link> {
  const { signal } = dialOptions;
  const where = formatHostPort(destination.address.host, destination.port);
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new TsrayError('ERR_ABORTED', `dialing ${where} was given up`));
      return;
    }
    let link: SocketLink | undefined;
    const socket = net.connect({
      host: destination.address.host,
      port: destination.port,
      allowHalfOpen: true,
      noDelay: true,
      highWaterMark: socketHighWaterBytes,
      onread: onreadOption((bytes) => link!.received(bytes)),
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress.host }),
    } as net.NetConnectOpts);
    socket.pause();
    const settle = (): void => {
      timer.cancel();
      socket.removeListener('connect', connected);
      socket.removeListener('error', failed);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: TsrayError): void => {
      settle();
      // A late error of a socket nobody wants any more.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const connected = (): void => {
      settle();
      link = new SocketLink(socket);
      resolve(link);
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(dialError(where, destination, error));
    const aborted = (): void => fail(new TsrayError('ERR_ABORTED', `dialing ${where} was given up`));
    const timeoutMs = options.timeoutMs ?? dialTimeoutMs;
    const timer = options.clock.setTimer(timeoutMs, () => {
      fail(
        new TsrayError('ERR_DIAL_TIMEOUT', `${where} did not answer within ${timeoutMs / 1000} s`, {
          hint: 'Check the address and port, and whether a firewall drops the packets.',
        }),
      );
    });
    socket.once('connect', connected);
    socket.once('error', failed);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** A failed connect in words: what happened, and what to look at. */
export function dialError(where: string, destination: Destination, error: NodeJS.ErrnoException): TsrayError {
  // Happy Eyeballs fails with one error for all addresses; the first tells most.
  const first =
    error instanceof AggregateError ? ((error.errors[0] as NodeJS.ErrnoException) ?? error) : error;
  switch (first.code) {
    case 'ECONNREFUSED':
      return new TsrayError('ERR_DIAL_REFUSED', `${where} refused the connection`, {
        hint: 'Nothing listens on that port: is the program started, and the port right?',
        cause: error,
      });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_FAIL':
      return new TsrayError('ERR_DNS', `the name ${destination.address.host} could not be resolved`, {
        hint:
          first.code === 'EAI_AGAIN'
            ? 'Is the network up, and does its DNS server answer?'
            : 'Check the spelling of the name.',
        cause: error,
      });
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
      return new TsrayError('ERR_DIAL_UNREACHABLE', `${where} cannot be reached from this machine`, {
        hint: 'Is the network up, and does it carry that address family?',
        cause: error,
      });
    case 'ETIMEDOUT':
      return new TsrayError('ERR_DIAL_TIMEOUT', `${where} did not answer`, {
        hint: 'Check the address and port, and whether a firewall drops the packets.',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new TsrayError('ERR_DIAL_FAILED', `${where}: the local address is not available`, {
        hint: 'sendThrough must be an address of this machine, of the same family as the destination.',
        cause: error,
      });
    default:
      return new TsrayError('ERR_DIAL_FAILED', `${where}: ${first.message}`, { cause: error });
  }
}
