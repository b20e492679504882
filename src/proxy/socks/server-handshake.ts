/**
 * What a SOCKS server reads and answers until it knows the request. SOCKS 4 and 4a:
 *
 *     VN 4 | CD 1 | port 2 | IPv4 4 | user ID … 0 | (4a, for 0.0.0.x: name … 0)
 *
 * SOCKS 5 (RFC 1928, 1929), each line a message, `<` from the client:
 *
 *     < 5 | n 1 | methods n                            > 5 | method 1
 *     < 1 | n 1 | user n | n 1 | password n            > 1 | status 1      (method 2 only)
 *     < 5 | command 1 | 0 | ATYP, address, port
 *
 * The answer to the request itself is sent by the inbound, once it knows it (`encodeReply`).
 */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { ipv4FromBytes } from '../../core/net/address.js';
import { hostFromBytes, maxHostNameBytes } from '../../core/net/host-name.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { type Endpoint, readEndpoint, UnknownAddressType } from './address.js';
import {
  command,
  maxUserIdBytes,
  method,
  passwordStatus,
  passwordVersion,
  reply,
  version4,
  version5,
} from './constants.js';
import { encodeReply, type SocksVersion } from './reply.js';

export interface SocksRequest {
  readonly kind: 'connect' | 'associate';
  readonly version: SocksVersion;
  /** For `associate` where the client says it sends from: mostly zeros. */
  readonly target: Endpoint;
  /** Name of the account, if the client had to have one. */
  readonly user: string | undefined;
}

/** The first byte is of no SOCKS version; all bytes are in `rest`. */
export interface NotSocks {
  readonly kind: 'other';
}

export interface ServerHandshakeOptions {
  /** Absent: no authentication. Otherwise tells the account's name, or undefined for a wrong user or password. */
  readonly authenticate?: ((user: Uint8Array, password: Uint8Array) => string | undefined) | undefined;
  /** UDP ASSOCIATE is offered. */
  readonly udp: boolean;
  /** A first byte of neither version yields `other`; false: it is an error. */
  readonly mixed: boolean;
}

type Value = SocksRequest | NotSocks;

/** Ends the handshake with an answer. */
class Refusal extends TsrayError {
  readonly answer: Uint8Array | undefined;

  constructor(message: string, answer?: Uint8Array, code: 'ERR_PROTOCOL' | 'ERR_AUTH' = 'ERR_PROTOCOL') {
    super(code, message);
    this.answer = answer;
  }
}

/** A server's half of a SOCKS 4, 4a or 5 handshake. */
export class SocksServerHandshake implements Handshake<Value> {
  readonly #options: ServerHandshakeOptions;
  #stage: 'greeting' | 'password' | 'request' = 'greeting';
  /** The beginning of a message; every message has a limit below 1 KiB, checked as it grows. */
  #pending = new Uint8Array(0);
  #user: string | undefined;

  constructor(options: ServerHandshakeOptions) {
    this.#options = options;
  }

  push(bytes: Uint8Array): HandshakeStep<Value> {
    const input = this.#pending.length === 0 ? bytes : joined(this.#pending, bytes);
    const answers: Uint8Array[] = [];
    let offset = 0;
    try {
      for (;;) {
        const reader = new ByteReader(input, offset);
        const value = this.#message(reader, answers);
        if (value !== undefined) {
          const rest = value.kind === 'other' ? input : input.subarray(reader.offset);
          return { kind: 'done', value, rest, ...replyOf(answers) };
        }
        offset = reader.offset;
      }
    } catch (thrown) {
      if (thrown instanceof ShortInput) {
        // Lent bytes are mostly a Buffer's, whose `slice` would be a view of what the next read overwrites.
        this.#pending = new Uint8Array(input.subarray(offset));
        return { kind: 'more', ...replyOf(answers) };
      }
      if (thrown instanceof Refusal) {
        if (thrown.answer !== undefined) answers.push(thrown.answer);
        return { kind: 'failed', error: thrown, ...replyOf(answers) };
      }
      return { kind: 'failed', error: toTsrayError(thrown, 'ERR_INTERNAL'), ...replyOf(answers) };
    }
  }

