/** Listens for http: the two bodies of each HTTP/2 request are a link. */
import type { IncomingHttpHeaders } from 'node:http2';
import type { CreateFramedListen } from '../carrier/framing.js';
import { forwardedFor } from '../http1/forwarded-for.js';
import { configuredHeaders, withHeaders } from '../http2/headers.js';
import { keepAliveSettings } from '../http2/keep-alive.js';
import { streamWindowBytes } from '../http2/limits.js';
import { listenHttp2, refuse } from '../http2/server.js';
import { StreamLink } from '../http2/stream-link.js';
import type { H2Settings } from './settings.js';

export const createH2Listen: CreateFramedListen<H2Settings> = (settings, carrier, deps) => {
  const { clock } = deps;
  const base = { ':status': 200, 'cache-control': 'no-store' };
  const response = withHeaders(base, configuredHeaders(settings.headers));
  return (host, port, accept) =>
    listenHttp2(carrier.sockets, host, port, {
      clock,
      keepAlive: keepAliveSettings(settings.readIdleTimeoutSeconds, settings.healthCheckTimeoutSeconds, true),
      initialWindowBytes: streamWindowBytes,
      handshakeMs: deps.handshakeMs,
      handle({ stream, headers, accepted, fate, admit }) {
        if (!isForUs(headers, settings)) {
          deps.log.info(`http: a request from ${accepted.source.address.host} has another path or host`);
          refuse(stream);
          return;
        }
        const link = new StreamLink({ clock, isServer: true, framing: undefined });
        link.attach({ stream, fate });
        stream.respond(response);
        const source = settings.trustForwardedFor
          ? forwardedFor(headers['x-forwarded-for']?.toString(), accepted.source)
          : accepted.source;
        accept({ link, source, local: accepted.local, admit });
      },
    });
};

/** As V2Ray: the path by its beginning, the host in full; a port behind it does not matter here. */
function isForUs(headers: IncomingHttpHeaders, settings: H2Settings): boolean {
  if (headers[':path']?.startsWith(settings.path) !== true) return false;
  if (settings.hosts.length === 0) return true;
  const authority = (headers[':authority'] ?? headers.host ?? '').toLowerCase();
  const name = authority.replace(/:\d+$/, '');
  return settings.hosts.some((host) => {
    const wanted = host.toLowerCase();
    return wanted === authority || wanted === name;
  });
}
