/** Dials mKCP: one UDP socket for each connection. */

import type { Resolver } from '../../contract/dns.js';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { later } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { Link } from '../../core/stream/link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { datagramTargets } from '../datagram/datagram-socket.js';
import { createPacketHeader, headerBytes } from '../datagram/packet-header.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';
import { type Candidate, Candidates } from './candidates.js';
import { DialedConnection } from './dialed-connection.js';
import { type KcpLimits, limitsOf } from './limits.js';
import { DatagramBuffer, PacketWriter } from './packet.js';
import { createProtection, type Protection } from './protection.js';
import type { KcpSettings } from './settings.js';

export interface KcpDialerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly resolver: Resolver;
  /** Local IP of the sockets (`sendThrough`). */
  readonly localAddress?: Address | undefined;
  /** Options of the sockets that Node cannot set. */
  readonly ownSocket?: OwnSocketOptions | undefined;
}

/**
 * A Dialer over mKCP. There is no handshake: `dial` resolves as soon as there is a socket, and a server that does not
 * answer shows as the link's error, after 30 s of silence (V2Ray's limit) or when the machine refuses. Of a name's
 * addresses the next is tried when one refuses or stays silent for 2 s.
 */
export function createKcpDialer(settings: KcpSettings, deps: KcpDialerDeps): Dialer {
  return new KcpDialer(settings, deps);
}

class KcpDialer implements Dialer {
  readonly #settings: KcpSettings;
  readonly #deps: KcpDialerDeps;
  readonly #protection: Protection;
  readonly #limits: KcpLimits;
  readonly #buffer = new DatagramBuffer();
  readonly #live = new Set<DialedConnection>();
  #conversation: number;
  #lastHeard: Address | undefined;
  #closed = false;

  constructor(settings: KcpSettings, deps: KcpDialerDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#protection = createProtection(settings.seed, deps.crypto, deps.random);
    this.#limits = limitsOf(settings, this.#protection);
    this.#conversation = deps.random.below(0x1_0000);
  }

  async dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    const { signal } = options;
    const where = formatHostPort(destination.address.host, destination.port);
    const candidates = new Candidates({
      addresses: await this.#addressesOf(destination.address, signal),
      port: destination.port,
      localAddress: this.#deps.localAddress,
      ownSocket: this.#deps.ownSocket,
      where,
    });
    const first = await candidates.next();
    if (signal?.aborted === true || this.#closed) {
      first.socket.close();
      throw new TsrayError('ERR_ABORTED', `dialing ${where} was given up`);
    }
    return this.#open(first, candidates, where);
  }

  close(): Promise<void> {
    this.#closed = true;
    // Those whose links are gone only still tell their peers.
    for (const connection of this.#live) connection.stopLingering();
    return Promise.resolve();
  }

  #open(first: Candidate, others: Candidates, where: string): Link {
    const { random, clock } = this.#deps;
    this.#conversation = (this.#conversation + 1) & 0xffff;
    const connection = new DialedConnection({
      first,
      others,
      where,
      clock,
      limits: this.#limits,
      protection: this.#protection,
      skipBytes: headerBytes[this.#settings.header],
      conversation: this.#conversation,
      buffer: this.#buffer,
      makeWriter: (send) =>
        new PacketWriter(
          this.#settings.header,
          createPacketHeader(this.#settings.header, random),
          this.#protection,
          this.#buffer,
          send,
        ),
      onHeard: (address) => {
        this.#lastHeard = address;
      },
      onClosed: () => {
        if (this.#closed) later(() => connection.stopLingering());
      },
      onTerminated: () => this.#live.delete(connection),
    });
    this.#live.add(connection);
    return connection.link;
  }

  /** At least one; the one that answered last goes first. */
  async #addressesOf(address: Address, signal: AbortSignal | undefined): Promise<readonly Address[]> {
    const { localAddress, resolver } = this.#deps;
    const found = await datagramTargets(address, resolver, localAddress, signal);
    const known = found.filter(({ host }) => host === this.#lastHeard?.host);
    return [...known, ...found.filter((each) => !known.includes(each))];
  }
}
