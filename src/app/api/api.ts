/** The gRPC API of an instance: an outbound that rules send callers to, and a listener of its own. */
import type { Outbound } from '../../contract/outbound.js';
import type { Service } from '../../contract/service.js';
import type { Listener } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { linkToDuplex } from '../../core/stream/link-duplex.js';
import { createPipe } from '../../core/stream/pipe.js';
import { NetServer, type Serve } from '../../transport/socket/net-server.js';
import { openUnixServer } from '../../transport/unix/server.js';
import { controlMethods } from './control-service.js';
import { GrpcServer } from './grpc-server.js';
import { type HandlerOperations, handlerMethods } from './handler-service.js';
import { type LogSource, loggerMethods } from './logger-service.js';
import { type ObservatorySource, observatoryMethods } from './observatory-service.js';
import { type RoutingSource, routingMethods } from './routing-service.js';
import { type ServiceMethods, servicePaths } from './service.js';
import type { ApiSettings } from './settings.js';
import { type StatsSource, statsMethods } from './stats-service.js';

/** What the API tells and changes. */
export interface ApiSource {
  /** Undefined: nothing is counted. */
  readonly stats: StatsSource | undefined;
  readonly handlers: HandlerOperations;
  readonly routing: RoutingSource;
  readonly observatory: ObservatorySource;
  readonly log: LogSource;
}

interface Offered {
  /** As `api.services` has it. */
  readonly name: string;
  readonly area: string;
  /** Its name in paths, where that is another. */
  readonly service?: string;
  /** Default: V2Ray's and Xray's. */
  readonly families?: readonly string[];
  readonly methods: () => ServiceMethods;
}

function servicesOf(source: ApiSource): readonly Offered[] {
  return [
    { name: 'StatsService', area: 'stats', methods: () => statsMethods(source.stats) },
    { name: 'HandlerService', area: 'proxyman', methods: () => handlerMethods(source.handlers) },
    {
      name: 'HandlerService',
      area: 'control',
      service: 'ControlService',
      families: ['tsray'],
      methods: () => controlMethods(source.handlers),
    },
    { name: 'LoggerService', area: 'log', methods: () => loggerMethods(source.log) },
    { name: 'RoutingService', area: 'router', methods: () => routingMethods(source.routing) },
    {
      name: 'ObservatoryService',
      area: 'observatory',
      // Xray has it under this name.
      families: ['v2ray.core', 'xray.core'],
      methods: () => observatoryMethods(source.observatory),
    },
  ];
}

export class Api implements Service {
  readonly #settings: ApiSettings;
  readonly #grpc: GrpcServer;
  #listener: Listener | undefined;

  constructor(settings: ApiSettings, source: ApiSource) {
    this.#settings = settings;
    const wanted = servicesOf(source).filter(({ name }) => settings.services.includes(name.toLowerCase()));
    this.#grpc = new GrpcServer(
      new Map(
        wanted.flatMap(({ area, families = ['v2ray.core', 'xray'], methods, name, service = name }) => {
          const names = families.map((family) => `${family}.app.${area}.command.${service}`);
          return servicePaths(names, methods());
        }),
      ),
    );
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

  /** Rejects with ERR_LISTEN. */
  async start(): Promise<void> {
    const { listen, token } = this.#settings;
    if (listen === undefined || this.#listener !== undefined) return;
    if ('path' in listen) {
      const settings = { path: listen.path, abstract: false, padding: false, mode: 0o600 };
      this.#listener = await openUnixServer(settings, this.#serve(undefined));
      return;
    }
    const server = new NetServer(this.#serve(token));
    await server.open(listen);
    this.#listener = server;
  }

  #serve(token: string | undefined): Serve {
    return (makeSocket, server) => {
      const socket = makeSocket();
      server.own(socket);
      socket.once('close', () => server.disown(socket));
      this.#grpc.serve(socket, token);
    };
  }

  async close(): Promise<void> {
    this.#grpc.close();
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }
}
