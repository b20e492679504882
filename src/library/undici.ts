/** undici through a client. The package is loaded when it is first used, since starting it costs 50 ms. */
import { createRequire } from 'node:module';
import { TLSSocket } from 'node:tls';
import type { Agent, buildConnector } from 'undici';
import { followHolding } from '../transport/tls/hold.js';
import { failRequest, type NameFailure, nameFailures } from './dispatch-failures.js';
import { targetTlsFault } from './fetch-faults.js';
import type { Connect } from './http-agent.js';
import { checkOptions } from './known-keys.js';
import { type TlsOptions, tlsOptionNames } from './tls-options.js';

type Undici = typeof import('undici');

let loaded: Undici | undefined;

function loadUndici(): Undici {
  loaded ??= createRequire(import.meta.url)('undici') as Undici;
  return loaded;
}

/** Those of undici's Agent that say where connections go, or from where, have no meaning through a server. */
const names = {
  allowH2: true,
  bodyTimeout: true,
  clientTtl: true,
  connect: true,
  connectionWindowSize: true,
  connections: true,
  eventSource: true,
  headersTimeout: true,
  initialWindowSize: true,
  interceptors: true,
  keepAliveMaxTimeout: true,
  keepAliveTimeout: true,
  keepAliveTimeoutThreshold: true,
  maxConcurrentStreams: true,
  maxHeaderSize: true,
  maxOrigins: true,
  maxRequestsPerClient: true,
  maxResponseSize: true,
  pingInterval: true,
  pipelining: true,
  strictContentLength: true,
  webSocket: true,
} as const satisfies Partial<Record<keyof Agent.Options, true>>;

/** TLS with targets, and how long it may take. */
export interface DispatcherConnectOptions extends TlsOptions {
  /** Milliseconds for the TLS handshake with a target; 0: no limit. Default 10 000. */
  readonly timeout?: number;
  /** TLS sessions that are kept to be taken up again. Default 100. */
  readonly maxCachedSessions?: number;
}

/** Options of undici's Agent. */
export type DispatcherOptions = Pick<Agent.Options, Exclude<keyof typeof names, 'connect'>> & {
  readonly connect?: DispatcherConnectOptions;
};

/** Throws ERR_USAGE for options that do not exist. */
export function checkDispatcherOptions(options: DispatcherOptions): void {
  checkOptions(options, Object.keys(names), 'dispatcher');
  if (options.connect === undefined) return;
  checkOptions(options.connect, [...tlsOptionNames, 'timeout', 'maxCachedSessions'], 'dispatcher: connect');
}

export interface AgentDeps {
  readonly connect: Connect;
  /** What requests fail with from now on; undefined: they may go. */
  readonly failure: () => Error | undefined;
  /** What requests fail with in place of undici's errors, and of Node's in TLS. Absent: those. */
  readonly nameFailure?: NameFailure | undefined;
}

export function createUndiciAgent(deps: AgentDeps, options: DispatcherOptions): Agent {
  const { connect, failure, nameFailure } = deps;
  const { Agent: UndiciAgent, buildConnector: build } = loadUndici();
  const { connect: tlsOptions, ...rest } = options;
  const secure = build({ ...tlsOptions, ...(rest.allowH2 === undefined ? {} : { allowH2: rest.allowH2 }) });
  const agent = new UndiciAgent({
    ...rest,
    connect: (target, callback) => {
      const isSecure = target.protocol === 'https:';
      const port = target.port === '' ? (isSecure ? 443 : 80) : Number(target.port);
      connect({ host: target.hostname, port }).then(
        (stream) => {
          // undici's types say net.Socket; it needs a Duplex with a socket's setters.
          const socket = stream as buildConnector.Options['httpSocket'] & object;
          if (isSecure) {
            secure({ ...target, httpSocket: socket }, (...[error, secured]) => {
              if (error !== null) {
                const named = nameFailure === undefined ? error : targetTlsFault(error, target.hostname);
                callback(named as Error, null);
                return;
              }
              if (secured instanceof TLSSocket) followHolding(secured, stream);
              callback(null, secured);
            });
          } else callback(null, socket);
        },
        (error: unknown) => callback(error as Error, null),
      );
    },
  });
  const dispatch = agent.dispatch.bind(agent);
  agent.dispatch = (request, handler) => {
    const error = failure();
    if (error !== undefined) return failRequest(handler, error);
    return dispatch(
      request,
      nameFailure === undefined ? handler : nameFailures(request, handler, nameFailure),
    );
  };
  return agent;
}
