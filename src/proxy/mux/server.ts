/** The Mux server: each session of a carrier goes to the dispatcher as a connection of its own. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { ConnectionLimits } from '../../contract/connection-limits.js';
import type { Dispatcher, PacketCone } from '../../contract/dispatcher.js';
import type { Logger } from '../../contract/logger.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { type Destination, formatDestination } from '../../core/net/destination.js';
import type { Link } from '../../core/stream/link.js';
import { PacketDrops } from '../../core/stream/packet-drops.js';
import { type AnyPacketHub, PacketHub } from '../../core/stream/packet-hub.js';
import type { RelayOutcome } from '../../core/stream/relay.js';
import { Carrier } from './carrier.js';
import type { CarrierSession } from './carrier-session.js';
import type { Frame } from './frame.js';
import { Openings } from './openings.js';
import { PacketSession, plainPacketBytes, xudpPacketBytes } from './packet-session.js';
import { StreamSession } from './stream-session.js';
import { UdpSources } from './udp-sources.js';

export interface MuxServerDeps {
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly nextId: () => number;
  /** Told of each carrier; `served` resolves when it is gone. */
  readonly onCarrier?: ((context: ConnContext, link: Link, served: Promise<unknown>) => void) | undefined;
  /** How many connections may be open. Absent: any number. */
  readonly limits?: ConnectionLimits | undefined;
  /** Told now and then of packets that were dropped. */
  readonly logger?: Logger | undefined;
}

/** V2Ray's and Xray's clients open 128 in all on a carrier. */
const maxOpenSessions = 1024;

/** A reader that stops a carrier it seems to have for itself: sessions that wait behind it are not seen. */
const aloneStallMs = 10_000;

export class MuxServer {
  readonly #deps: MuxServerDeps;
  readonly #sources: UdpSources;
  readonly #drops: PacketDrops;
  readonly #openings = new Openings();

  constructor(deps: MuxServerDeps) {
    const { clock, logger } = deps;
    this.#deps = deps;
    this.#sources = new UdpSources(clock);
    this.#drops = new PacketDrops({
      clock,
      where: 'Mux clients',
      warn: (message) => logger?.warning(message),
    });
  }

  /** Serves a carrier until it is gone; its sessions go to `dispatcher`. Owns `link`. Never rejects. */
  serve(context: ConnContext, link: Link, dispatcher: Dispatcher): Promise<RelayOutcome> {
    const { limits } = this.#deps;
    const place = limits?.admit(context);
    if (limits !== undefined && place === undefined) {
      link.close();
      const error = new TsrayError('ERR_LIMIT', 'too many connections are open');
      return Promise.resolve({ uplinkBytes: 0, downlinkBytes: 0, error });
    }
    const served = new Promise<RelayOutcome>((resolve) =>
      new Serving(
        { ...this.#deps, dispatcher, openings: this.#openings },
        this.#sources,
        this.#drops,
        context,
        link,
        resolve,
      ).start(),
    );
    this.#deps.onCarrier?.(context, link, served);
    if (place !== undefined) served.finally(() => place.release()).catch(() => undefined);
    return served;
  }

  /** Ends what outlives carriers: UDP sources that wait for their clients to come back. */
  close(): void {
    this.#sources.close();
    this.#drops.close();
  }
}

interface ServingDeps extends MuxServerDeps {
  readonly dispatcher: Dispatcher;
  /** Of all carriers. */
  readonly openings: Openings;
}

/** One carrier. */
class Serving {
  readonly #deps: ServingDeps;
  readonly #sources: UdpSources;
  readonly #drops: PacketDrops;
  readonly #context: ConnContext;
  readonly #carrier: Carrier;
  #uplinkBytes = 0;
  #downlinkBytes = 0;
  /** The client's many sessions were logged. */
  #toldFull = false;

  constructor(
    deps: ServingDeps,
    sources: UdpSources,
    drops: PacketDrops,
    context: ConnContext,
    link: Link,
    resolve: (outcome: RelayOutcome) => void,
  ) {
    this.#deps = deps;
    this.#sources = sources;
    this.#drops = drops;
    this.#context = context;
    const { clock, policy } = deps;
    const idleMs = this.#idleMs();
    // Sessions have timers of their own; this one is for a carrier that its client has forgotten.
    const timer = clock.setTimer(idleMs, () => {
      if (this.#carrier.sessionCount === 0) this.#carrier.close();
      else {
        const message = `no data moved on a Mux connection for ${idleMs / 1000} s (policy connIdle)`;
        this.#carrier.destroy(new TsrayError('ERR_IDLE_TIMEOUT', message));
      }
    });
    this.#carrier = new Carrier({
      link,
      clock,
      bufferBytes: policy.forLevel(context.level).bufferBytes,
      aloneStallMs,
      opened: (frame) => this.#opened(frame),
      moved: () => timer.refresh(),
      gone: (error) => {
        timer.cancel();
        this.#carrier.logDropped(context.log);
        resolve({ uplinkBytes: this.#uplinkBytes, downlinkBytes: this.#downlinkBytes, error });
      },
    });
  }

  start(): void {
    this.#carrier.start();
  }

  #opened(frame: Frame): CarrierSession | undefined {
    if (this.#carrier.sessionCount + this.#carrier.lingering >= maxOpenSessions) {
      if (!this.#toldFull) {
        this.#toldFull = true;
        this.#context.log.warning(`a Mux client has ${maxOpenSessions} sessions open; no more are taken`);
      }
      this.#carrier.sendFrame({ id: frame.id, status: 'end', error: true });
      return undefined;
    }
    if (this.#deps.limits?.hasRoom(this.#context) === false) {
      this.#carrier.sendFrame({ id: frame.id, status: 'end', error: true });
      return undefined;
    }
    // New always has a target.
    const target = frame.target!;
    return target.network === 'udp' ? this.#openPackets(frame, target) : this.#openStream(frame.id, target);
  }

