/** What is told of an instance: names of the well-known exporters, so that their dashboards work, and our own. */
import type { MetricsTracker, Traffic } from './metrics-tracker.js';
import type { Family, Sample } from './prometheus-text.js';

/** Of the process, at the time of a scrape. */
export interface ProcessFigures {
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuSeconds: number;
  readonly handles: number;
  /** 99th percentile since the last scrape. */
  readonly eventLoopDelaySeconds: number;
  readonly version: string;
  /** Threads that serve connections, the main one included. */
  readonly threads: number;
  readonly accepting: boolean;
}

export function familiesOf(tracker: MetricsTracker, process: ProcessFigures): readonly Family[] {
  const one = (name: string, type: Family['type'], help: string, value: number): Family => ({
    name,
    type,
    help,
    samples: [{ value }],
  });
  const traffic = (prefix: string, way: keyof Traffic): Family => ({
    name: `${prefix}_traffic_${way === 'uplinkBytes' ? 'uplink' : 'downlink'}_bytes_total`,
    type: 'counter',
    help: `Payload bytes ${way === 'uplinkBytes' ? 'from' : 'to'} clients.`,
    samples: [
      ...dimension('inbound', tracker.inbounds, way),
      ...dimension('outbound', tracker.outbounds, way),
      ...dimension('user', tracker.users, way),
    ],
  });
  const outbounds = [...tracker.counts];
  return [
    // The names of v2ray-exporter and xray-exporter.
    ...['v2ray', 'xray'].flatMap((prefix) => [
      one(`${prefix}_up`, 'gauge', 'Always 1: it answers.', 1),
      one(`${prefix}_uptime_seconds`, 'gauge', 'Seconds since the process began.', process.uptimeSeconds),
      traffic(prefix, 'uplinkBytes'),
      traffic(prefix, 'downlinkBytes'),
    ]),
    {
      name: 'tsray_info',
      type: 'gauge',
      help: 'The version.',
      samples: [{ labels: { version: process.version }, value: 1 }],
    },
    one('tsray_accepting', 'gauge', '1 while connections are accepted.', process.accepting ? 1 : 0),
    one('tsray_threads', 'gauge', 'Threads that serve connections.', process.threads),
    one('tsray_connections_open', 'gauge', 'Connections and datagram sessions that are open.', tracker.open),
    {
      name: 'tsray_connections_opened_total',
      type: 'counter',
      help: 'Connections that were given to an outbound.',
      samples: outbounds.map(([outbound, { opened }]) => ({ labels: { outbound }, value: opened })),
    },
    {
      name: 'tsray_connections_failed_total',
      type: 'counter',
      help: 'Connections that ended with an error, by its code (docs/errors.md).',
      samples: outbounds.flatMap(([outbound, { failed }]) =>
        [...failed].map(([code, value]) => ({ labels: { outbound, code }, value })),
      ),
    },
    {
      name: 'tsray_dial_seconds',
      type: 'histogram',
      help: 'From the choice of an outbound until its way is open.',
      samples: outbounds.flatMap(([outbound, { dial }]) => dial.samples({ outbound })),
    },
    {
      name: 'tsray_first_byte_seconds',
      type: 'histogram',
      help: 'From then until the first byte from the target.',
      samples: outbounds.flatMap(([outbound, { firstByte }]) => firstByte.samples({ outbound })),
    },
    one('process_resident_memory_bytes', 'gauge', 'Resident memory.', process.rssBytes),
    one('process_cpu_seconds_total', 'counter', 'CPU, user and system.', process.cpuSeconds),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Heap of the main thread in use.', process.heapUsedBytes),
    one('nodejs_active_handles', 'gauge', 'Handles and requests of the main thread.', process.handles),
    one(
      'nodejs_eventloop_lag_p99_seconds',
      'gauge',
      'Delay of the event loop of the main thread, 99th percentile since the last scrape.',
      process.eventLoopDelaySeconds,
    ),
  ];
}

/** What has no name is left out, as in V2Ray's counters. */
function dimension(name: string, all: ReadonlyMap<string, Traffic>, way: keyof Traffic): readonly Sample[] {
  return [...all].flatMap(([target, traffic]) =>
    target === '' ? [] : [{ labels: { dimension: name, target }, value: traffic[way] }],
  );
}
