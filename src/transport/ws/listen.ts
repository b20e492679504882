/** Listens for ws: reads the request under a deadline, checks it, takes early data, and leaves the rest to ws. */
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Accepted } from '../../contract/transport.js';
import { fieldText, joinedFields } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import { formatHostPort } from '../../core/net/address.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { CreateFramedListen, TransportDeps } from '../carrier/framing.js';
import { forwardedFor } from '../http1/forwarded-for.js';
import { headTimeoutMs, maxHeadBytes, refusal } from '../http1/upgrade-server.js';
import type { AcceptedSocket } from '../socket/socket.js';
import { protocolHeader, wsOptions } from './constants.js';
import { WsLink } from './link.js';
import { checkRequest } from './request.js';
import type { WsSettings } from './settings.js';

const protocolKey = protocolHeader.toLowerCase();

export const createWsListen: CreateFramedListen<WsSettings> = (settings, carrier, deps) => {
  return (host, port, accept) => {
    const handler = new UpgradeHandler(settings, deps, accept);
    return carrier.sockets(host, port, (accepted) => handler.accepted(accepted));
  };
};

/** A request that ws is working on. */
interface PendingUpgrade {
  readonly accepted: AcceptedSocket;
  /** Value of Sec-WebSocket-Protocol, to be echoed. */
  readonly protocol: string | undefined;
}

class UpgradeHandler {
  readonly #settings: WsSettings;
  readonly #deps: TransportDeps;
  readonly #accept: (accepted: Accepted) => void;
  readonly #server: WebSocketServer;
  readonly #requests = new WeakMap<IncomingMessage, PendingUpgrade>();

  constructor(settings: WsSettings, deps: TransportDeps, accept: (accepted: Accepted) => void) {
    this.#settings = settings;
    this.#deps = deps;
    this.#accept = accept;
    this.#server = new WebSocketServer({ ...wsOptions, noServer: true, clientTracking: false });
    this.#server.on('headers', (headers, request) => {
      const protocol = this.#requests.get(request)?.protocol;
      if (protocol !== undefined) headers.push(`${protocolHeader}: ${protocol}`);
    });
    this.#server.on('wsClientError', (error, _socket, request) => {
      const asked = this.#requests.get(request);
      if (asked !== undefined) this.#refuse(asked.accepted, error.message);
    });
  }

  /** Owns the socket until its link is accepted. */
  accepted(accepted: AcceptedSocket): void {
    const { socket } = accepted;
    const decoder = HeadDecoder.request(maxHeadBytes);
    const timer = this.#deps.clock.setTimer(headTimeoutMs, () => socket.destroy());
    const settle = (): void => {
      timer.cancel();
      socket.removeListener('data', read);
      socket.removeListener('end', ended);
    };
    const read = (bytes: Uint8Array): void => {
      const step = decoder.push(bytes);
      if (step.kind === 'more') return;
      settle();
      socket.pause();
      if (step.kind === 'head') this.#serve(accepted, step.head, step.rest);
      else this.#refuse(accepted, `it is no HTTP request: ${step.error.message}`);
    };
    const ended = (): void => {
      settle();
      socket.destroy();
    };
    socket.on('error', () => undefined);
    socket.once('close', settle);
    socket.once('end', ended);
    socket.on('data', read);
    socket.resume();
  }

  #serve(accepted: AcceptedSocket, head: RequestHead, rest: Uint8Array): void {
    const { socket } = accepted;
    const checked = checkRequest(head, this.#settings);
    if (checked.kind === 'refused') {
      this.#refuse(accepted, checked.reason);
      return;
    }
    const { clock } = this.#deps;
    const { heartbeatSeconds, trustForwardedFor } = this.#settings;
    const request = this.#request(head, accepted);
    // ws keeps what it is given; the read buffer is lent.
    this.#server.handleUpgrade(request, socket, Buffer.from(rest), (ws) => {
      const link = new WsLink(ws, socket, { clock, masks: false, heartbeatMs: heartbeatSeconds * 1000 });
      this.#accept({
        link: checked.early.length === 0 ? link : prefixedLink(link, checked.early),
        source: trustForwardedFor
          ? forwardedFor(fieldText(head.fields, 'x-forwarded-for'), accepted.source)
          : accepted.source,
        local: accepted.local,
        admit: () => link.admit(),
      });
    });
  }

  /** What ws looks at. The protocol is kept from it: it would refuse early data that is no list of names. */
  #request(head: RequestHead, accepted: AcceptedSocket): IncomingMessage {
    const request = new IncomingMessage(accepted.socket as Socket);
    request.method = head.method;
    request.url = head.target;
    const { [protocolKey]: protocol, ...headers } = Object.fromEntries(joinedFields(head.fields));
    request.headers = headers;
    this.#requests.set(request, { accepted, protocol });
    return request;
  }

  #refuse({ socket, source }: AcceptedSocket, reason: string): void {
    const { clock, log } = this.#deps;
    log.info(`ws: ${formatHostPort(source.address.host, source.port)} refused: ${reason}`);
    // What is unread would turn our close into a reset, and the answer would be lost.
    socket.resume();
    socket.once('finish', () => socket.destroy());
    socket.end(refusal(clock.nowMs()));
  }
}
