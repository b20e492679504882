/** A VMess server inside a program. */
import { EventEmitter } from 'node:events';
import { LiveConnections, userRemoved } from '../app/connections/live-connections.js';
import { createDispatcher } from '../app/dispatcher/dispatcher.js';
import { createOutboundManager } from '../app/handlers/outbound-manager.js';
import { firstOutbound } from '../app/router/first-outbound.js';
import { createInbound } from '../compose/inbound.js';
import { createOutbounds } from '../compose/outbound.js';
import { parseConfigValue } from '../config/parse-config.js';
import type { InboundSettings, Settings } from '../config/settings.js';
import { type FormatOptions, linksOfInbound } from '../config/share-link/format-share-link.js';
import type { Dispatcher } from '../contract/dispatcher.js';
import type { Inbound } from '../contract/inbound.js';
import type { AccessLog } from '../contract/logger.js';
import type { Outbound } from '../contract/outbound.js';
import { TsrayError } from '../core/errors.js';
import { MuxServer } from '../proxy/mux/server.js';
import { UserTable } from '../proxy/vmess/user-table.js';
import { ConfigError, formatWithoutPlace } from './config-error.js';
import { createHandlerOutbound, type DatagramHandler, type TargetHandler } from './handler-outbound.js';
import type { OutboundObject, PolicyLevel, StreamObject } from './json-objects.js';
import { checkOptions, commonOptions } from './known-keys.js';
import { createLogger } from './log-entry.js';
import { type PartsOptions, partsOf } from './parts.js';
import { infoOf, type ServerEvents } from './server-events.js';
import { type ServerUser, ServerUsers } from './server-users.js';

/** Options of `createServer`. */
export interface ServerOptions extends PartsOptions {
  /** Who may connect; more can be added and removed while the server runs. Default: nobody. */
  readonly users?: readonly ServerUser[];
  /**
   * `host`: an IP address, or a path for a Unix socket; default `0.0.0.0`: all addresses, IPv6 too. `port`: 0 … 65535; 0:
   * any free one, see `server.port`.
   */
  readonly listen: { readonly port: number; readonly host?: string };
  /** TLS and transport; default plain TCP. */
  readonly stream?: StreamObject;
  /** Serves targets in this program. Without it connections go out through `outbound`. */
  readonly handler?: TargetHandler;
  /** The same for UDP. With it each target is a session of its own, also where clients could use one for all. */
  readonly datagramHandler?: DatagramHandler;
  /** How connections leave; default `freedom`, which connects directly. */
  readonly outbound?: OutboundObject;
  /** Whether datagrams that no handler takes go out through `outbound`. Default: unless there is a `handler` alone. */
  readonly datagrams?: boolean;
  /** Timeouts by user level (`"0"` … `"255"`): V2Ray's `policy.levels`. Levels that are not listed have the defaults. */
  readonly policy?: Readonly<Record<string, PolicyLevel>>;
}

/** How a server closes. */
export interface CloseOptions {
  /** How long live connections may go on, in milliseconds. Default 0. */
  readonly graceMs?: number;
  /** Ends that time early. */
  readonly signal?: AbortSignal;
}

/**
 * A VMess server. Listens after `start`. Throws a ConfigError for options that cannot work, ERR_USAGE for ones that do not
 * exist.
 */
export function createServer(options: ServerOptions): Server {
  return new Server(options);
}

/** A VMess server with users that come and go. `await using` closes it at once. */
export class Server extends EventEmitter<ServerEvents> {
  readonly users: ServerUsers;
  readonly #settings: InboundSettings;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #table: UserTable;
  readonly #live: LiveConnections;
  readonly #mux: MuxServer;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Ends the grace of live connections. */
  readonly #hurry = (): void => this.#hurried?.();
  #hurried: (() => void) | undefined;

