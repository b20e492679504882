/** How long the parts of a first request through a server take. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { TsrayError, toTsrayError } from '../core/errors.js';
import { noAnswer } from './fetch-faults.js';
import { HttpAgent } from './http-agent.js';
import { checkOptions } from './known-keys.js';
import { defaultPingUrl } from './ping-url.js';
import type { Target } from './target.js';
import { checkTlsOptions, type TlsOptions } from './tls-options.js';

/** What `ping` asks, and for how long it waits. */
export interface PingOptions {
  /** `http:` or `https:`; a HEAD request goes there. Default: an empty page at Cloudflare. */
  readonly url?: string | URL;
  /** Milliseconds for everything together. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives up. Default none. */
  readonly signal?: AbortSignal;
  /** TLS with an `https:` target. Default: that of the client. */
  readonly tls?: TlsOptions;
}

const pingOptions = ['url', 'timeoutMs', 'signal', 'tls'];

/** How long each part took, in milliseconds. */
export interface PingResult {
  /** Until the server was connected; 0 where an open HTTP/2 connection was used, and for mKCP. */
  readonly dialMs: number;
  /** From then until a request could be sent: TLS and the transport's own handshake. */
  readonly handshakeMs: number;
  /** From the first byte sent to the target until the first byte from it: through the server and back. */
  readonly firstByteMs: number;
  /** All of it. */
  readonly totalMs: number;
  /** HTTP status of the answer. */
  readonly status: number;
}

export interface PingDeps {
  /** Opens a connection and says when the socket below was connected. */
  readonly open: (target: Target, signal: AbortSignal, onConnected: () => void) => Promise<Duplex>;
  readonly nowMs: () => number;
  /** TLS with targets, where the options have none. Absent: Node's defaults. */
  readonly tls?: TlsOptions;
}

/** How far a ping has come: nowhere, to a socket, to where a request can be sent. */
type Way = 'none' | 'connected' | 'open';

/** Callbacks change it, which the compiler does not see. */
function isOpen(way: Way): boolean {
  return way === 'open';
}

/** Rejects with a TsrayError: what went wrong on the way, ERR_DIAL_TIMEOUT, ERR_ABORTED, or ERR_USAGE. */
export async function ping(deps: PingDeps, options: PingOptions): Promise<PingResult> {
  checkOptions(options, pingOptions, 'ping');
  if (options.tls !== undefined) checkTlsOptions(options.tls, 'ping: tls');
  const url = readUrl(options.url ?? defaultPingUrl);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal]);
  let way: Way = 'none';
  const open: PingDeps['open'] = async (target, aborted, onConnected) => {
    const stream = await deps.open(target, aborted, () => {
      if (way === 'none') way = 'connected';
      onConnected();
    });
    way = 'open';
    return stream;
  };
  try {
    return await measure({ ...deps, open, tls: { ...deps.tls, ...options.tls } }, url, signal);
  } catch (error) {
    if (options.signal?.aborted === true) throw new TsrayError('ERR_ABORTED', 'the ping was given up');
    if (late.aborted) throw tooLate(url, timeoutMs, way);
    if (isOpen(way) && isHangUp(error)) throw noAnswer(url.host, error);
    throw toTsrayError(error, 'ERR_DIAL_FAILED', `${url.host} did not answer`);
  }
}

/** Node's HTTP client has met the end where an answer should have begun. */
function isHangUp(error: unknown): boolean {
  return (
    !(error instanceof TsrayError) && error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
  );
}

/** A VMess server that does not know the user keeps silent, so that nobody learns what it is. */
function tooLate(url: URL, timeoutMs: number, way: Way): TsrayError {
  const within = `within ${timeoutMs / 1000} s`;
  if (way === 'none') return new TsrayError('ERR_DIAL_TIMEOUT', `the server was not connected ${within}`);
  if (way === 'connected') {
    return new TsrayError('ERR_DIAL_TIMEOUT', `the server took the connection and did not answer ${within}`, {
      hint: 'Does it speak this transport on that port, with TLS or without as given here?',
    });
  }
  const hint =
    'The user ID may be wrong, a clock more than two minutes off, or the server cannot reach the target.';
  return new TsrayError('ERR_DIAL_TIMEOUT', `no answer from ${url.host} ${within}`, { hint });
}

function readUrl(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TsrayError('ERR_USAGE', 'expected an http: or https: URL to ping');
  }
  return url;
}

async function measure(deps: PingDeps, url: URL, signal: AbortSignal): Promise<PingResult> {
  const { nowMs } = deps;
  const startMs = nowMs();
  let connectedMs: number | undefined;
  let openMs = startMs;
  let firstMs: number | undefined;
  const agent = new HttpAgent(async (target) => {
    const stream = await deps.open(target, signal, () => {
      connectedMs ??= nowMs();
    });
    openMs = nowMs();
    return watchFirstByte(stream, () => {
      firstMs ??= nowMs();
    });
  }, deps.tls);
  try {
    const status = await head(url, agent, signal);
    const dialedMs = connectedMs ?? startMs;
    return {
      dialMs: dialedMs - startMs,
      handshakeMs: openMs - dialedMs,
      firstByteMs: (firstMs ?? nowMs()) - openMs,
      totalMs: nowMs() - startMs,
      status,
    };
  } finally {
    agent.destroy();
  }
}

function head(url: URL, agent: HttpAgent, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method: 'HEAD', agent, signal, headers: { connection: 'close' } });
    request.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', reject);
    request.end();
  });
}

/** Sees the first byte whoever reads the stream, and in whatever way. */
function watchFirstByte(stream: Duplex, onFirst: () => void): Duplex {
  const push = stream.push.bind(stream);
  stream.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    if (chunk !== null) onFirst();
    return push(chunk, encoding);
  };
  return stream;
}
