/** Answers scrapes of metrics and questions for health, over HTTP. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { memoryUsage, uptime } from 'node:process';
import type { Service } from '../../contract/service.js';
import type { Listener } from '../../contract/transport.js';
import { NetServer, type Serve } from '../../transport/socket/net-server.js';
import { openUnixServer } from '../../transport/unix/server.js';
import { familiesOf } from './families.js';
import type { MetricsTracker } from './metrics-tracker.js';
import { prometheusText } from './prometheus-text.js';
import type { MetricsSettings } from './settings.js';

/** `draining`: no new connections are accepted, live ones are. */
export type Health = 'starting' | 'ready' | 'draining';

export interface MetricsServerDeps {
  readonly settings: MetricsSettings;
  readonly tracker: MetricsTracker;
  readonly version: string;
  readonly threads: () => number;
  readonly health: () => Health;
}

/** A caller has so long to ask, and as long between two questions. */
const requestMs = 10_000;
const idleMs = 60_000;
const longestHead = 8 * 1024;

export class MetricsServer implements Service {
  readonly #deps: MetricsServerDeps;
  readonly #http: Server;
  #listener: Listener | undefined;
  #delay: IntervalHistogram | undefined;

  constructor(deps: MetricsServerDeps) {
    this.#deps = deps;
    this.#http = createServer(
      {
        requestTimeout: requestMs,
        headersTimeout: requestMs,
        keepAliveTimeout: idleMs,
        maxHeaderSize: longestHead,
      },
      (request, response) => this.#answer(request, response),
    );
  }

  /** Rejects with ERR_LISTEN. */
  async start(): Promise<void> {
    if (this.#listener !== undefined) return;
    const { listen } = this.#deps.settings;
    const serve: Serve = (makeSocket, server) => {
      const socket = makeSocket();
      server.own(socket);
      socket.once('close', () => server.disown(socket));
      socket.on('error', () => undefined);
      this.#http.emit('connection', socket);
      // It was accepted without being read.
      socket.resume();
    };
    if ('path' in listen) {
      this.#listener = await openUnixServer(
        { path: listen.path, abstract: false, padding: false, mode: 0o600 },
        serve,
      );
    } else {
      const server = new NetServer(serve);
      await server.open(listen);
      this.#listener = server;
    }
    this.#delay = monitorEventLoopDelay({ resolution: 20 });
    this.#delay.enable();
  }

  async close(): Promise<void> {
    this.#delay?.disable();
    this.#http.closeAllConnections();
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { settings } = this.#deps;
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'text/plain', 'GET\n');
    } else if (path === '/healthz' || path === '/healthz/ready') {
      const health = this.#deps.health();
      send(response, health === 'ready' ? 200 : 503, 'text/plain', `${health}\n`);
    } else if (path === '/healthz/live') {
      send(response, 200, 'text/plain', 'live\n');
    } else if (path !== '/metrics' && path !== '/scrape') {
      send(response, 404, 'text/plain', 'There is /metrics, /healthz, /healthz/live and /healthz/ready.\n');
    } else if (settings.token !== undefined && !sameText(request.headers.authorization, settings.token)) {
      response.setHeader('www-authenticate', 'Bearer');
      send(response, 401, 'text/plain', 'The token is missing or wrong.\n');
    } else {
      send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', this.#text());
    }
  }

  #text(): string {
    const { health, threads, tracker, version } = this.#deps;
    const { heapUsed, rss } = memoryUsage();
    const { system, user } = process.cpuUsage();
    const delay = this.#delay;
    const eventLoopDelaySeconds = delay === undefined || delay.count === 0 ? 0 : delay.percentile(99) / 1e9;
    delay?.reset();
    return prometheusText(
      familiesOf(tracker, {
        uptimeSeconds: Math.floor(uptime()),
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        cpuSeconds: (system + user) / 1e6,
        handles: process.getActiveResourcesInfo().length,
        eventLoopDelaySeconds,
        version,
        threads: threads(),
        accepting: health() === 'ready',
      }),
    );
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

function sameText(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(`Bearer ${token}`)];
  return a.length === b.length && timingSafeEqual(a, b);
}
