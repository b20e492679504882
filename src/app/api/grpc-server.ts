/** Answers gRPC calls on whatever streams it is given: sockets of its own listener, or connections that rules send here. */
import { timingSafeEqual } from 'node:crypto';
import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../core/clock.js';
import { contain, ended } from '../../core/contain.js';
import { MalformedMessage } from '../../core/protobuf.js';
import { serverSessionOptions } from '../../transport/http2/limits.js';
import { decodeMessage } from './message.js';
import { CallError, type Services, statusCodes } from './service.js';

/** gRPC's own limit for a request. */
const limitBytes = 4 * 1024 * 1024;
/** From the head of a call until all of its request is there. */
const requestMs = 10_000;
/** From accepting a caller until a call of his is answered. */
const firstCallMs = 10_000;
/** Callers that ask from time to time keep their connection; one that says nothing for so long has gone. */
const idleMs = 600_000;
/** Callers at a time: panels have one each. */
const mostSessions = 256;

export class GrpcServer {
  readonly #services: Services;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Owns `stream`. `token`: what each call has to bring as `authorization: Bearer TOKEN`; absent: nothing. */
  serve(stream: Duplex, token?: string): void {
    if (this.#sessions.size >= mostSessions) {
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    const session = performServerHandshake(stream, { ...serverSessionOptions, maxSessionMemory: 32 });
    this.#sessions.add(session);
    const lost = (): void => {
      if (!this.#sessions.delete(session)) return;
      firstCall.cancel();
      session.destroy();
      stream.destroy();
    };
    const firstCall = systemClock.setTimer(firstCallMs, lost);
    firstCall.unref();
    session.setTimeout(idleMs, lost);
    session.on('close', lost).on('error', lost);
    stream.on('error', lost).on('end', lost).on('close', lost);
    // A socket that was accepted paused does not read by itself, although the session takes what comes.
    stream.resume();
    session.on(
      'stream',
      contain(ended, (call: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
        this.#call(call, headers, token, () => firstCall.cancel()),
      ),
    );
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #call(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    token: string | undefined,
    authorized: () => void,
  ): void {
    stream.on('error', () => undefined);
    stream.setTimeout(requestMs, () => stream.close());
    const parts: Buffer[] = [];
    let length = 0;
    stream.on('data', (part: Buffer) => {
      length += part.length;
      if (length > limitBytes) stream.close();
      else parts.push(part);
    });
    stream.on('end', () => {
      void this.#answer(stream, headers, Buffer.concat(parts), token, authorized).catch(() => stream.close());
    });
  }

  async #answer(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    frame: Buffer,
    token: string | undefined,
    authorized: () => void,
  ): Promise<void> {
    try {
      if (token !== undefined && !sameText(headers.authorization ?? '', `Bearer ${token}`)) {
        throw new CallError(statusCodes.unauthenticated, 'the token is missing or wrong');
      }
      authorized();
      const path = headers[':path'] ?? '';
      const method = this.#services.get(path);
      if (method === undefined) throw this.#unknown(path);
      const message = await this.#encoded(
        await method.answer(decodeMessage(method.request, payload(frame)), path),
      );
      if (stream.destroyed) return;
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end(message);
    } catch (thrown) {
      if (!stream.destroyed) fail(stream, thrown);
    }
  }

  /** A part a turn: encoding many thousand counters stops nobody else. */
  async #encoded(parts: Iterable<Uint8Array>): Promise<Buffer> {
    const head = Buffer.alloc(5);
    const all: Uint8Array[] = [head];
    for (const part of parts) {
      if (all.length > 1) await nextTurn();
      all.push(part);
    }
    const message = Buffer.concat(all);
    message.writeUInt32BE(message.length - 5, 1);
    return message;
  }

  #unknown(path: string): CallError {
    const [, service = '', method = ''] = path.split('/');
    const known = [...this.#services.keys()].some((each) => each.startsWith(`/${service}/`));
    const text = known ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
    return new CallError(statusCodes.unimplemented, text);
  }
}

/** The one message of a unary request. */
function payload(frame: Buffer): Buffer {
  if (frame.length < 5) throw new MalformedMessage('the request has no message');
  if (frame[0] !== 0) throw new CallError(statusCodes.unimplemented, 'compressed requests are not supported');
  if (frame.readUInt32BE(1) !== frame.length - 5)
    throw new MalformedMessage('the request is not one message');
  return frame.subarray(5);
}

function fail(stream: ServerHttp2Stream, thrown: unknown): void {
  const error =
    thrown instanceof CallError
      ? thrown
      : thrown instanceof MalformedMessage
        ? new CallError(statusCodes.invalidArgument, thrown.message)
        : new CallError(statusCodes.internal, 'the call failed');
  const head = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(error.code),
    'grpc-message': percentEncoded(error.message),
  };
  stream.respond(head, { endStream: true });
}

/**
 * gRPC encodes what is not printable ASCII, and little else: some clients show the text as it came. A blank at either end
 * is no part of a header's value.
 */
function percentEncoded(text: string): string {
  const byte = (value: number): string => `%${value.toString(16).toUpperCase().padStart(2, '0')}`;
  return [...Buffer.from(text)]
    .map((value) =>
      value >= 0x20 && value < 0x7f && value !== 0x25 ? String.fromCharCode(value) : byte(value),
    )
    .join('')
    .replace(/^ | $/g, '%20');
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