  /** Reads one message; undefined if others must follow. */
  #message(reader: ByteReader, answers: Uint8Array[]): Value | undefined {
    switch (this.#stage) {
      case 'greeting':
        return this.#greeting(reader, answers);
      case 'password':
        this.#password(reader, answers);
        return undefined;
      case 'request':
        return this.#request(reader);
    }
  }

  #greeting(reader: ByteReader, answers: Uint8Array[]): Value | undefined {
    const version = reader.u8();
    if (version === version4) return this.#request4(reader);
    if (version !== version5) {
      if (!this.#options.mixed) throw new Refusal(`unknown SOCKS version ${version}, expected 4 or 5`);
      return { kind: 'other' };
    }
    const offered = reader.take(reader.u8());
    const wanted = this.#options.authenticate === undefined ? method.none : method.password;
    if (!offered.includes(wanted)) {
      throw new Refusal(
        wanted === method.password
          ? 'the SOCKS client does not offer a user and password'
          : 'the SOCKS client insists on an authentication that is not configured',
        Uint8Array.of(version5, method.noneAcceptable),
        'ERR_AUTH',
      );
    }
    answers.push(Uint8Array.of(version5, wanted));
    this.#stage = wanted === method.password ? 'password' : 'request';
    return undefined;
  }

  #password(reader: ByteReader, answers: Uint8Array[]): void {
    const version = reader.u8();
    const failure = Uint8Array.of(passwordVersion, passwordStatus.failure);
    if (version !== passwordVersion) {
      throw new Refusal(`SOCKS: expected version 1 of the password message, got ${version}`, failure);
    }
    const user = reader.take(reader.u8());
    const password = reader.take(reader.u8());
    this.#user = this.#options.authenticate?.(user, password);
    if (this.#user === undefined) {
      throw new Refusal('the SOCKS client sent a wrong user or password', failure, 'ERR_AUTH');
    }
    answers.push(Uint8Array.of(passwordVersion, passwordStatus.success));
    this.#stage = 'request';
  }

  #request(reader: ByteReader): SocksRequest {
    const version = reader.u8();
    if (version !== version5) {
      throw new Refusal(
        `SOCKS: expected version 5 in the request, got ${version}`,
        encodeReply(5, reply.generalFailure),
      );
    }
    const commandByte = reader.u8();
    reader.u8();
    const target = readTarget(reader);
    if (commandByte === command.connect) return { kind: 'connect', version: 5, target, user: this.#user };
    if (commandByte === command.associate && this.#options.udp) {
      return { kind: 'associate', version: 5, target, user: this.#user };
    }
    throw new Refusal(
      commandByte === command.associate
        ? 'the SOCKS client asks for UDP, which this inbound does not offer (settings.udp)'
        : `SOCKS: command ${commandByte} is not supported`,
      encodeReply(5, reply.commandNotSupported),
    );
  }

  #request4(reader: ByteReader): SocksRequest {
    const rejected = encodeReply(4, reply.generalFailure);
    const commandByte = reader.u8();
    const port = reader.u16();
    const ip = reader.take(4);
    takeString(reader, maxUserIdBytes, 'user ID', rejected);
    let address = ipv4FromBytes(ip);
    // 4a: an address 0.0.0.x with x not 0 says that a name follows.
    if (ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0) {
      const named = hostFromBytes(takeString(reader, maxHostNameBytes, 'host name', rejected));
      if (named === undefined) {
        throw new Refusal('SOCKS 4a: the host name holds characters it cannot have', rejected);
      }
      address = named;
    }
    if (this.#options.authenticate !== undefined) {
      throw new Refusal('SOCKS 4 has no passwords, and this inbound asks for one', rejected, 'ERR_AUTH');
    }
    if (commandByte !== command.connect) {
      throw new Refusal(`SOCKS 4: command ${commandByte} is not supported`, rejected);
    }
    return { kind: 'connect', version: 4, target: { address, port }, user: undefined };
  }
}

function readTarget(reader: ByteReader): Endpoint {
  try {
    return readEndpoint(reader);
  } catch (thrown) {
    if (thrown instanceof UnknownAddressType) {
      throw new Refusal(thrown.message, encodeReply(5, reply.addressTypeNotSupported));
    }
    if (thrown instanceof TsrayError) {
      throw new Refusal(thrown.message, encodeReply(5, reply.generalFailure));
    }
    throw thrown;
  }
}

/** The bytes before the next zero byte. */
function takeString(reader: ByteReader, limitBytes: number, what: string, answer: Uint8Array): Uint8Array {
  const available = reader.rest();
  const length = available.indexOf(0);
  if (length > limitBytes || (length < 0 && available.length > limitBytes)) {
    throw new Refusal(`SOCKS 4: the ${what} is longer than ${limitBytes} bytes`, answer);
  }
  const taken = reader.take(length < 0 ? available.length + 1 : length);
  reader.u8();
  return taken;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function replyOf(answers: readonly Uint8Array[]): { reply?: Uint8Array } {
  if (answers.length === 0) return {};
  return { reply: answers.length === 1 ? answers[0]! : Buffer.concat(answers) };
}
