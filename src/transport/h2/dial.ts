/** Dials http: each link is the two bodies of one HTTP/2 request. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Dialer } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { CreateFramedDialer } from '../carrier/framing.js';
import { ClientLink, type ResponseHeaders } from '../http2/client-link.js';
import { configuredHeaders, withHeaders } from '../http2/headers.js';
import { keepAliveSettings } from '../http2/keep-alive.js';
import { streamWindowBytes } from '../http2/limits.js';
import { ConnectionPool } from '../http2/pool.js';
import type { H2Settings } from './settings.js';

/** V2Ray's :authority where the configuration names no host. */
const defaultHost = 'www.example.com';

/** Servers of this transport answer before they have read anything. */
const answerMs = 16_000;

export const createH2Dialer: CreateFramedDialer<H2Settings> = (settings, carrier, deps): Dialer => {
  const { clock, random } = deps;
  const more = configuredHeaders(settings.headers);
  const pool = new ConnectionPool({
    clock,
    sockets: carrier.sockets,
    secure: carrier.secure,
    keepAlive: keepAliveSettings(settings.readIdleTimeoutSeconds, settings.healthCheckTimeoutSeconds, true),
    initialWindowBytes: streamWindowBytes,
  });
  return {
    async dial(destination, options) {
      const headers = requestHeaders(settings, more, carrier.secure, random);
      const open = () => pool.open(destination, headers, options);
      return new ClientLink(await open(), { framing: undefined, clock, open, check, answerMs });
    },
    async close() {
      await pool.close();
      await carrier.sockets.close();
    },
  };
};

function requestHeaders(
  settings: H2Settings,
  more: ReturnType<typeof configuredHeaders>,
  secure: boolean,
  random: RandomSource,
): OutgoingHttpHeaders {
  const { hosts } = settings;
  const host = hosts.length === 0 ? defaultHost : hosts[random.below(hosts.length)]!;
  const base = {
    ':method': settings.method,
    ':scheme': secure ? 'https' : 'http',
    ':authority': host,
    ':path': settings.path,
    'accept-encoding': 'identity',
    'user-agent': 'Go-http-client/2.0',
  };
  return withHeaders(base, more);
}

function check(headers: ResponseHeaders): TsrayError | undefined {
  const status = headers[':status'];
  if (status === 200) return undefined;
  return new TsrayError(
    'ERR_UPSTREAM',
    `the server answered the HTTP/2 request with ${status ?? 'nothing'}`,
    {
      hint: 'path and host of httpSettings must be the same on both sides.',
    },
  );
}
