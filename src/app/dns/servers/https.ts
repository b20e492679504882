/** DNS over HTTPS (RFC 8484): POST over HTTP/2, or HTTP/1.1 where the server has nothing newer. */
import http from 'node:http';
import http2 from 'node:http2';
import tls from 'node:tls';
import type { Clock, Timer } from '../../../core/clock.js';
import { type AddressQuestion, type AddressReply, decodeReply } from '../../../core/dns/message.js';
import { maxMessageBytes } from '../../../core/dns/packet.js';
import { TsrayError, toTsrayError } from '../../../core/errors.js';
import { formatHostPort } from '../../../core/net/address.js';
import type { Destination } from '../../../core/net/destination.js';
import { linkToDuplex } from '../../../core/stream/link-duplex.js';
import type { Way } from '../way.js';
import type { Exchange, MessageChannel } from './server.js';
import { closedExchange } from './udp.js';

export interface HttpsChannelOptions {
  readonly server: Destination;
  /** With the query string. */
  readonly path: string;
  readonly way: Way;
  readonly clock: Clock;
  /** Certificates that are trusted beside those of Node, PEM. */
  readonly trusted?: string | undefined;
}

/** A session that nobody waits on is closed after this. */
const idleMs = 30_000;

const contentType = 'application/dns-message';

type Carrier =
  | { readonly kind: 'http2'; readonly session: http2.ClientHttp2Session }
  /** For one request. */
  | { readonly kind: 'http1'; readonly socket: tls.TLSSocket };

export class HttpsChannel implements MessageChannel {
  readonly usesIds = false;
  readonly #options: HttpsChannelOptions;
  readonly #sockets = new Set<tls.TLSSocket>();
  #session: Promise<Carrier> | undefined;
  #idleTimer: Timer | undefined;
  #underWay = 0;
  #closed = false;

  constructor(options: HttpsChannelOptions) {
    this.#options = options;
  }

  exchange(question: AddressQuestion, query: Uint8Array): Exchange {
    if (this.#closed) return closedExchange();
    this.#idleTimer?.cancel();
    this.#underWay += 1;
    const abort = new AbortController();
    const session = this.#session;
    const reply = this.#ask(question, query, abort.signal).finally(() => this.#done());
    const drop = (): void => {
      // A session that answered nothing may be dead: the next question takes another.
      if (session !== undefined) this.#forget(session);
      abort.abort();
    };
    return { reply, drop };
  }

  close(): void {
    this.#closed = true;
    this.#idleTimer?.cancel();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #ask(question: AddressQuestion, query: Uint8Array, signal: AbortSignal): Promise<AddressReply> {
    const carrier = await unlessAborted(this.#carrier(), signal);
    const body =
      carrier.kind === 'http2'
        ? await this.#postHttp2(carrier.session, query, signal)
        : await this.#postHttp1(carrier.socket, query, signal);
    return decodeReply(body, question);
  }

  /** The session, or a socket of this request's own. */
  async #carrier(): Promise<Carrier> {
    if (this.#session !== undefined) {
      const carrier = await this.#session;
      if (carrier.kind === 'http2' && !carrier.session.closed && !carrier.session.destroyed) return carrier;
    }
    const connecting = this.#connect();
    this.#session = connecting;
    try {
      const carrier = await connecting;
      if (carrier.kind === 'http1') this.#forget(connecting);
      else carrier.session.once('close', () => this.#forget(connecting));
      return carrier;
    } catch (error) {
      this.#forget(connecting);
      throw error;
    }
  }

  #forget(session: Promise<Carrier>): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #connect(): Promise<Carrier> {
    const { server, trusted, way } = this.#options;
    const { host, kind } = server.address;
    const link = await way.openStream(server);
    const socket = tls.connect({
      socket: linkToDuplex(link),
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(kind === 'domain' ? { servername: host } : {}),
      host,
      ...(trusted === undefined ? {} : { ca: [...tls.rootCertificates, trusted] }),
    });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', (error) => reject(tlsFailed(host, error)));
      socket.once('close', () => reject(new TsrayError('ERR_CLOSED', `${host} closed the connection`)));
    });
    if (this.#closed) socket.destroy();
    if (socket.alpnProtocol !== 'h2') return { kind: 'http1', socket };
    const session = http2.connect(`https://${formatHostPort(host, server.port)}`, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    // HTTP/2 does not notice by itself that TLS over anything but a socket has ended.
    socket.once('end', () => setImmediate(() => socket.destroy()));
    // What it ends with is told to each request.
    session.on('error', () => undefined);
    return { kind: 'http2', session };
  }

  #postHttp2(session: http2.ClientHttp2Session, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const stream = session.request(
        {
          ':method': 'POST',
          ':path': this.#options.path,
          accept: contentType,
          'content-type': contentType,
          'content-length': query.length,
        },
        { signal },
      );
      let status = 0;
      stream.once('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      collect(stream, () => status).then(resolve, reject);
      stream.end(query);
    });
  }

  #postHttp1(socket: tls.TLSSocket, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { path, server } = this.#options;
    return new Promise<Uint8Array>((resolve, reject) => {
      const request = http.request({
        createConnection: () => socket,
        method: 'POST',
        path,
        signal,
        headers: {
          host: server.port === 443 ? server.address.host : formatHostPort(server.address.host, server.port),
          accept: contentType,
          'content-type': contentType,
          'content-length': query.length,
          connection: 'close',
        },
      });
      request.once('response', (response) => {
        collect(response, () => response.statusCode ?? 0).then(resolve, reject);
      });
      request.once('error', reject);
      request.end(query);
    }).finally(() => socket.destroy());
  }

  #done(): void {
    this.#underWay -= 1;
    if (this.#underWay > 0 || this.#closed) return;
    this.#idleTimer = this.#options.clock.setTimer(idleMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    this.#idleTimer.unref();
  }
}

/** The body of an answer with status 200. */
function collect(
  stream: NodeJS.ReadableStream & { destroy(error?: Error): unknown },
  status: () => number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxMessageBytes) stream.destroy(new TsrayError('ERR_LIMIT', 'the answer is too long'));
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new TsrayError('ERR_CLOSED', 'the connection was closed')));
    stream.once('end', () => {
      if (status() === 200) resolve(Buffer.concat(chunks));
      else reject(new TsrayError('ERR_UPSTREAM', `the DNS server answered with the HTTP status ${status()}`));
    });
  });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new TsrayError('ERR_ABORTED', 'nobody waits any more')), {
      once: true,
    });
    promise.then(resolve, reject);
  });
}

function tlsFailed(host: string, error: unknown): TsrayError {
  const { message } = toTsrayError(error, 'ERR_TLS');
  return new TsrayError('ERR_TLS', `no TLS connection to ${host}: ${message}`, { cause: error });
}
