/** The freedom outbound: connects directly. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { DnsClient, Resolver } from '../../contract/dns.js';
import type { Logger } from '../../contract/logger.js';
import type { Outbound } from '../../contract/outbound.js';
import type { BindPackets, Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { raceAddresses } from '../../core/net/happy-eyeballs.js';
import { retry } from '../../core/retry.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { PacketDrops } from '../../core/stream/packet-drops.js';
import type { FindAddressList } from './final-rules.js';
import { FreedomPackets } from './packets.js';
import type { FreedomSettings } from './settings.js';
import { isUnspecified, Targets } from './target.js';

/** V2Ray: five attempts, each pause 100 ms longer than the one before. */
const pausesMs = [0, 100, 200, 300] as const;

/** For all attempts together; two connect timeouts of 16 s fit nearly. */
const deadlineMs = 30_000;

export interface FreedomDeps {
  readonly tag: string;
  readonly settings: FreedomSettings;
  readonly dialer: Dialer;
  readonly bindPackets: BindPackets;
  /** The system's. */
  readonly resolver: Resolver;
  /** For `domainStrategy`; absent: the system's too. */
  readonly dns?: Pick<DnsClient, 'resolve' | 'asksWith'> | undefined;
  readonly clock: Clock;
  /** Told now and then of packets that were dropped. */
  readonly log?: Logger | undefined;
  /** Local IP of UDP sockets (`sendThrough`); that of connections is the dialer's. */
  readonly localAddress?: Address | undefined;
  /** For `finalRules` that name lists; absent: there are no data files. */
  readonly addressList?: FindAddressList | undefined;
  /** The outbound all this goes through (`proxySettings`), as `dialer` does. Names are then left to its far end. */
  readonly via?: Outbound | undefined;
}

export function createFreedomOutbound(deps: FreedomDeps): Outbound {
  return new FreedomOutbound(deps);
}

class FreedomOutbound implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[];
  readonly #deps: FreedomDeps;
  readonly #targets: Targets;
  readonly #drops: PacketDrops;
  /** Names go to the far end of another outbound as they are. */
  readonly #passesNames: boolean;

  constructor(deps: FreedomDeps) {
    const { settings } = deps;
    this.tag = deps.tag;
    this.levels = [settings.userLevel];
    this.#deps = deps;
    this.#drops = new PacketDrops({
      clock: deps.clock,
      where: `the outbound ${deps.tag || 'freedom'}`,
      warn: (message) => deps.log?.warning(message),
    });
    this.#targets = new Targets(
      settings,
      deps.resolver,
      deps.dns ?? deps.resolver,
      deps.localAddress,
      deps.addressList,
    );
    this.#passesNames = deps.via !== undefined && !this.#targets.needsAddresses;
  }

  open(context: ConnContext): Promise<Link> {
    const target = this.#targets.redirected(context.destination);
    const { clock, dialer } = this.#deps;
    const { log } = context;
    const what = formatHostPort(target.address.host, target.port);
    const dial = (address: Address, signal: AbortSignal | undefined): Promise<Link> =>
      dialer.dial(
        { network: 'tcp', address, port: target.port },
        { signal, log, onConnected: context.onConnected },
      );
    const remote = context.fromVmess === true;
    const bySystem = this.#isOfDns(context);
    const options = { clock, what, pausesMs, deadlineMs, isFinal, signal: context.signal };
    return retry(options, async (_attempt, signal) => {
      if (this.#passesNames) return dial(target.address, signal);
      const addresses = await this.#targets.resolve({ ...target, remote }, signal, bySystem);
      if (target.address.kind !== 'domain') return dial(target.address, signal);
      return raceAddresses({ addresses, dial, discard: (late) => late.destroy(), clock, what, signal });
    });
  }

  /** A connection to a DNS server. */
  #isOfDns({ inboundTag }: ConnContext): boolean {
    return this.#deps.dns?.asksWith(inboundTag) ?? false;
  }

  /** Names are looked up and addresses judged for each packet. */
  fullCone(destination: Destination): boolean {
    const { via } = this.#deps;
    return via === undefined || (via.fullCone?.(this.#targets.redirected(destination)) ?? false);
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    const { bindPackets, clock, localAddress, via } = this.#deps;
    const target = this.#targets.redirected(context.destination);
    const packets = new FreedomPackets({
      targets: this.#targets,
      passesNames: this.#passesNames,
      remote: context.fromVmess === true,
      bySystem: this.#isOfDns(context),
      clock,
      log: context.log,
      drops: this.#drops,
      openSocket:
        via === undefined
          ? async (family) =>
              (await bindPackets(family, localAddress === undefined ? {} : { bindAddress: localAddress }))
                .link
          : (_family, address) => via.openPackets({ ...context, destination: { ...target, address } }),
      onePath: via !== undefined,
    });
    if (context.fullCone === true) return packets;
    // A SOCKS client may announce no destination; each packet then brings its own.
    if (isUnspecified(target.address) && target.port === 0) return packets;
    try {
      await packets.prepare(target, context.signal);
    } catch (error) {
      packets.destroy();
      throw error;
    }
    return packets;
  }

  close(): Promise<void> {
    this.#drops.close();
    return Promise.resolve();
  }
}

/** A refusal stays one; the system's resolver and Happy Eyeballs' deadline have made their own attempts. */
function isFinal(error: TsrayError): boolean {
  return error.code === 'ERR_BLOCKED' || error.code === 'ERR_DNS' || error.code === 'ERR_LIMIT';
}
