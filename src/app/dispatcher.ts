/** Dispatcher: picks the outbound, opens it, and relays under the level's policy. Owns no socket. */
import type { ConnContext } from '../contract/conn-context.js';
import type { Dispatcher, PacketCone, PacketRoute, RelayOutcome, Route } from '../contract/dispatcher.js';
import type { AccessLog } from '../contract/logger.js';
import type { Outbound } from '../contract/outbound.js';
import type { LevelPolicy, PolicyProvider } from '../contract/policy.js';
import type { Clock } from '../core/clock.js';
import { describeError, type ErrorCode, TsrayError, toTsrayError } from '../core/errors.js';
import { formatDestination } from '../core/net/destination.js';
import { RateLimit } from '../core/rate-limit.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import { relayPackets } from '../core/stream/packet-relay.js';
import { relay } from '../core/stream/relay.js';

/** Ends of a connection that somebody should do something about; others belong to the network's daily life. */
const remarkable: ReadonlySet<ErrorCode> = new Set([
  'ERR_SERVER_SILENT',
  // Early data: the server refuses the transport after the outbound was opened.
  'ERR_UPSTREAM',
  'ERR_INTEGRITY',
  'ERR_INTERNAL',
]);

export interface DispatcherDeps {
  readonly clock: Clock;
  readonly policy: PolicyProvider;
  readonly accessLog: AccessLog;
  /** The outbound for a connection; undefined if the configuration has none. */
  readonly pick: (context: ConnContext) => Outbound | undefined;
}

function withShorterTimers(own: LevelPolicy, other: LevelPolicy): LevelPolicy {
  return {
    ...own,
    connIdleMs: Math.min(own.connIdleMs, other.connIdleMs),
    uplinkOnlyMs: Math.min(own.uplinkOnlyMs, other.uplinkOnlyMs),
    downlinkOnlyMs: Math.min(own.downlinkOnlyMs, other.downlinkOnlyMs),
  };
}

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { clock, policy } = deps;
  const remarks = new RateLimit({ clock });

  const cones = new WeakMap<Outbound, PacketCone>();

  function pick(context: ConnContext): Outbound {
    return chosen(context, deps.pick(context));
  }

  /** For packets. */
  function encoded({ packetEncoding }: ConnContext, outbound: Outbound): Outbound {
    return (packetEncoding && outbound.packetEncoded?.(packetEncoding)) ?? outbound;
  }

  function chosen(context: ConnContext, outbound: Outbound | undefined): Outbound {
    if (outbound === undefined) {
      throw new TsrayError('ERR_NO_OUTBOUND', 'the configuration has no outbound to carry this connection', {
        hint: 'Add one to "outbounds"; the first is the default.',
      });
    }
    deps.accessLog.write({
      from: context.sourceText,
      status: 'accepted',
      to: context.targetText ?? formatDestination(context.destination),
      detour: outbound.tag,
      ...(context.user === undefined ? {} : { email: context.user.email }),
    });
    return outbound;
  }

  function finished(context: ConnContext, outcome: RelayOutcome): RelayOutcome {
    const { log } = context;
    if (outcome.error !== undefined && remarkable.has(outcome.error.code)) {
      const text = `${formatDestination(context.destination)}: ${describeError(outcome.error)}`;
      remarks.warn((message) => log.warning(message), text);
    } else if (log.enabled('info')) {
      const cause = outcome.error === undefined ? '' : `: ${describeError(outcome.error)}`;
      log.info(
        `${formatDestination(context.destination)} ended, ${outcome.uplinkBytes} bytes up, ${outcome.downlinkBytes} bytes down${cause}`,
      );
    }
    return outcome;
  }

  function openFailed(context: ConnContext, thrown: unknown): TsrayError {
    const error = toTsrayError(thrown, 'ERR_INTERNAL');
    const text = `${formatDestination(context.destination)} could not be opened: ${describeError(error)}`;
    // A client that did not wait is no fault of anybody's.
    if (error.code === 'ERR_ABORTED') context.log.info(text);
    else context.log.warning(text);
    return error;
  }

  /** The connection's own policy, with the timers of the outbound's levels where those are shorter. */
  function policyFor(context: ConnContext, outbound: Outbound): LevelPolicy {
    const own = policy.forLevel(context.level);
    const { levels = [] } = outbound;
    return levels.map((level) => policy.forLevel(level)).reduce(withShorterTimers, own);
  }

  async function openPackets(context: ConnContext, outbound: () => Outbound): Promise<PacketRoute> {
    let target: PacketLink;
    let level: LevelPolicy;
    try {
      const picked = outbound();
      level = policyFor(context, picked);
      target = await picked.openPackets(context);
    } catch (thrown) {
      throw openFailed(context, thrown);
    }
    return {
      relay: async (link) =>
        finished(
          context,
          await relayPackets(link, target, { clock, idleMs: context.idleMs ?? level.connIdleMs }),
        ),
      discard: () => target.destroy(),
    };
  }

  return {
    async open(context): Promise<Route> {
      let target: Link;
      let outboundTag: string;
      let level: LevelPolicy;
      try {
        const outbound = pick(context);
        level = policyFor(context, outbound);
        outboundTag = outbound.tag;
        target = await outbound.open(context);
      } catch (thrown) {
        throw openFailed(context, thrown);
      }
      return {
        outboundTag,
        relay: async (link) =>
          finished(
            context,
            await relay(link, target, {
              clock,
              connIdleMs: context.idleMs ?? level.connIdleMs,
              uplinkOnlyMs: level.uplinkOnlyMs,
              downlinkOnlyMs: level.downlinkOnlyMs,
              bufferBytes: level.bufferBytes,
            }),
          ),
        discard: () => target.destroy(),
      };
    },

    openPackets: (context) => openPackets(context, () => encoded(context, pick(context))),

    coneFor(context) {
      const picked = deps.pick(context);
      const outbound = picked && encoded(context, picked);
      if (outbound?.fullCone?.(context.destination) !== true) return undefined;
      let cone = cones.get(outbound);
      if (cone === undefined) {
        // Bound to the outbound: a second pick might choose another, which may not be full cone.
        cone = {
          openPackets: (first) => openPackets({ ...first, fullCone: true }, () => chosen(first, outbound)),
        };
        cones.set(outbound, cone);
      }
      return cone;
    },
  };
}
