/**
 * What a SOCKS 5 client sends and reads until the server has answered its request (RFC 1928, 1929): `opening`, then
 * `push`. The messages are those of server-handshake.ts, with its answer `5 | REP 1 | 0 | ATYP, BND.ADDR, BND.PORT`.
 */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';
import { ByteWriter } from '../../core/bytes/writer.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { type Endpoint, readEndpoint, writeEndpoint } from './address.js';
import { command, method, passwordStatus, passwordVersion, reply, version5 } from './constants.js';

export interface ClientRequest {
  readonly command: 'connect' | 'associate';
  /** For `associate` where we shall send from; zeros if unknown. */
  readonly target: Endpoint;
  readonly account: { readonly user: string; readonly pass: string } | undefined;
}

/** A SOCKS 5 client's half of a handshake, with or without user and password. */
export class SocksClientHandshake implements Handshake<Endpoint> {
  readonly #request: ClientRequest;
  readonly #encodedRequest: Uint8Array;
  #stage: 'method' | 'password' | 'reply' = 'method';
  #pending = new Uint8Array(0);

  /** Throws ERR_PROTOCOL for a host name, user or password that is too long for SOCKS (255 bytes each). */
  constructor(request: ClientRequest) {
    this.#request = request;
    const writer = new ByteWriter();
    writer.u8(version5).u8(command[request.command]).u8(0);
    writeEndpoint(writer, request.target);
    this.#encodedRequest = writer.done();
    if (request.account !== undefined) encodePassword(request.account.user, request.account.pass);
  }

  /** The first message. With an account both methods are offered: some servers ask for none. */
  get opening(): Uint8Array {
    return this.#request.account === undefined
      ? Uint8Array.of(version5, 1, method.none)
      : Uint8Array.of(version5, 2, method.none, method.password);
  }

  push(bytes: Uint8Array): HandshakeStep<Endpoint> {
    const input = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    let offset = 0;
    let answer: Uint8Array | undefined;
    try {
      for (;;) {
        const reader = new ByteReader(input, offset);
        if (this.#stage === 'reply') {
          const value = readReply(reader);
          return withReply({ kind: 'done', value, rest: reader.rest() }, answer);
        }
        // A server answers only what it was asked: two answers in one push do not follow from each other.
        answer = this.#stage === 'method' ? this.#method(reader) : this.#password(reader);
        offset = reader.offset;
      }
    } catch (thrown) {
      if (thrown instanceof ShortInput) {
        // Lent bytes are mostly a Buffer's, whose `slice` would be a view of what the next read overwrites.
        this.#pending = new Uint8Array(input.subarray(offset));
        return withReply({ kind: 'more' }, answer);
      }
      return { kind: 'failed', error: toTsrayError(thrown, 'ERR_INTERNAL') };
    }
  }

  #method(reader: ByteReader): Uint8Array {
    const version = reader.u8();
    if (version !== version5) {
      throw new TsrayError(
        'ERR_UPSTREAM',
        `the upstream answers with ${version} where SOCKS 5 begins with 5`,
        {
          hint: 'Is a SOCKS 5 server listening on that address and port?',
        },
      );
    }
    const chosen = reader.u8();
    const { account } = this.#request;
    if (chosen === method.none) {
      this.#stage = 'reply';
      return this.#encodedRequest;
    }
    if (chosen === method.password && account !== undefined) {
      this.#stage = 'password';
      return encodePassword(account.user, account.pass);
    }
    throw new TsrayError(
      'ERR_UPSTREAM',
      chosen === method.noneAcceptable
        ? 'the upstream SOCKS server accepts none of the offered authentication methods'
        : `the upstream SOCKS server asks for authentication method ${chosen}, which was not offered`,
      {
        hint:
          account === undefined
            ? 'It may ask for a user and password: give "users" in the outbound.'
            : 'It may know other methods only, such as GSSAPI, which is not supported.',
      },
    );
  }

  #password(reader: ByteReader): Uint8Array {
    // Some servers, V2Ray among them, do not take the version byte seriously; the status alone decides.
    reader.u8();
    if (reader.u8() !== passwordStatus.success) {
      throw new TsrayError('ERR_UPSTREAM', 'the upstream SOCKS server refused the user and password', {
        hint: 'Check "user" and "pass" of the outbound.',
      });
    }
    this.#stage = 'reply';
    return this.#encodedRequest;
  }
}

function readReply(reader: ByteReader): Endpoint {
  const version = reader.u8();
  if (version !== version5) {
    throw new TsrayError(
      'ERR_UPSTREAM',
      `the upstream SOCKS server answers with version ${version}, expected 5`,
    );
  }
  const code = reader.u8();
  if (code !== reply.succeeded) {
    const [text, hint] = replies[code] ?? [`code ${code}`, undefined];
    throw new TsrayError('ERR_UPSTREAM', `the upstream SOCKS server refused the request: ${text}`, {
      ...(hint === undefined ? {} : { hint }),
    });
  }
  reader.u8();
  return readEndpoint(reader);
}

const lookAtServer = "The server's own log tells more.";
const replies: Readonly<Record<number, readonly [text: string, hint: string | undefined]>> = {
  [reply.generalFailure]: ['general failure (1)', lookAtServer],
  [reply.notAllowed]: ['not allowed by its rules (2)', 'Its configuration refuses this target or this user.'],
  [reply.networkUnreachable]: ['network unreachable (3)', 'The server cannot reach the target.'],
  [reply.hostUnreachable]: [
    'host unreachable (4)',
    'The server cannot reach the target, or not resolve its name.',
  ],
  [reply.connectionRefused]: ['connection refused (5)', 'The target refused the server.'],
  [reply.ttlExpired]: ['TTL expired (6)', 'The target did not answer the server in time.'],
  [reply.commandNotSupported]: ['command not supported (7)', 'For UDP the server must allow UDP ASSOCIATE.'],
  [reply.addressTypeNotSupported]: ['address type not supported (8)', lookAtServer],
};

function encodePassword(user: string, pass: string): Uint8Array {
  const userBytes = Buffer.from(user, 'utf8');
  const passBytes = Buffer.from(pass, 'utf8');
  if (userBytes.length > 255 || passBytes.length > 255) {
    throw new TsrayError('ERR_PROTOCOL', 'a SOCKS user or password is longer than 255 bytes');
  }
  return new ByteWriter(3 + userBytes.length + passBytes.length)
    .u8(passwordVersion)
    .u8(userBytes.length)
    .bytes(userBytes)
    .u8(passBytes.length)
    .bytes(passBytes)
    .done();
}

function withReply<T extends HandshakeStep<Endpoint>>(
  step: T,
  answer: Uint8Array | undefined,
): HandshakeStep<Endpoint> {
  return answer === undefined ? step : { ...step, reply: answer };
}
