/** What an instance is made with, beside its settings. */
import type { Log } from '../app/log/log.js';
import type { MemoryUse } from '../app/memory/small-memory.js';
import type { Health } from '../app/metrics/metrics-server.js';
import type { Resolver } from '../contract/dns.js';
import type { EnvironmentFlags } from '../contract/environment.js';
import type { Tracker } from '../contract/tracker.js';
import type { Clock } from '../core/clock.js';
import type { RandomSource } from '../core/random.js';
import type { CryptoProvider } from '../crypto/provider.js';
import type { HandshakeStores, OnCarrier } from './inbound.js';
import type { ThreadShare } from './parts.js';

export interface InstanceOptions {
  readonly flags: EnvironmentFlags;
  /** Where geosite.dat and geoip.dat are looked for, in this order: `assetFolders`, which is also the default, without the environment. */
  readonly assetFolders?: readonly string[];
  /** Wraps what rules look names up by, the DNS client of the configuration. */
  readonly ruleResolver?: (dns: Resolver) => Resolver;
  /** Where lines go; the instance closes it last. */
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly crypto?: CryptoProvider;
  /** Worker threads give memory back when they rest. Absent: they leave V8 to itself, as a library has to. */
  readonly memory?: MemoryUse;
  /** For metrics. Absent: always ready. */
  readonly health?: () => Health;
  /** This instance runs in a worker thread, which tells another one of its connections. */
  readonly thread?: ThreadOptions;
}

export interface ThreadOptions extends ThreadShare {
  readonly tracker: Tracker;
  readonly onCarrier: OnCarrier;
  readonly handshakes: HandshakeStores;
}
