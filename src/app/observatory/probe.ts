/** One probe: an HTTP request through an outbound, over a connection of its own. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { Logger } from '../../contract/logger.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { linkToDuplex } from '../../core/stream/link-duplex.js';

export interface ProbeDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly nextId: () => number;
}

export interface ProbeRequest {
  /** `http:` or `https:`. */
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Connections that begin in this process have no client address. */
const ownSource: Destination = { network: 'tcp', address: { kind: 'ipv4', host: '127.0.0.1' }, port: 0 };

/**
 * Milliseconds until the response head, whatever its status; redirects are not followed. Rejects with what went wrong,
 * ERR_DIAL_TIMEOUT after `timeoutMs`, or ERR_ABORTED after `signal`.
 */
export async function probe(outbound: Outbound, request: ProbeRequest, deps: ProbeDeps): Promise<number> {
  const { clock } = deps;
  const startMs = clock.monotonicMs();
  const ended = new AbortController();
  const timer = clock.setTimer(request.timeoutMs, () => {
    ended.abort(new TsrayError('ERR_DIAL_TIMEOUT', `no answer within ${request.timeoutMs / 1000} s`));
  });
  const stop = (): void => ended.abort(new TsrayError('ERR_ABORTED', 'the probe was given up'));
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    await ask(outbound, request, ended.signal, deps);
    return clock.monotonicMs() - startMs;
  } catch (thrown) {
    throw toTsrayError(ended.signal.aborted ? ended.signal.reason : thrown, 'ERR_DIAL_FAILED');
  } finally {
    timer.cancel();
    request.signal.removeEventListener('abort', stop);
    ended.abort();
  }
}

async function ask(
  outbound: Outbound,
  { method, url: text }: ProbeRequest,
  signal: AbortSignal,
  { log, nextId }: ProbeDeps,
): Promise<void> {
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const id = nextId();
  const link = await outbound.open({
    id,
    source: ownSource,
    sourceText: '',
    inboundTag: '',
    destination: {
      network: 'tcp',
      address: parseAddress(host),
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    },
    level: 0,
    log: log.session(id),
    signal,
  });
  if (signal.aborted) {
    link.destroy();
    throw signal.reason;
  }
  const plain = linkToDuplex(link);
  const stream: Duplex = secure
    ? tlsConnect({ socket: plain, ...(isIP(host) === 0 ? { servername: host } : {}) })
    : plain;
  const destroy = (): void => void plain.destroy();
  signal.addEventListener('abort', destroy, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest;
      const asked = send(url, { method, createConnection: () => stream, headers: { connection: 'close' } });
      asked.once('response', (response) => {
        response.destroy();
        resolve();
      });
      asked.on('error', reject);
      stream.on('error', reject);
      asked.end();
    });
  } finally {
    signal.removeEventListener('abort', destroy);
    stream.destroy();
    plain.destroy();
  }
}
