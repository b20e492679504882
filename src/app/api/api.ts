/** The gRPC API of an instance: an outbound that rules send callers to, and a listener of its own. */
import { chmodSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Outbound } from '../../contract/outbound.js';
import type { Service } from '../../contract/service.js';
import { TsrayError } from '../../core/errors.js';
import { linkToDuplex } from '../../core/stream/link-duplex.js';
import { createPipe } from '../../core/stream/pipe.js';
import { GrpcServer } from './grpc-server.js';
import { servicePaths } from './service.js';
import type { ApiSettings } from './settings.js';
import { type StatsSource, statsMethods } from './stats-service.js';

export class Api implements Service {
  readonly #settings: ApiSettings;
  readonly #grpc: GrpcServer;
  #listener: Server | undefined;

  /** `stats` undefined: nothing is counted. */
  constructor(settings: ApiSettings, stats: StatsSource | undefined) {
    this.#settings = settings;
    const wantsStats = settings.services.includes('statsservice');
    const names = ['v2ray.core', 'xray'].map((family) => `${family}.app.stats.command.StatsService`);
    this.#grpc = new GrpcServer(new Map(wantsStats ? servicePaths(names, statsMethods(stats)) : []));
  }

  /** The outbound of the API's tag. Undefined with `listen`: then it is not reached by rules, as in Xray. */
  get outbound(): Outbound | undefined {
    const { listen, tag } = this.#settings;
    if (listen !== undefined) return undefined;
    return {
      tag,
      open: () => {
        const [ours, theirs] = createPipe();
        this.#grpc.serve(linkToDuplex(theirs));
        return Promise.resolve(ours);
      },
      openPackets: () => Promise.reject(new TsrayError('ERR_BLOCKED', 'the API speaks TCP only')),
      close: () => Promise.resolve(),
    };
  }

  /** Where it listens, as bound; undefined before `start` and without `listen`. */
  get address(): ReturnType<Server['address']> | undefined {
    return this.#listener?.address();
  }

  async start(): Promise<void> {
    const { listen, token } = this.#settings;
    if (listen === undefined || this.#listener !== undefined) return;
    const isUnix = 'path' in listen;
    if (isUnix) removeStaleSocket(listen.path);
    const server = createServer({ noDelay: true }, (socket) =>
      this.#grpc.serve(socket, isUnix ? undefined : token),
    );
    // Nobody else may connect between the making of the socket's file and its mode.
    const mask = isUnix ? process.umask(0o177) : undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) =>
          reject(new TsrayError('ERR_LISTEN', `the API cannot listen: ${error.message}`)),
        );
        server.listen(isUnix ? { path: listen.path } : listen, resolve);
      });
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
    if (isUnix) chmodSync(listen.path, 0o600);
    this.#listener = server;
  }

  close(): Promise<void> {
    this.#grpc.close();
    const server = this.#listener;
    this.#listener = undefined;
    return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }
}

/** What a process that was killed has left. */
function removeStaleSocket(path: string): void {
  try {
    if (statSync(path).isSocket()) rmSync(path);
  } catch {
    // There is none; listening tells everything else.
  }
}
