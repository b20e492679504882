/** Dials TCP from sockets with options that Node cannot set. */
import type { Resolver } from '../../contract/dns.js';
import type { Dialer } from '../../contract/transport.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import { raceAddresses } from '../../core/net/happy-eyeballs.js';
import { datagramTargets } from '../datagram/datagram-socket.js';
import { dialLink } from '../socket/dial-link.js';
import { type OwnSocketOptions, openOwnSocket } from '../socket/own-socket.js';
import { type TcpDialerOptions, tcpPlace } from './dial.js';

export interface OwnTcpDialerOptions extends TcpDialerOptions {
  readonly resolver: Resolver;
  readonly ownSocket: OwnSocketOptions;
}

/** A socket has one family from the start, so that names are resolved and their addresses raced here. */
export function createOwnTcpDialer(options: OwnTcpDialerOptions): Dialer {
  const { clock, localAddress, ownSocket, resolver } = options;
  return {
    async dial({ address, network, port }, dialOptions = {}) {
      const dialOne = (ip: Address, signal: AbortSignal | undefined) =>
        dialLink(
          {
            ...tcpPlace({ network, address: ip, port }, options),
            openFd: () => openOwnSocket(ip, 0, ownSocket),
          },
          options,
          { ...dialOptions, signal },
        );
      if (address.kind !== 'domain') return dialOne(address, dialOptions.signal);
      const addresses = await datagramTargets(address, resolver, localAddress, dialOptions.signal);
      return raceAddresses({
        addresses,
        dial: dialOne,
        discard: (late) => late.destroy(),
        clock,
        what: formatHostPort(address.host, port),
        signal: dialOptions.signal,
      });
    },
    close: () => Promise.resolve(),
  };
}
