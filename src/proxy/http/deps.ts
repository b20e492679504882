/** What every connection of an HTTP inbound works with. */
import type { Dispatcher } from '../../contract/dispatcher.js';
import type { AccessLog, Logger } from '../../contract/logger.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Clock } from '../../core/clock.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { HttpInboundSettings } from './settings.js';

export interface HttpConnectionDeps {
  readonly tag: string;
  readonly settings: HttpInboundSettings;
  readonly dispatcher: Dispatcher;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly accessLog: AccessLog;
  /** Whether some rule looks at requests (`attrs`). Absent: none does. */
  readonly routesByRequest?: (() => boolean) | undefined;
  /** The next connection id of the process. */
  readonly nextId: () => number;
}