  #openStream(id: number, target: Destination): CarrierSession {
    const { clock } = this.#deps;
    const abort = new AbortController();
    const session = new StreamSession({ carrier: this.#carrier, id, clock, ended: () => abort.abort() });
    const client = {
      link: session,
      accept: () => undefined,
      refuse: (error: TsrayError) => session.destroy(error),
    };
    const context = this.#contextFor(target, abort.signal);
    this.#deps.openings.run(this.#carrier, () => {
      if (abort.signal.aborted) return;
      this.#deps.dispatcher
        .dispatch(context, client)
        .then(({ uplinkBytes, downlinkBytes }) => this.#count(uplinkBytes, downlinkBytes))
        .catch((thrown: unknown) => session.destroy(toTsrayError(thrown, 'ERR_INTERNAL')));
    });
    return session;
  }

  #openPackets(frame: Frame, target: Destination): CarrierSession {
    const { id, globalId } = frame;
    // Beside what its packets open: the session itself, and its sockets' table.
    const place = this.#deps.limits?.admit(this.#context);
    const session = new PacketSession({
      carrier: this.#carrier,
      id,
      target,
      isClient: false,
      addressed: true,
      // Clients of XUDP take more than V2Ray's, and are known by their id (sing) or Global ID, be it zero (Xray).
      maxPacketBytes: id === 0 || globalId !== undefined ? xudpPacketBytes : plainPacketBytes,
    });
    const { hub, release } = this.#sources.take(this.#owner(), sourceId(globalId), () => this.#newHub());
    hub
      .attach(session)
      .then(({ uplinkBytes, downlinkBytes }) => {
        place?.release();
        release();
        this.#count(uplinkBytes, downlinkBytes);
      })
      .catch(() => undefined);
    return session;
  }

  /** One hub for each session, or for each Global ID of a user: its sockets outlive the carrier. */
  #newHub(): AnyPacketHub {
    const { dispatcher, clock } = this.#deps;
    return new PacketHub<PacketCone>({
      clock,
      drops: this.#drops,
      source: this.#context.source,
      idleMs: this.#idleMs(),
      open: (_source, target, signal, cone, first) =>
        (cone ?? dispatcher).openPackets(this.#contextFor(target, signal), first),
      coneFor: (_source, target, packet) =>
        dispatcher.coneFor?.({ ...this.#context, destination: target }, packet),
    });
  }

  /** No user takes over another's sources. */
  #owner(): string {
    const { inboundTag, user } = this.#context;
    return JSON.stringify([inboundTag, user?.email, user?.level]);
  }

  /** What V2Ray passes on to a session: user, inbound and source, the source printed with its network. */
  #contextFor(destination: Destination, signal: AbortSignal): ConnContext {
    const { source, fromVmess, inboundTag, user, level, idleMs } = this.#context;
    const id = this.#deps.nextId();
    return {
      id,
      // Over mKCP it is a UDP address, but no socket of one program: sessions must not be known by it (global-id.ts).
      source: { ...source, network: 'tcp' },
      sourceText: formatDestination(source),
      inboundTag,
      ...(fromVmess === undefined ? {} : { fromVmess }),
      destination,
      ...(user === undefined ? {} : { user }),
      level,
      ...(idleMs === undefined ? {} : { idleMs }),
      log: this.#context.log.session(id),
      signal,
    };
  }

  #idleMs(): number {
    return this.#context.idleMs ?? this.#deps.policy.forLevel(this.#context.level).connIdleMs;
  }

  #count(uplinkBytes: number, downlinkBytes: number): void {
    this.#uplinkBytes += uplinkBytes;
    this.#downlinkBytes += downlinkBytes;
  }
}

/** A Global ID of zeros stands for none. */
function sourceId(globalId: Uint8Array | undefined): string | undefined {
  if (globalId === undefined || globalId.every((byte) => byte === 0)) return undefined;
  return Buffer.from(globalId).toString('hex');
}
