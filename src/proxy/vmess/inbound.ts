/** The VMess inbound: header → user → dispatch → response. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import type { EnvironmentFlags } from '../../contract/environment.js';
import type { Inbound } from '../../contract/inbound.js';
import type { AccessLog, Logger } from '../../contract/logger.js';
import { muxHost } from '../../contract/magic-hosts.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Novelty } from '../../contract/replay-store.js';
import type { Accepted } from '../../contract/transport.js';
import type { User } from '../../contract/user.js';
import type { Clock, Timer } from '../../core/clock.js';
import { describeError, type TsrayError, toTsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import { HeldPackets } from '../../core/stream/held-packets.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { OpenPorts, PortOffer } from '../ports/inbound-ports.js';
import { PortInbound } from '../ports/port-inbound.js';
import type { BodyFormat, BodyKeys } from './body/codec.js';
import { createBodyDecoder, createBodyEncoder } from './body/index.js';
import type { ChannelOptions } from './channel.js';
import { encodeSwitchAccount, type SwitchAccount } from './commands.js';
import { emptyResponseHeader, sealResponseHeader } from './header/response.js';
import { LegacyPreparation } from './legacy-preparation.js';
import { createVmessPacketLink } from './packet-link.js';
import type { ClaimOutcome } from './refusals.js';
import { type AcceptedRequest, ServerHandshake, type ServerStep } from './server-handshake.js';
import type { ServerState } from './server-state.js';
import { createVmessStreamLink } from './stream-link.js';

export interface VmessInboundDeps {
  readonly tag: string;
  readonly place: unknown;
  readonly openPorts: OpenPorts;
  /** Users, replay window and history: shared by all ports of the inbound. */
  readonly server: ServerState;
  readonly flags: Pick<EnvironmentFlags, 'vmessAeadForced'>;
  readonly disableInsecureEncryption: boolean;
  readonly dispatcher: Dispatcher;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly log: Logger;
  readonly accessLog: AccessLog;
  readonly nextId: () => number;
  /** For `detour`: the account a user of this inbound is told to switch to; undefined if there is none right now. */
  readonly switchAccount?: (user: User) => SwitchAccount | undefined;
}

/** A VMess inbound can be the target of another one's `detour`. */
export interface VmessInbound extends Inbound {
  offer(): PortOffer | undefined;
}

export function createVmessInbound(deps: VmessInboundDeps): VmessInbound {
  const { clock, openPorts, place, server, tag } = deps;
  const preparation = new LegacyPreparation({ users: server.users, clock });
  return new PortInbound({
    tag,
    place,
    openPorts,
    handler: {
      accept: (accepted) => new Handshaking(deps, preparation, accepted).start(),
      start: () => preparation.start(),
      drain: () => preparation.stop(),
    },
  });
}

/** A connection whose request header is being read. */
class Handshaking implements LinkSink {
  readonly #deps: VmessInboundDeps;
  readonly #preparation: LegacyPreparation;
  readonly #link: Link;
  readonly #source: Destination;
  readonly #admit: () => void;
  readonly #handshake: ServerHandshake;
  #timer: Timer | undefined;
  /** Bytes still to be swallowed before a refused connection is closed; undefined while it is not refused. */
  #drainBytes: number | undefined;
  #over = false;

