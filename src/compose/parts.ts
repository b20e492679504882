/** What every handler of an instance, a library client or a library server is built with. */
import { ProcessConnections } from '../app/limits/connection-limits.js';
import { readProcessLimits } from '../app/limits/process-limits.js';
import { createPolicy } from '../app/policy/policy.js';
import type { ConnectionLimits } from '../contract/connection-limits.js';
import type { DnsClient, Resolver } from '../contract/dns.js';
import type { EnvironmentFlags } from '../contract/environment.js';
import type { AccessLog, Logger } from '../contract/logger.js';
import type { LevelPolicy, PolicyProvider } from '../contract/policy.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Address } from '../core/net/address.js';
import { type RandomSource, systemRandom } from '../core/random.js';
import { defaultCrypto } from '../crypto/index.js';
import type { CryptoProvider } from '../crypto/provider.js';
import type { TransportDeps } from '../transport/carrier/framing.js';
import { createSystemResolver } from '../transport/dns/system-resolver.js';
import { bindPackets } from '../transport/udp/bind.js';

export interface BaseParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly policy: PolicyProvider;
  readonly flags: EnvironmentFlags;
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  readonly resolver: Resolver;
  /** Descriptors and memory are the process's: all instances of it share them. */
  readonly limits: ConnectionLimits;
  /** Unique within the process's instance: 32 bits, as V2Ray's session ids; 0 is never used. */
  readonly nextId: () => number;
}

export interface Parts extends BaseParts {
  /** For rules and outbounds that resolve names themselves; servers' own names are the system's. */
  readonly dns: DnsClient;
}

/** What differs from one owner to the next. */
export interface PartsOptions {
  readonly flags: EnvironmentFlags;
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  /** Levels that are listed; others have the defaults. */
  readonly levels: () => ReadonlyMap<number, LevelPolicy>;
  readonly clock?: Clock | undefined;
  readonly random?: RandomSource | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** For a worker thread, whose ids are its own, and which may use its part of the descriptors. */
  readonly thread?: ThreadShare | undefined;
}

export interface ThreadShare {
  /** From 1. */
  readonly number: number;
  readonly threads: number;
}

/** Ids of a thread begin here times its number; the main thread's begin at 1. */
const idsPerThread = 2 ** 24;

export function createParts(options: PartsOptions): BaseParts {
  const { accessLog, flags, levels, logger } = options;
  const clock = options.clock ?? systemClock;
  const { thread } = options;
  let lastId = ((thread?.number ?? 0) * idsPerThread) % 2 ** 32;
  return {
    clock,
    random: options.random ?? systemRandom,
    crypto: options.crypto ?? defaultCrypto(),
    policy: createPolicy(levels),
    flags,
    logger,
    accessLog,
    resolver: createSystemResolver({ clock }),
    limits: processConnections(thread?.threads ?? 1),
    nextId: () => {
      lastId = lastId >= 0xffff_ffff ? 1 : lastId + 1;
      return lastId;
    },
  };
}

let connections: ConnectionLimits | undefined;

/** Of this thread: descriptors are the process's, and `threads` share them; each has a heap of its own. */
function processConnections(threads: number): ConnectionLimits {
  const { heapBytes, openFiles } = readProcessLimits();
  connections ??= new ProcessConnections(
    { heapBytes, openFiles: openFiles === undefined ? undefined : Math.floor(openFiles / threads) },
    systemClock,
  );
  return connections;
}

/** `localAddress`: what outgoing sockets are bound to. */
export function transportDeps(parts: BaseParts, localAddress?: Address): TransportDeps {
  const { clock, crypto, logger: log, policy, random, resolver } = parts;
  return {
    clock,
    crypto,
    random,
    resolver,
    bindPackets,
    log,
    localAddress,
    // Asked for with each connection: the policy may have changed since the listener was made.
    get handshakeMs() {
      return policy.forLevel(0).handshakeMs;
    },
  };
}
