/** Calls of the gRPC API of a running tsray, V2Ray or Xray. */
import { type ClientHttp2Session, connect } from 'node:http2';
import net from 'node:net';
import { TsrayError } from '../../core/errors.js';
import { framed } from './frames.js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from './message.js';

/** Answers with a million counters are some 100 MB. */
const limitBytes = 256 * 1024 * 1024;

/** The server has refused a call. */
export class CallFailed extends TsrayError {
  /** gRPC's status code. */
  readonly status: number;

  constructor(status: number, text: string) {
    super('ERR_USAGE', `the API answers: ${text} (code ${status})`);
    this.status = status;
  }
}

export class GrpcClient {
  readonly #session: ClientHttp2Session;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  #lost: Error | undefined;

  /** `server`: `host:port`, or the path of a Unix socket. */
  constructor(server: string, token: string | undefined, timeoutMs: number) {
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    const colon = server.lastIndexOf(':');
    const host = server.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    this.#session = connect('http://tsray.invalid', {
      createConnection: () =>
        server.startsWith('/') ? net.connect(server) : net.connect(Number(server.slice(colon + 1)), host),
    });
    this.#session.on('error', (error) => {
      this.#lost = error;
    });
  }

  /** Rejects with a CallFailed, ERR_DIAL_FAILED or ERR_DIAL_TIMEOUT. */
  call(path: string, type: MessageType, request: Message, answer: MessageType): Promise<Message> {
    const headers = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(headers);
      const parts: Buffer[] = [];
      let length = 0;
      let status = 'none';
      let text = '';
      const read = (given: Readonly<Record<string, unknown>>): void => {
        status = String(given['grpc-status'] ?? status);
        text = decoded(String(given['grpc-message'] ?? text));
      };
      stream.setTimeout(this.#timeoutMs, () => {
        stream.close();
        reject(new TsrayError('ERR_DIAL_TIMEOUT', `the API has not answered within ${this.#timeoutMs} ms`));
      });
      stream.on('response', read).on('trailers', read);
      stream.on('data', (part: Buffer) => {
        length += part.length;
        if (length > limitBytes) stream.close();
        else parts.push(part);
      });
      stream.on('error', () => undefined);
      stream.on('close', () => {
        if (status === '0') {
          try {
            resolve(decodeMessage(answer, Buffer.concat(parts).subarray(framed(Buffer.alloc(0)).length)));
          } catch (error) {
            reject(error as Error);
          }
          return;
        }
        if (status !== 'none') return reject(new CallFailed(Number(status), text));
        const reason = this.#lost?.message ?? 'the connection was closed';
        reject(new TsrayError('ERR_DIAL_FAILED', `the API cannot be reached: ${reason}`));
      });
      stream.end(framed(encodeMessage(type, request)));
    });
  }

  close(): void {
    this.#session.close();
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
