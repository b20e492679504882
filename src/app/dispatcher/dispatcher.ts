/** Dispatcher: sniffs, picks the outbound, opens it, and relays under the level's policy. Owns no socket. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { ConnectionLimits } from '../../contract/connection-limits.js';
import type {
  Dispatcher,
  PacketCone,
  PacketQuery,
  PacketRoute,
  Route,
  StreamClient,
} from '../../contract/dispatcher.js';
import type { OutboundManager } from '../../contract/handlers.js';
import type { AccessLog } from '../../contract/logger.js';
import type { Outbound } from '../../contract/outbound.js';
import type { LevelPolicy, PolicyProvider } from '../../contract/policy.js';
import type { Router } from '../../contract/router.js';
import type { Sniffing } from '../../contract/sniffer.js';
import type { Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import { failed } from '../../core/contain.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { FirstPackets } from '../../core/stream/first-packets.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { relayPackets } from '../../core/stream/packet-relay.js';
import { PrefixedLink, prefixedLink } from '../../core/stream/prefixed-link.js';
import { type RelayOutcome, relay } from '../../core/stream/relay.js';
import { RenamedPackets } from '../../core/stream/renamed-packets.js';
import { AccessLines } from './access-lines.js';
import { Chooser, type Chosen, encoded } from './chooser.js';
import { beginSession, type Session } from './session.js';
import { sniffPackets } from './sniff-packets.js';
import { sniffStream } from './sniff-stream.js';
import { policyFor } from './timers.js';
import { merged, plainly, type Wanted, withSniffed } from './wanted.js';

export interface DispatcherDeps {
  readonly clock: Clock;
  readonly policy: PolicyProvider;
  readonly accessLog: AccessLog;
  readonly router: Router;
  readonly outbounds: OutboundManager;
  /** How many connections may be open. Absent: any number. */
  readonly limits?: ConnectionLimits | undefined;
  /** Told of every connection. Absent: nobody watches. */
  readonly tracker?: Tracker | undefined;
}

/** The dispatcher of an instance. */
export interface SniffingDispatcher extends Dispatcher {
  /** The same for one inbound: its clients' first bytes are looked at. Undefined: they are not. */
  withSniffing(sniffing: Sniffing | undefined): Dispatcher;
}

const nothing = new Uint8Array(0);

export function createDispatcher(deps: DispatcherDeps): SniffingDispatcher {
  const core = new AppDispatcher(deps);
  return Object.assign(core.bound(undefined), {
    withSniffing: (sniffing: Sniffing | undefined) => core.bound(sniffing),
  });
}

/** A connection whose way is open. */
interface Opened<L> {
  readonly target: L;
  readonly session: Session;
  readonly level: LevelPolicy;
  readonly outboundTag: string;
}