  constructor(deps: VmessInboundDeps, preparation: LegacyPreparation, accepted: Accepted) {
    this.#deps = deps;
    this.#preparation = preparation;
    this.#link = accepted.link;
    this.#source = accepted.source;
    this.#admit = () => accepted.admit();
    this.#handshake = new ServerHandshake(
      deps.server,
      {
        aeadForced: deps.flags.vmessAeadForced,
        disableInsecureEncryption: deps.disableInsecureEncryption,
      },
      this.#source.address.host,
    );
  }

  start(): void {
    const { clock, policy } = this.#deps;
    this.#timer = clock.setTimer(policy.forLevel(0).handshakeMs, () => {
      if (this.#drainBytes === undefined)
        this.#deps.log.info(`${this.#from()} sent no complete header in time`);
      this.#close();
    });
    this.#link.start(this);
  }

  data(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#drainBytes !== undefined) {
      this.#drainBytes -= bytes.length;
      if (this.#drainBytes <= 0) this.#close();
      return;
    }
    this.#advance(() => this.#handshake.push(bytes));
  }

  #advance(next: () => ServerStep): void {
    try {
      this.#follow(next());
    } catch (thrown) {
      // One connection's defect is not to end the others.
      this.#deps.log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
      this.#leave();
      this.#link.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
    }
  }

  #follow(step: ServerStep): void {
    switch (step.state) {
      case 'more':
        return;
      case 'claim': {
        const novelty = step.store.claim(step.id, step.timestamp);
        if (typeof novelty === 'string') this.#follow(this.#handshake.claimed(novelty));
        else this.#wait(this.#claimed(novelty), (outcome) => this.#handshake.claimed(outcome));
        return;
      }
      case 'prepare':
        if (this.#preparation.advance()) this.#follow(this.#handshake.prepared());
        else this.#wait(this.#preparation.ready(), () => this.#handshake.prepared());
        return;
      case 'done':
        this.#over = true;
        this.#timer?.cancel();
        this.#admit();
        serve(this.#deps, this.#link, this.#source, step.request, step.rest);
        return;
      case 'drain':
        this.#reject(step.error);
        this.#drainBytes = step.remainingBytes;
        if (this.#drainBytes <= 0) this.#close();
        return;
      case 'close':
        this.#reject(step.error, step.user.email);
        this.#drainBytes = 0;
        this.#close();
        return;
    }
  }

  #claimed(novelty: Promise<Novelty>): Promise<ClaimOutcome> {
    return novelty.catch((thrown: unknown) => {
      this.#deps.log.warning(`the store of what was seen failed: ${describeError(thrown)}`);
      return 'failed';
    });
  }

  /** Reads no more until `told` settles; the handshake's deadline goes on. */
  #wait<T>(told: Promise<T>, next: (value: T) => ServerStep): void {
    this.#link.pause();
    told.then(
      (value) => {
        if (this.#over) return;
        // First: whoever serves the connection from here on takes over a link that flows.
        this.#link.resume();
        if (!this.#over) this.#advance(() => next(value));
      },
      (thrown: unknown) => this.#link.destroy(toTsrayError(thrown, 'ERR_INTERNAL')),
    );
  }

  end(): void {
    if (!this.#over) this.#close();
  }

  drain(): void {}

  closed(): void {
    this.#leave();
  }

  #close(): void {
    this.#leave();
    this.#link.close();
  }

  /** A handshake that broke off is told so: a legacy header cut short is remembered as bad. */
  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    if (this.#drainBytes === undefined) this.#handshake.abandon();
  }

  #reject(error: TsrayError, email = ''): void {
    const { accessLog, log } = this.#deps;
    const reason = describeError(error);
    accessLog.write({ from: this.#from(), status: 'rejected', to: '', reason, email });
    log.info(`${this.#from()} refused: ${reason}`);
  }

  #from(): string {
    return formatHostPort(this.#source.address.host, this.#source.port);
  }
}

function serve(
  deps: VmessInboundDeps,
  link: Link,
  source: Destination,
  request: AcceptedRequest,
  rest: Uint8Array,
): void {
  const id = deps.nextId();
  const log = deps.log.session(id);
  const { user, header } = request;
  // What arrives while the outbound opens is held, within bounds; a client that goes away ends the opening.
  const carrier = prefixedLink(link, rest);
  const aborter = new AbortController();
  carrier.whenGone(() => aborter.abort());
  const context: ConnContext = {
    id,
    source,
    sourceText: formatHostPort(source.address.host, source.port),
    inboundTag: deps.tag,
    fromVmess: true,
    destination: {
      network: header.command === 'udp' ? 'udp' : 'tcp',
      address: header.command === 'mux' ? { kind: 'domain', host: muxHost } : header.address,
      port: header.port,
    },
    user: { email: user.email, level: user.level },
    level: user.level,
    log,
    signal: aborter.signal,
  };
  const channel = createChannel(deps, carrier, request);
  // A Mux carrier is a stream to Mux's own host, which the dispatcher serves.
  const work = header.command === 'udp' ? servePackets : serveStream;
  work(deps, context, channel).catch((thrown: unknown) => {
    log.error(`a connection failed unexpectedly: ${describeError(thrown)}`);
    carrier.destroy(toTsrayError(thrown, 'ERR_INTERNAL'));
  });
}

async function serveStream(
  deps: VmessInboundDeps,
  context: ConnContext,
  channel: ChannelOptions,
): Promise<void> {
  const link = createVmessStreamLink(channel);
  await deps.dispatcher.dispatch(context, {
    link,
    accept: () => undefined,
    // The client sees an empty, orderly answer, as from V2Ray.
    refuse: () => link.close(),
  });
}

async function servePackets(
  deps: VmessInboundDeps,
  context: ConnContext,
  channel: ChannelOptions,
): Promise<void> {
  const link = new HeldPackets(createVmessPacketLink(channel, context.destination));
  try {
    const route = await deps.dispatcher.openPackets(context, link);
    if (context.signal?.aborted === true) route.discard();
    else await route.relay(link);
  } catch {
    link.close();
  }
}

function createChannel(deps: VmessInboundDeps, carrier: Link, request: AcceptedRequest): ChannelOptions {
  const { clock, crypto, random } = deps;
  const { header, kind, keys, user } = request;
  const format: BodyFormat = { security: header.security, options: header.options, command: header.command };
  const command = deps.switchAccount?.({ email: user.email, level: user.level });
  const response = sealResponseHeader(
    crypto,
    kind,
    keys,
    command === undefined ? emptyResponseHeader : encodeSwitchAccount(command),
  );
  const shared = { requestKey: keys.requestKey, requestIv: keys.requestIv };
  const uplink: BodyKeys = { key: keys.requestKey, iv: keys.requestIv, ...shared };
  const downlink: BodyKeys = {
    key: keys.responseKey,
    iv: keys.responseIv,
    ...shared,
    ...(response.stream === undefined ? {} : { stream: response.stream }),
  };
  return {
    carrier,
    clock,
    preamble: response.envelope,
    encoder: createBodyEncoder(format, downlink, crypto, random),
    input: createBodyDecoder(format, uplink, crypto),
  };
}
