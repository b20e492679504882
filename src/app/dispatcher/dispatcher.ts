/** Dispatcher: sniffs, picks the outbound, opens it, and relays under the level's policy. Owns no socket. */
import type { ConnContext, PacketEncoding } from '../../contract/conn-context.js';
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
import type { RouteQuery, Sniffed } from '../../contract/route-query.js';
import type { RouteChoice, Router } from '../../contract/router.js';
import type { Sniffing } from '../../contract/sniffer.js';
import type { Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { RateLimit } from '../../core/rate-limit.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { relayPackets } from '../../core/stream/packet-relay.js';
import { PrefixedLink, prefixedLink } from '../../core/stream/prefixed-link.js';
import { type RelayOutcome, relay } from '../../core/stream/relay.js';
import { AccessLines } from './access-lines.js';
import { beginSession, type Session } from './session.js';
import { sniffStream } from './sniff-stream.js';
import { policyFor } from './timers.js';

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

interface Chosen {
  readonly choice: RouteChoice;
  readonly outbound: Outbound;
}

/** What is to be opened. */
interface Wanted {
  /** What the outbound gets. */
  readonly context: ConnContext;
  /** What rules look at. */
  readonly query: RouteQuery;
  /** What the access log shows: the target as the client named it. */
  readonly told: ConnContext;
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
  readonly #strayTags: RateLimit;
  readonly #cones = new WeakMap<Outbound, PacketCone>();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#lines = new AccessLines(deps.accessLog, deps.clock);
    this.#strayTags = new RateLimit({ clock: deps.clock });
  }

  bound(sniffing: Sniffing | undefined): Dispatcher {
    return {
      dispatch: (context, client) => this.#dispatch(context, client, sniffing),
      open: (context) => this.#openRoute(context),
      openPackets: (context) => this.#openPacketRoute(context, undefined),
      coneFor: (query) => this.#coneFor(query),
    };
  }

  async #dispatch(
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
      opened = await this.#open(wanted, (outbound, each) => outbound.open(each));
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
    if (!accepted) client.accept();
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
  async #openPacketRoute(context: ConnContext, fixed: Chosen | undefined): Promise<PacketRoute> {
    let opened: Opened<PacketLink>;
    try {
      opened = await this.#open(
        plainly(context),
        (outbound, each) => encoded(outbound, each.packetEncoding).openPackets(each),
        fixed,
      );
    } catch (thrown) {
      throw this.#lines.openFailed(context, thrown);
    }
    const { level, session, target } = opened;
    return {
      relay: async (link) => {
        session.began(link);
        const idleMs = context.idleMs ?? level.connIdleMs;
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
  ): Promise<Opened<L>> {
    const { limits, outbounds, policy, tracker } = this.#deps;
    const { choice, outbound } = fixed ?? (await this.#choose(query, context));
    const place = limits?.admit(context);
    if (limits !== undefined && place === undefined) throw tooMany();
    this.#lines.accepted(told, outbound.tag);
    const lease = outbounds.acquire(outbound);
    const release = (): void => {
      place?.release();
      lease.release();
    };
    const session = beginSession(tracker, context, choice, { outbound, release });
    try {
      const target = await open(outbound, session.context);
      if (session.endedBy !== undefined) {
        target.destroy();
        throw session.endedBy;
      }
      const level = policyFor(policy, context, outbound);
      return { target, session, level, outboundTag: outbound.tag };
    } catch (thrown) {
      const error = toTsrayError(session.endedBy ?? thrown, 'ERR_INTERNAL');
      session.over({ uplinkBytes: 0, downlinkBytes: 0, error });
      throw error;
    }
  }

  #choose(query: RouteQuery, context: ConnContext): Chosen | Promise<Chosen> {
    const choice = this.#deps.router.pick(query, context.signal);
    return choice instanceof Promise
      ? choice.then((each) => this.#chosen(each, context))
      : this.#chosen(choice, context);
  }

  #chosen(choice: RouteChoice, context: ConnContext): Chosen {
    const { outbounds } = this.#deps;
    const { outboundTag, rule } = choice;
    if (outboundTag !== undefined) {
      const outbound = outbounds.get(outboundTag);
      if (outbound !== undefined) return { choice, outbound };
      this.#strayTags.warn(
        (message) => context.log.warning(message),
        `${rule ?? 'a rule'} names the outbound "${outboundTag}", which does not exist; the first outbound serves`,
      );
    }
    return { choice, outbound: firstOf(outbounds) };
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

  #coneFor(query: PacketQuery): PacketCone | undefined {
    const { outbounds, router } = this.#deps;
    const choice = router.pick(query);
    // A name has to be looked up first: this destination has a session of its own.
    if (choice instanceof Promise) {
      choice.catch(() => undefined);
      return undefined;
    }
    const named = choice.outboundTag === undefined ? undefined : outbounds.get(choice.outboundTag);
    const outbound = named ?? outbounds.first;
    if (outbound === undefined) return undefined;
    const carrier = encoded(outbound, query.packetEncoding);
    if (carrier.fullCone?.(query.destination) !== true) return undefined;
    let cone = this.#cones.get(carrier);
    if (cone === undefined) {
      // Bound to the outbound: a second pick might choose another, which may not be full cone.
      const chosen = { choice, outbound };
      cone = { openPackets: (first) => this.#openPacketRoute({ ...first, fullCone: true }, chosen) };
      this.#cones.set(carrier, cone);
    }
    return cone;
  }
}

function plainly(context: ConnContext): Wanted {
  return { context, query: context, told: context };
}

function firstOf({ first }: OutboundManager): Outbound {
  if (first !== undefined) return first;
  throw new TsrayError('ERR_NO_OUTBOUND', 'the configuration has no outbound to carry this connection', {
    hint: 'Add one to "outbounds"; the first is the default.',
  });
}

/** For packets. */
function encoded(outbound: Outbound, encoding: PacketEncoding | undefined): Outbound {
  return (encoding && outbound.packetEncoded?.(encoding)) ?? outbound;
}

/** What the bytes told, with the name that the address told: a fake address stands for one name, whatever the bytes say. */
function merged(content: Sniffed | undefined, metadata: Sniffed | undefined): Sniffed | undefined {
  if (content === undefined || metadata?.domain === undefined) return content ?? metadata;
  return { ...content, domain: metadata.domain };
}

function withSniffed(told: ConnContext, sniffed: Sniffed | undefined, sniffing: Sniffing): Wanted {
  if (sniffed === undefined) return plainly(told);
  const context = { ...told, sniffed };
  const { domain } = sniffed;
  if (domain === undefined || !sniffing.overrides(sniffed)) return { context, query: context, told };
  const destination = { ...told.destination, address: { kind: 'domain', host: domain } as const };
  const named = { ...context, destination };
  return { context: sniffing.routeOnly ? context : named, query: named, told };
}

function tooMany(): TsrayError {
  return new TsrayError('ERR_LIMIT', 'too many connections are open', {
    hint: 'The warnings of the log say whose. Let the process open more files (ulimit -n), or give it more memory.',
  });
}

function leftEarly(): TsrayError {
  return new TsrayError('ERR_ABORTED', 'the client left while its connection was being opened');
}