class AppDispatcher {
  readonly #deps: DispatcherDeps;
  readonly #lines: AccessLines;
  readonly #chooser: Chooser;
  readonly #cones = new WeakMap<Outbound, PacketCone>();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#lines = new AccessLines(deps.accessLog, deps.clock);
    this.#chooser = new Chooser(deps.router, deps.outbounds, deps.clock);
  }

  bound(sniffing: Sniffing | undefined): Dispatcher {
    return {
      dispatch: (context, client) => this.#dispatch(context, client, sniffing),
      open: (context) => this.#openRoute(context),
      openPackets: async (context, first) =>
        this.#openPacketRoute(await this.#sniffedPackets(context, first, sniffing), undefined),
      coneFor: (query, packet) => this.#coneFor(query, packet, sniffing),
    };
  }

  /** What throws on the way, in this code or in what it asks, ends this client's connection. */
  async #dispatch(
    context: ConnContext,
    client: StreamClient,
    sniffing: Sniffing | undefined,
  ): Promise<RelayOutcome> {
    try {
      return await this.#carry(context, client, sniffing);
    } catch (thrown) {
      const error = toTsrayError(thrown, 'ERR_INTERNAL');
      failed(thrown, () => client.link.destroy(error));
      return { uplinkBytes: 0, downlinkBytes: 0, error };
    }
  }

  async #carry(
    context: ConnContext,
    client: StreamClient,
    sniffing: Sniffing | undefined,
  ): Promise<RelayOutcome> {
    let wanted: Wanted = plainly(context);
    let link = client.link;
    let accepted = false;
    if (sniffing !== undefined) {
      let sniffed = sniffing.metadata(context);
      if (sniffing.waitMs > 0) {
        accepted = true;
        client.accept();
        const peekable = link instanceof PrefixedLink ? link : prefixedLink(link, nothing);
        link = peekable;
        sniffed = merged(await sniffStream(peekable, sniffing, this.#deps.clock), sniffed);
      }
      wanted = withSniffed(context, sniffed, sniffing);
    }
    let opened: Opened<Link>;
    try {
      opened = await this.#open(wanted, (outbound, each) => outbound.open(each), undefined, link);
    } catch (thrown) {
      const error = this.#lines.openFailed(context, thrown);
      if (accepted) link.close();
      else client.refuse(error);
      return { uplinkBytes: 0, downlinkBytes: 0, error };
    }
    if (context.signal?.aborted === true) {
      this.#discard(opened);
      link.close();
      return { uplinkBytes: 0, downlinkBytes: 0, error: leftEarly() };
    }
    try {
      if (!accepted) client.accept();
    } catch (thrown) {
      this.#discard(opened);
      throw thrown;
    }
    return this.#relay(link, opened);
  }

  async #openRoute(context: ConnContext): Promise<Route> {
    let opened: Opened<Link>;
    try {
      opened = await this.#open(plainly(context), (outbound, each) => outbound.open(each));
    } catch (thrown) {
      throw this.#lines.openFailed(context, thrown);
    }
    return {
      outboundTag: opened.outboundTag,
      relay: (link) => this.#relay(link, opened),
      discard: () => this.#discard(opened),
    };
  }

  /** `fixed`: what a cone stands for; undefined: the router is asked. */
  async #openPacketRoute(wanted: Wanted, fixed: Chosen | undefined): Promise<PacketRoute> {
    let opened: Opened<PacketLink>;
    try {
      opened = await this.#open(
        wanted,
        (outbound, each) => encoded(outbound, each.packetEncoding).openPackets(each),
        fixed,
      );
    } catch (thrown) {
      throw this.#lines.openFailed(wanted.told, thrown);
    }
    const { level, session } = opened;
    const asked = wanted.told.destination;
    const named = wanted.context.destination;
    const target = named === asked ? opened.target : new RenamedPackets(opened.target, asked, named);
    return {
      relay: async (link) => {
        session.began(link);
        const idleMs = wanted.context.idleMs ?? level.connIdleMs;
        const { clock } = this.#deps;
        const outcome = await relayPackets(link, target, { clock, idleMs, meter: session.meter });
        return this.#over(session, outcome);
      },
      discard: () => this.#discard(opened),
    };
  }

  /** Rejects with what the router, the tracker or the outbound say. */
  async #open<L extends Link | PacketLink>(
    { context, query, told }: Wanted,
    open: (outbound: Outbound, context: ConnContext) => Promise<L>,
    fixed?: Chosen,
    client?: Link,
  ): Promise<Opened<L>> {
    const { limits, outbounds, policy, tracker } = this.#deps;
    const { choice, outbound } = fixed ?? (await this.#chooser.choose(query, context));
    const place = limits?.admit(context);
    if (limits !== undefined && place === undefined) throw tooMany();
    this.#lines.accepted(told, outbound.tag);
    const lease = outbounds.acquire(outbound);
    const release = (): void => {
      place?.release();
      lease.release();
    };
    const session = beginSession(tracker, context, choice, { outbound, release }, client);
    let target: L | undefined;
    try {
      target = await open(outbound, session.context);
      if (session.endedBy !== undefined) throw session.endedBy;
      const level = policyFor(policy, context, outbound);
      return { target, session, level, outboundTag: outbound.tag };
    } catch (thrown) {
      const error = toTsrayError(session.endedBy ?? thrown, 'ERR_INTERNAL');
      target?.destroy();
      session.over({ uplinkBytes: 0, downlinkBytes: 0, error });
      throw error;
    }
  }

  async #relay(link: Link, { level, session, target }: Opened<Link>): Promise<RelayOutcome> {
    session.began(link);
    const outcome = await relay(link, target, {
      clock: this.#deps.clock,
      connIdleMs: session.context.idleMs ?? level.connIdleMs,
      uplinkOnlyMs: level.uplinkOnlyMs,
      downlinkOnlyMs: level.downlinkOnlyMs,
      bufferBytes: level.bufferBytes,
      meter: session.meter,
    });
    return this.#over(session, outcome);
  }

  #discard({ session, target }: Opened<Link | PacketLink>): void {
    target.destroy();
    session.over({ uplinkBytes: 0, downlinkBytes: 0, error: undefined });
  }

  #over(session: Session, outcome: RelayOutcome): RelayOutcome {
    this.#lines.ended(session.context, outcome);
    session.over(outcome);
    return outcome;
  }

  #coneFor(query: PacketQuery, packet: Uint8Array, sniffing: Sniffing | undefined): PacketCone | undefined {
    if (sniffing !== undefined && this.#mayBeRenamed(query, packet, sniffing)) return undefined;
    const chosen = this.#chooser.chooseCone(query);
    if (chosen === undefined) return undefined;
    const carrier = encoded(chosen.outbound, query.packetEncoding);
    let cone = this.#cones.get(carrier);
    if (cone === undefined) {
      // Bound to the outbound: a second choice might be another, which may not be full cone.
      cone = {
        openPackets: (first) => this.#openPacketRoute(plainly({ ...first, fullCone: true }), chosen),
      };
      this.#cones.set(carrier, cone);
    }
    return cone;
  }

  /** Whether the datagram, perhaps with others behind it, can tell a name or protocol that rules look at. */
  #mayBeRenamed(query: PacketQuery, packet: Uint8Array, sniffing: Sniffing): boolean {
    if (sniffing.metadata(query) !== undefined) return true;
    const step = sniffing.packets()?.push(packet);
    return step !== undefined && step.state !== 'no';
  }

  async #sniffedPackets(
    context: ConnContext,
    first: FirstPackets | undefined,
    sniffing: Sniffing | undefined,
  ): Promise<Wanted> {
    if (sniffing === undefined) return plainly(context);
    const metadata = sniffing.metadata(context);
    const sniffer = first === undefined ? undefined : sniffing.packets();
    const content =
      first === undefined || sniffer === undefined
        ? undefined
        : await sniffPackets(first, sniffer, sniffing.waitMs, this.#deps.clock);
    return withSniffed(context, merged(content, metadata), sniffing);
  }
}

function tooMany(): TsrayError {
  return new TsrayError('ERR_LIMIT', 'too many connections are open', {
    hint: 'The warnings of the log say whose. Let the process open more files (ulimit -n), or give it more memory.',
  });
}

function leftEarly(): TsrayError {
  return new TsrayError('ERR_ABORTED', 'the client left while its connection was being opened');
}
