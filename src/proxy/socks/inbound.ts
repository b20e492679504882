/**
 * SOCKS inbound: SOCKS 4, 4a and 5, CONNECT and UDP ASSOCIATE; BIND is refused. Success is answered only when the
 * outbound is open, so that a client learns whether its target could be reached. (V2Ray answers before.)
 */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher, PacketQuery } from '../../contract/dispatcher.js';
import type { ConnectionHandler, Inbound } from '../../contract/inbound.js';
import type { AccessLog, Logger } from '../../contract/logger.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Accepted, BindPackets } from '../../contract/transport.js';
import type { User } from '../../contract/user.js';
import type { Clock } from '../../core/clock.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import { type Destination, formatDestination, type Network } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import { type Handshaken, performHandshake } from '../../core/stream/handshake.js';
import type { Link } from '../../core/stream/link.js';
import { PacketDrops } from '../../core/stream/packet-drops.js';
import type { PrefixedLink } from '../../core/stream/prefixed-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { AccountTable } from '../accounts/accounts.js';
import type { OpenPorts } from '../ports/inbound-ports.js';
import { PortInbound } from '../ports/port-inbound.js';
import { reply } from './constants.js';
import { encodeReply, replyCodeFor } from './reply.js';
import { type NotSocks, type SocksRequest, SocksServerHandshake } from './server-handshake.js';
import type { SocksInboundSettings } from './settings.js';
import { bindAssociation, UdpAssociation } from './udp-association.js';

export interface SocksInboundDeps {
  readonly tag: string;
  readonly place: unknown;
  readonly openPorts: OpenPorts;
  readonly settings: SocksInboundSettings;
  readonly bindPackets: BindPackets;
  readonly dispatcher: Dispatcher;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly accessLog: AccessLog;
  /** The next connection id of the process. */
  readonly nextId: () => number;
  /** Takes over connections that do not begin as SOCKS, with all they sent (`settings.mixed`). */
  readonly fallback?: ConnectionHandler;
}

export function createSocksInbound(deps: SocksInboundDeps): Inbound {
  const { openPorts, place, tag } = deps;
  return new PortInbound({ tag, place, openPorts, handler: new SocksHandler(deps) });
}

/** One connection's standing facts. */
interface Session {
  readonly id: number;
  readonly log: Logger;
  readonly source: Destination;
  readonly local: Destination;
}

class SocksHandler implements ConnectionHandler {
  readonly #deps: SocksInboundDeps;
  readonly #accounts: AccountTable | undefined;
  readonly #drops: PacketDrops;

