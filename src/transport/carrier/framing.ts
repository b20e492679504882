/**
 * The one shape in which a transport plugs into the stack. A framing (ws, h2, …) is given the way below it, plain or
 * under TLS, and makes a Dialer or a Listen of it. A carrier of its own (kcp) is given the parts only; the stack puts
 * TLS over what it makes. To add one: `dial.ts` and `listen.ts` beside its settings, and a line in `stack/stack.ts`.
 */
import type { Resolver } from '../../contract/dns.js';
import type { Logger } from '../../contract/logger.js';
import type { BindPackets, Dialer, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { Address } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { SocketDialer, SocketListen } from '../socket/socket.js';

/** What transports need from outside. */
export interface TransportDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly resolver: Resolver;
  readonly bindPackets: BindPackets;
  readonly log: Logger;
  /** Local IP of outgoing sockets (`sendThrough`). The carriers below a framing have seen to it. */
  readonly localAddress?: Address | undefined;
  /** Deadline of a server's handshakes below the proxy protocol, milliseconds from accepting. */
  readonly handshakeMs: number;
}

/** The way below a framing, on a client. Both members open the same connections: a framing uses the one that fits. */
export interface ClientCarrier {
  /** Byte links, read through the process's one buffer where that can be; for framings that parse bytes themselves. */
  readonly links: Dialer;
  /** Node sockets; for libraries that speak over a Duplex. */
  readonly sockets: SocketDialer;
  /** TLS is on: the scheme is https or wss. */
  readonly secure: boolean;
  /** `tlsSettings.serverName`, where the configuration gives one. */
  readonly serverName?: string | undefined;
}

/** The way below a framing, on a server; behind PROXY protocol and TLS. */
export interface ServerCarrier {
  readonly links: Listen;
  readonly sockets: SocketListen;
  readonly secure: boolean;
}

/** Throws ERR_CONFIG_… for settings that cannot work. Its `close` closes what it keeps, and `carrier` too. */
export type CreateFramedDialer<TSettings> = (
  settings: TSettings,
  carrier: ClientCarrier,
  deps: TransportDeps,
) => Dialer;

export type CreateFramedListen<TSettings> = (
  settings: TSettings,
  carrier: ServerCarrier,
  deps: TransportDeps,
) => Listen;
