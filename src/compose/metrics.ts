/** Metrics of an instance: what counts, and what answers. */
import { MetricsServer, type MetricsServerDeps } from '../app/metrics/metrics-server.js';
import { MetricsTracker } from '../app/metrics/metrics-tracker.js';
import type { Settings } from '../config/settings.js';
import type { Clock } from '../core/clock.js';
import { packageVersion } from '../core/package-info.js';

export interface Metrics {
  readonly tracker: MetricsTracker;
  readonly server: MetricsServer;
}

/** Undefined where the configuration has none. */
export function createMetrics(
  { metrics: settings }: Settings,
  { clock, ...deps }: Pick<MetricsServerDeps, 'health' | 'threads'> & { readonly clock: Clock },
): Metrics | undefined {
  if (settings === undefined) return undefined;
  const tracker = new MetricsTracker(clock, settings.users);
  return { tracker, server: new MetricsServer({ ...deps, settings, tracker, version: packageVersion() }) };
}