  constructor(deps: SocksInboundDeps) {
    this.#deps = deps;
    const { clock, log, tag } = deps;
    this.#drops = new PacketDrops({
      clock,
      where: `the inbound ${tag || 'socks'}`,
      warn: (message) => log.warning(message),
    });
    this.#accounts =
      deps.settings.auth === 'password'
        ? new AccountTable(deps.settings.accounts, deps.crypto, deps.random)
        : undefined;
  }

  accept(accepted: Accepted): void {
    const id = this.#deps.nextId();
    const log = this.#deps.log.session(id);
    const session = { id, log, source: accepted.source, local: accepted.local };
    this.#serve(accepted, session).catch((thrown: unknown) => {
      log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
      accepted.link.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    });
  }

  drain(): void {
    this.#deps.fallback?.drain();
    this.#drops.close();
  }

  async #serve(accepted: Accepted, session: Session): Promise<void> {
    const shaken = await this.#handshake(accepted.link, session);
    if (shaken === undefined) return;
    const { value, link } = shaken;
    switch (value.kind) {
      case 'other':
        // `mixed` was only asked for with a fallback.
        this.#deps.fallback!.accept({
          link,
          source: session.source,
          local: session.local,
          admit: () => accepted.admit(),
        });
        return;
      case 'connect':
        accepted.admit();
        return this.#connect(link, value, session);
      case 'associate':
        accepted.admit();
        return this.#associate(link, value, session);
    }
  }

  async #handshake(
    accepted: Link,
    session: Session,
  ): Promise<Handshaken<SocksRequest | NotSocks> | undefined> {
    const { settings, policy, clock, fallback } = this.#deps;
    const accounts = this.#accounts;
    const decoder = new SocksServerHandshake({
      authenticate: accounts === undefined ? undefined : (user, password) => accounts.find(user, password),
      udp: settings.udp,
      mixed: settings.mixed && fallback !== undefined,
    });
    try {
      return await performHandshake(accepted, decoder, {
        clock,
        timeoutMs: policy.forLevel(0).handshakeMs,
        peer: 'the SOCKS client',
      });
    } catch (thrown) {
      const error = toTsrayError(thrown, 'ERR_INTERNAL');
      session.log.info(`a SOCKS handshake failed: ${describeError(error)}`);
      // A client that goes away unheard (a port scan, an unused preconnection) is not worth a line.
      if (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_AUTH') {
        this.#deps.accessLog.write({
          from: formatDestination(session.source),
          status: 'rejected',
          to: '',
          reason: error.message,
        });
      }
      return undefined;
    }
  }

  async #connect(link: PrefixedLink, request: SocksRequest, session: Session): Promise<void> {
    const aborter = new AbortController();
    let accepted = false;
    link.whenGone(() => aborter.abort());
    // A client that ends its side before it was told that it may send, and has sent nothing, waits for nothing.
    link.whenLeft(() => {
      if (!accepted && link.heldBytes === 0) aborter.abort();
    });
    await this.#deps.dispatcher.dispatch(
      this.#context(request, session, 'tcp', session.source, request.target, aborter.signal),
      {
        link,
        accept() {
          accepted = true;
          link.write(encodeReply(request.version, reply.succeeded, session.local));
        },
        refuse: (error) => {
          if (!link.gone) link.write(encodeReply(request.version, replyCodeFor(error)));
          link.close();
        },
      },
    );
  }

  async #associate(link: PrefixedLink, request: SocksRequest, session: Session): Promise<void> {
    const { bindPackets, settings, policy, clock, dispatcher } = this.#deps;
    let socket: Awaited<ReturnType<typeof bindAssociation>>;
    try {
      socket = await bindAssociation(bindPackets, settings.ip, session.local);
    } catch (thrown) {
      session.log.warning(`no UDP socket for a SOCKS client: ${describeError(thrown)}`);
      if (!link.gone) link.write(encodeReply(5, reply.generalFailure));
      link.close();
      return;
    }
    if (link.gone) {
      socket.bound.link.close();
      return;
    }
    const association = new UdpAssociation(
      {
        clock,
        dispatcher,
        drops: this.#drops,
        idleMs: policy.forLevel(settings.userLevel).connIdleMs,
        client: session.source.address,
        context: (source, destination, signal) => {
          const id = this.#deps.nextId();
          const log = this.#deps.log.session(id);
          return this.#context(request, { ...session, id, log }, 'udp', source, destination, signal);
        },
        query: (source, destination) => this.#query(request, source, destination),
        onIdle: () => {
          link.destroy(new TsrayError('ERR_IDLE_TIMEOUT', 'a SOCKS client sent no datagrams for too long'));
        },
      },
      socket.bound,
    );
    // The TCP connection carries nothing more: it stands for the association.
    link.start({
      data() {},
      end: () => link.close(),
      drain() {},
      closed: () => {
        association.close();
        const { opened, evicted, droppedUplink, droppedDownlink } = association.sessions.counters;
        session.log.info(
          `a UDP association ended: ${opened} sessions, ${evicted} evicted, dropped ${association.refused} refused, ` +
            `${droppedUplink} uplink, ${droppedDownlink} downlink datagrams`,
        );
      },
    });
    link.write(encodeReply(5, reply.succeeded, socket.told));
  }

  #context(
    request: SocksRequest,
    session: Session,
    network: Network,
    source: Destination,
    target: SocksRequest['target'],
    signal: AbortSignal,
  ): ConnContext {
    return {
      ...this.#query(request, source, { network, address: target.address, port: target.port }),
      id: session.id,
      sourceText: formatDestination(source),
      level: this.#deps.settings.userLevel,
      log: session.log,
      signal,
    };
  }

  #query(request: SocksRequest, source: Destination, destination: Destination): PacketQuery {
    const { packetEncoding, userLevel: level } = this.#deps.settings;
    const user: User | undefined = request.user === undefined ? undefined : { email: request.user, level };
    return {
      source,
      inboundTag: this.#deps.tag,
      destination,
      ...(user === undefined ? {} : { user }),
      ...(packetEncoding === undefined ? {} : { packetEncoding }),
    };
  }
}
