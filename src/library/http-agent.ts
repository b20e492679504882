/** An agent for node:http, node:https and every client that takes one. */
import type { AgentOptions, ClientRequest } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { followHolding } from '../transport/tls/hold.js';
import type { Target } from './target.js';

/** Opens a connection; rejects with a TsrayError. */
export type Connect = (target: Target & { readonly signal?: AbortSignal }) => Promise<Duplex>;

/** Options of an http.Agent, and of `tls.connect` for https. */
export type HttpAgentOptions = AgentOptions & tls.ConnectionOptions;

/** One agent for `http:` and `https:`. Names are not resolved here. */
export class HttpAgent extends Agent {
  readonly #connect: Connect;
  readonly #tls: tls.ConnectionOptions;

  constructor(connect: Connect, options: HttpAgentOptions = {}) {
    super(options);
    this.#connect = connect;
    const { host: _host, port: _port, path: _path, socket: _socket, ...rest } = options;
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
    return options.secureEndpoint ? this.#secure(stream, options) : stream;
  }

  #secure(stream: Duplex, options: tls.ConnectionOptions): tls.TLSSocket {
    const { host, path: _path, port: _port, ...rest } = options;
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
