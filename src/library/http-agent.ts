/** An agent for node:http, node:https and every client that takes one. */
import type { AgentOptions, ClientRequest } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { followHolding } from '../transport/tls/hold.js';
import { checkOptions } from './known-keys.js';
import type { Target } from './target.js';
import { type TlsOptions, tlsOptionNames } from './tls-options.js';

/** Opens a connection; rejects with a TsrayError. */
export type Connect = (target: Target & { readonly signal?: AbortSignal }) => Promise<Duplex>;

/** Those of an http.Agent that have a meaning through a server: it is the server that resolves names and connects. */
const names = {
  keepAlive: true,
  keepAliveInitialDelay: true,
  keepAliveMsecs: true,
  maxFreeSockets: true,
  maxSockets: true,
  maxTotalSockets: true,
  noDelay: true,
  scheduling: true,
  timeout: true,
} as const satisfies Partial<Record<keyof AgentOptions, true>>;

/** Options of an http.Agent, and for `https:` of `tls.connect`; those of the request come before them. */
export interface HttpAgentOptions extends Pick<AgentOptions, keyof typeof names>, TlsOptions {
  /** Protocols that are offered to an `https:` target. Default `http/1.1`. */
  readonly ALPNProtocols?: tls.ConnectionOptions['ALPNProtocols'];
}

interface WithTimeout extends Duplex {
  setTimeout?(timeoutMs: number): unknown;
}

/** One agent for `http:` and `https:`. Names are not resolved here. */
export class HttpAgent extends Agent {
  readonly #connect: Connect;
  readonly #tls: tls.ConnectionOptions;

  /** Made by `client.agent()`. Throws ERR_USAGE for options that do not exist. */
  constructor(connect: Connect, options: HttpAgentOptions = {}) {
    checkOptions(options, [...Object.keys(names), ...tlsOptionNames, 'ALPNProtocols'], 'agent');
    super(options);
    this.#connect = connect;
    const { timeout: _timeout, ...rest } = options;
    this.#tls = rest;
  }

  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex> {
    // A request that is given up while its connection opens does not need it any more.
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    request.once('close', abort);
    let stream: Duplex;
    try {
      const host = options.host ?? 'localhost';
      stream = await this.#connect({ host, port: Number(options.port), signal: aborter.signal });
    } finally {
      request.removeListener('close', abort);
    }
    const socket = options.secureEndpoint ? this.#secure(stream, options) : stream;
    // Node's client sets it on sockets that it makes itself.
    const { timeout } = options;
    if (timeout !== undefined && timeout > 0) (socket as WithTimeout).setTimeout?.(timeout);
    return socket;
  }

  #secure(stream: Duplex, options: tls.ConnectionOptions): tls.TLSSocket {
    const { host, path: _path, port: _port, timeout: _timeout, ...rest } = options;
    const servername = options.servername ?? host ?? '';
    const socket = tls.connect({
      ALPNProtocols: ['http/1.1'],
      ...this.#tls,
      ...rest,
      // With `servername` empty, certificates are held against the host.
      ...(host === undefined ? {} : { host }),
      servername: isIP(servername) === 0 ? servername : '',
      socket: stream,
    });
    followHolding(socket, stream);
    // Of a stream that fails before Node's HTTP client listens.
    socket.on('error', () => undefined);
    return socket;
  }
}
