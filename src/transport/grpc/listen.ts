/** Listens for grpc: each call of the gun service is a link. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { CreateFramedListen } from '../carrier/framing.js';
import { forwardedFor } from '../http1/forwarded-for.js';
import { listenHttp2, refuse } from '../http2/server.js';
import { StreamLink } from '../http2/stream-link.js';
import { grpcKeepAlive, grpcWindowBytes } from './dial.js';
import { GunFraming } from './frame.js';
import { grpcPaths } from './path.js';
import type { GrpcSettings } from './settings.js';

export const createGrpcListen: CreateFramedListen<GrpcSettings> = (settings, carrier, deps) => {
  const { clock } = deps;
  const { tun, tunMulti } = grpcPaths(settings.serviceName);
  const isForUs = (headers: IncomingHttpHeaders): boolean =>
    (headers[':path'] === tun || headers[':path'] === tunMulti) &&
    headers[':method'] === 'POST' &&
    headers['content-type']?.startsWith('application/grpc') === true;
  return (host, port, accept) =>
    listenHttp2(carrier.sockets, host, port, {
      clock,
      keepAlive: grpcKeepAlive(settings),
      initialWindowBytes: grpcWindowBytes(settings),
      handshakeMs: deps.handshakeMs,
      handle({ stream, headers, accepted, fate, admit }) {
        if (!isForUs(headers)) {
          deps.log.info(`grpc: a request from ${accepted.source.address.host} is not for the service`);
          refuse(stream);
          return;
        }
        const link = new StreamLink({ clock, isServer: true, framing: new GunFraming() });
        link.attach({ stream, fate });
        respond(stream);
        const source = settings.trustForwardedFor
          ? forwardedFor(forwarded(headers), accepted.source)
          : accepted.source;
        accept({ link, source, local: accepted.local, admit });
      },
    });
};

/** At once, where Go waits for the first message: clients that wait for headers are served sooner. */
function respond(stream: ServerHttp2Stream): void {
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, {
    waitForTrailers: true,
    sendDate: false,
  } as Parameters<ServerHttp2Stream['respond']>[1]);
}

/** Node joins repeated fields. */
function forwarded(headers: IncomingHttpHeaders): string | undefined {
  return headers['x-forwarded-for']?.toString();
}
