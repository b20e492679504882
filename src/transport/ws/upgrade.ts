/** The client's opening handshake, by the ws library over a socket that is connected already. */
import type { ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import type { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { Field } from '../../core/http1/fields.js';
import type { RandomSource } from '../../core/random.js';
import { refused } from '../http1/upgrade-error.js';
import { maxHeadBytes } from '../http1/upgrade-server.js';
import { protocolHeader, upgradeTimeoutMs, wsOptions } from './constants.js';

export interface UpgradeOptions {
  /** Path and query, escaped. */
  readonly target: string;
  /** All fields in their order; ws fills in the key. */
  readonly fields: readonly Field[];
  /** The server, for messages. */
  readonly where: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly signal: AbortSignal | undefined;
}

/**
 * Owns `socket` until it resolves with the open WebSocket, from within its 'open' event. Rejects, with the socket
 * destroyed, with ERR_UPSTREAM (another answer than 101), ERR_PROTOCOL, ERR_HANDSHAKE_TIMEOUT, ERR_CLOSED or
 * ERR_ABORTED.
 */
export function upgrade<T>(socket: Duplex, options: UpgradeOptions, make: (ws: WebSocket) => T): Promise<T> {
  const { clock, signal, where } = options;
  return new Promise((resolve, reject) => {
    const ws = new WebSocket('ws://localhost/', clientOptions(socket, options));
    const settle = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
      ws.removeListener('open', opened);
      ws.removeListener('error', failed);
      ws.removeListener('unexpected-response', answered);
    };
    const fail = (error: TsrayError): void => {
      settle();
      // What ws says about being ended early.
      ws.on('error', () => undefined);
      ws.terminate();
      socket.destroy();
      reject(error);
    };
    const opened = (): void => {
      settle();
      resolve(make(ws));
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(handshakeError(where, error));
    const answered = (_request: ClientRequest, response: IncomingMessage): void =>
      fail(refused(where, response.statusCode ?? 0, 'WebSocket'));
    const aborted = (): void => fail(new TsrayError('ERR_ABORTED', `dialing ${where} was given up`));
    const timer = clock.setTimer(upgradeTimeoutMs, () => fail(late(where)));
    ws.once('open', opened);
    ws.once('error', failed);
    ws.once('unexpected-response', answered);
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

function clientOptions(socket: Duplex, { fields, random, target }: UpgradeOptions): WebSocket.ClientOptions {
  const options: WebSocket.ClientOptions & Pick<ClientRequestArgs, 'maxHeaderSize'> = {
    ...wsOptions,
    headers: Object.fromEntries(fields),
    maxHeaderSize: maxHeadBytes,
    // Its type is that of net.connect; ws only calls it.
    createConnection: (() => socket) as unknown as typeof createConnection,
    // A key of four zeros would make ws send, and maybe keep, the very bytes it was lent.
    generateMask: (mask) => {
      do random.fill(mask);
      while (mask.readUInt32LE() === 0);
    },
    finishRequest: (request) => {
      // As it is: ws would normalise it as a URL.
      request.path = target;
      // Early data has an answer or none, and neither says anything; ws insists on one.
      request.prependListener('upgrade', (response) => {
        delete response.headers[protocolHeader.toLowerCase()];
      });
      request.end();
    },
  };
  return options;
}

function late(where: string): TsrayError {
  return new TsrayError(
    'ERR_HANDSHAKE_TIMEOUT',
    `${where} did not answer the WebSocket request within ${upgradeTimeoutMs / 1000} s`,
    { hint: 'Does the server speak ws on that port?' },
  );
}

function handshakeError(where: string, error: NodeJS.ErrnoException): TsrayError {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    return new TsrayError('ERR_CLOSED', `${where} closed the connection instead of opening a WebSocket`, {
      hint: 'Does the server speak ws on that port, with TLS or without as configured here?',
      cause: error,
    });
  }
  return new TsrayError('ERR_PROTOCOL', `${where} did not open a WebSocket: ${error.message}`, {
    hint: 'Does the server speak ws on that port, with TLS or without as configured here?',
    cause: error,
  });
}