  /** See `createServer`. */
  constructor(options: ServerOptions) {
    super();
    const logger = createLogger(checkServerOptions(options));
    const settings = readServerOptions(options, (warning) => logger.warning(warning));
    this.#settings = settings.inbounds[0]!;
    const accessLog: AccessLog = {
      write: ({ from, reason = '', status }) => {
        if (status === 'rejected') this.#tell(() => this.emit('refused', { source: from, reason }));
      },
    };
    const parts = partsOf(options, settings.policy, accessLog);
    const table = new UserTable(parts.crypto);
    this.#table = table;
    this.users = new ServerUsers(table, options.users ?? [], (email) =>
      this.#live.endUser(email, userRemoved()),
    );
    const [outbound] = createOutbounds(settings.outbounds, { ...parts, dispatcher: () => dispatcher });
    const { datagramHandler, handler } = options;
    // Who serves targets in the program would be surprised by datagrams that go past it.
    const datagrams = options.datagrams ?? (handler === undefined || datagramHandler !== undefined);
    this.#outbound = createHandlerOutbound({ handler, datagramHandler, otherwise: outbound!, datagrams });
    this.#live = new LiveConnections(parts.clock, {
      onOpened: ({ context }) => {
        // Sessions inside a carrier that was authenticated while there was such a user.
        if (!this.users.has(context.user?.email ?? '')) throw userRemoved();
        this.#tell(() => this.emit('connection', infoOf(context)));
      },
      onClosed: ({ context }, { downlinkBytes, error, uplinkBytes }) =>
        this.#tell(() => this.emit('close', { ...infoOf(context), uplinkBytes, downlinkBytes, error })),
    });
    const dispatcher: Dispatcher = createDispatcher({
      ...parts,
      router: firstOutbound,
      outbounds: createOutboundManager([this.#outbound], parts.clock),
      tracker: this.#live,
    });
    this.#mux = new MuxServer({
      ...parts,
      onCarrier: (context, link, served) => this.#live.watchCarrier(context, link, served),
    });
    const detours = new Map();
    this.#inbound = createInbound(this.#settings, {
      ...parts,
      dispatcher,
      mux: this.#mux,
      detours,
      vmessUsers: table,
    });
  }

  /** Connections and datagram sessions that are open. */
  get connections(): number {
    return this.#live.size;
  }

  /** `host:port` as bound. Throws ERR_USAGE before `start`. */
  get address(): string {
    const [address] = this.#inbound.addresses;
    if (address === undefined) throw new TsrayError('ERR_USAGE', 'the server does not listen yet');
    return address;
  }

  /** The port as bound. Throws ERR_USAGE before `start`. */
  get port(): number {
    const { address } = this;
    return Number(address.slice(address.lastIndexOf(':') + 1));
  }

  /**
   * The share link of a user, for clients that reach this server at `host` (name or IP address). Secret: it holds the
   * ID. Throws ERR_USAGE for an unknown user and before `start`, ERR_LINK for a transport that links cannot name.
   */
  link(email: string, host: string, options: FormatOptions = {}): string {
    const user = this.#table.find(email);
    if (user === undefined) throw new TsrayError('ERR_USAGE', 'there is no such user');
    const settings = this.#settings;
    if (settings.protocol !== 'vmess') throw new TsrayError('ERR_INTERNAL', 'the server is no VMess server');
    const inbound = { ...settings, ports: [this.port], settings: { ...settings.settings, clients: [user] } };
    return linksOfInbound(inbound, host, { name: user.email, ...options })[0]!.text;
  }

  /** Listens. Rejects with ERR_LISTEN, after which it may be tried again, or ERR_CLOSED after `close`. */
  start(): Promise<void> {
    if (this.#closing !== undefined) {
      return Promise.reject(new TsrayError('ERR_CLOSED', 'the server is closed'));
    }
    this.#started ??= this.#inbound.start().catch((error: unknown) => {
      // The port may be free the next time.
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  /**
   * Accepts no more, gives live connections time to end by themselves, then ends them; resolves when nothing is left.
   * Called again without `graceMs` it ends them at once.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { graceMs = 0, signal } = options;
    if (this.#closing === undefined) {
      this.#closing = this.#close(graceMs);
      if (signal?.aborted === true) this.#hurry();
      else if (graceMs > 0) signal?.addEventListener('abort', this.#hurry, { once: true });
      const forget = (): void => signal?.removeEventListener('abort', this.#hurry);
      this.#closing.then(forget, forget);
    } else if (graceMs === 0) {
      this.#hurry();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A listener that throws is the program's affair, as with every emitter, and harms no connection. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  async #close(graceMs: number): Promise<void> {
    try {
      await this.#started;
    } catch {
      // It never listened.
    }
    if (graceMs > 0) await this.#drain(graceMs);
    await this.#inbound.close();
    this.#mux.close();
    await this.#outbound.close();
    await this.#live.endAll(new TsrayError('ERR_CLOSED', 'the server was closed'));
  }

  async #drain(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
      this.#hurried = resolve;
    });
    await Promise.race([this.#inbound.drain(), late]);
    clearTimeout(timer);
  }
}

const serverOptions = [
  'users',
  'listen',
  'stream',
  'handler',
  'datagramHandler',
  'outbound',
  'datagrams',
  'policy',
  ...commonOptions,
];

/** For programs without types. Throws ERR_USAGE. */
function checkServerOptions(options: ServerOptions): ServerOptions {
  checkOptions(options, serverOptions, 'createServer');
  checkOptions(options.listen, ['host', 'port'], 'createServer: listen');
  for (const name of ['handler', 'datagramHandler'] as const) {
    const found = typeof options[name];
    if (found === 'function' || found === 'undefined') continue;
    throw new TsrayError('ERR_USAGE', `createServer: expected a function as ${name}, found ${found}`);
  }
  return options;
}

/** The options as a configuration of one inbound and one outbound, so that the same checks and messages hold. */
function readServerOptions(options: ServerOptions, onWarning: (warning: string) => void): Settings {
  const { listen, outbound, policy, stream } = options;
  const config = {
    inbounds: [
      {
        protocol: 'vmess',
        listen: listen.host ?? '0.0.0.0',
        port: listen.port,
        settings: { clients: [] },
        ...(stream === undefined ? {} : { streamSettings: stream }),
      },
    ],
    outbounds: [outbound ?? { protocol: 'freedom' }],
    ...(policy === undefined ? {} : { policy: { levels: policy } }),
  };
  const { settings, errors, warnings } = parseConfigValue(config, { fileName: 'server' });
  for (const warning of warnings) {
    // Its own settings are made above; users come later.
    if (!warning.path.startsWith('inbounds[0].settings'))
      onWarning(formatWithoutPlace('inbounds[0]')(warning));
  }
  if (settings === undefined) throw new ConfigError(errors, formatWithoutPlace('inbounds[0]'));
  return settings;
}
