/** The server's reading of a request header: who is it, what is wanted, and how a bad one is to be got rid of. */
import { type ErrorCode, TsrayError } from '../../core/errors.js';
import { aeadTagBytes, type StreamCipher } from '../../crypto/provider.js';
import { authIdBytes } from './auth-id.js';
import { requestOption } from './constants.js';
import {
  envelopePrefixBytes,
  maxSealedHeaderBytes,
  openRequestHeader,
  openRequestLength,
} from './header/aead.js';
import { openLegacyRequestHeader } from './header/legacy.js';
import {
  decodeRequestHeader,
  fixedHeaderBytes,
  type RequestHeader,
  requestHeaderBytes,
} from './header/request.js';
import { deriveSessionKeys, type HeaderKind, type SessionKeys } from './header/session-keys.js';
import type { ServerState } from './server-state.js';
import type { VmessUser } from './user-table.js';

export type { ServerState } from './server-state.js';

/** What a server refuses. */
export interface ServerHandshakeOptions {
  /** Legacy clients count as unknown users. */
  readonly aeadForced: boolean;
  /** Refuses the securities none and aes-128-cfb. */
  readonly disableInsecureEncryption: boolean;
}

/** A request of a known user, and the keys of what follows. */
export interface AcceptedRequest {
  readonly user: VmessUser;
  readonly header: RequestHeader;
  readonly kind: HeaderKind;
  readonly keys: SessionKeys;
}

/** What a push into a ServerHandshake led to. */
export type ServerStep =
  | { readonly state: 'more' }
  /** `rest`: a lent view of the pushed bytes behind the header. */
  | { readonly state: 'done'; readonly request: AcceptedRequest; readonly rest: Uint8Array }
  /** Send nothing, take `remainingBytes` more (or wait for the handshake's deadline), then close. */
  | { readonly state: 'drain'; readonly remainingBytes: number; readonly error: TsrayError }
  /** Close at once: only a holder of the user's key can cause it. `user`: who. */
  | { readonly state: 'close'; readonly error: TsrayError; readonly user: VmessUser };

type Stage =
  | { readonly name: 'auth' }
  | { readonly name: 'aead-length'; readonly user: VmessUser }
  | { readonly name: 'aead-header'; readonly user: VmessUser }
  | LegacyStage
  | { readonly name: 'over' };

interface LegacyStage {
  readonly name: 'legacy-fixed' | 'legacy-rest';
  readonly user: VmessUser;
  readonly timestamp: number;
  readonly authInfo: Uint8Array;
  readonly stream: StreamCipher;
}

const more: ServerStep = { state: 'more' };
const over: Stage = { name: 'over' };

/**
 * Takes a request header in pieces of any size; the errors are for our own log. What a failure leads to is V2Ray 4.34's table:
 *
 *     unknown user, time outside the window, replayed AuthID, tainted authInfo    drain
 *     sealed length or header does not open                                       drain
 *     AEAD: known session, wrong checksum, bad address, bad security              close
 *     legacy: known session, wrong checksum                                       taint and drain
 *     legacy: bad address, bad security                                           close
 *     padding without masking; security refused by disableInsecureEncryption      close
 */
export class ServerHandshake {
  readonly #server: ServerState;
  readonly #options: ServerHandshakeOptions;
  readonly #source: string;
  #stage: Stage = { name: 'auth' };
  /** AEAD: the envelope from its first byte. Legacy: the plaintext header, once its user is known. */
  #held = new Uint8Array(envelopePrefixBytes);
  #filled = 0;
  /** Length of `#held` at which the stage ends. */
  #needed = authIdBytes;
  /** Bytes pushed in all. */
  #received = 0;
  #outcome: ServerStep | undefined;

  /** `source`: the peer's address, a hint where to start looking for its user. */
  constructor(server: ServerState, options: ServerHandshakeOptions, source: string) {
    this.#server = server;
    this.#options = options;
    this.#source = source;
  }

  /** Not to be pushed after `done`; a refusal is final. */
  push(bytes: Uint8Array): ServerStep {
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#stage.name === 'over')
      throw new TsrayError('ERR_INTERNAL', 'the request header was read already');
    this.#received += bytes.length;
    let at = 0;
    for (;;) {
      const take = Math.min(this.#needed - this.#filled, bytes.length - at);
      if (take > 0) {
        this.#take(bytes.subarray(at, at + take));
        at += take;
      }
      if (this.#filled < this.#needed) return more;
      const outcome = this.#endStage(bytes, at);
      if (outcome === undefined) continue;
      this.#stage = over;
      this.#held = new Uint8Array(0);
      if (outcome.state !== 'done') this.#outcome = outcome;
      return outcome;
    }
  }

  /**
   * To be called when the connection ends or its deadline passes before an outcome. A legacy header that breaks off
   * behind its keys counts as bad: its authInfo is refused from now on.
   */
  abandon(): void {
    if (this.#stage.name === 'legacy-rest') this.#taint(this.#stage);
    this.#stage = over;
    this.#outcome ??= {
      state: 'drain',
      remainingBytes: 0,
      error: new TsrayError('ERR_TRUNCATED', 'the request header broke off'),
    };
  }

  #take(piece: Uint8Array): void {
    const stage = this.#stage;
    const plain = 'stream' in stage ? stage.stream.update(piece) : piece;
    const end = this.#filled + piece.length;
    if (end > this.#held.length) {
      // Grows with what arrives, not with what was announced.
      const grown = new Uint8Array(Math.max(end, this.#held.length * 2));
      grown.set(this.#held.subarray(0, this.#filled));
      this.#held = grown;
    }
    this.#held.set(plain, this.#filled);
    this.#filled = end;
  }

  /** The stage has its bytes. Sets up the next one, or gives the outcome. */
  #endStage(bytes: Uint8Array, at: number): ServerStep | undefined {
    const stage = this.#stage;
    switch (stage.name) {
      case 'auth':
        return this.#authenticate();
      case 'aead-length':
        return this.#openLength(stage.user);
      case 'aead-header':
        return this.#openHeader(stage.user, bytes.subarray(at));
      case 'legacy-fixed':
        return this.#checkLegacySession(stage);
      case 'legacy-rest':
        return this.#readLegacy(stage, bytes.subarray(at));
      case 'over':
        throw new TsrayError('ERR_INTERNAL', 'the request header was read already');
    }
  }

  #authenticate(): ServerStep | undefined {
    const { replays, users } = this.#server;
    const nowSeconds = this.#nowSeconds();
    const authId = this.#held.subarray(0, authIdBytes);
    const match = users.matchAuthId(authId, this.#source, nowSeconds);
    if (match.kind === 'user') {
      switch (replays.add(authId, match.timestamp, nowSeconds)) {
        case 'seen':
          return this.#drain('ERR_REPLAY', 'an AuthID was used again');
        case 'full':
          return this.#drain('ERR_LIMIT', 'too many AuthIDs within the time window');
        case 'fresh':
          return this.#expect({ name: 'aead-length', user: match.user }, envelopePrefixBytes);
      }
    }
    const legacy = this.#options.aeadForced ? undefined : this.#authenticateLegacy(authId, nowSeconds);
    if (legacy !== undefined) return legacy.outcome;
    if (match.kind === 'skewed') {
      const direction = match.aheadSeconds > 0 ? 'ahead of' : 'behind';
      return this.#drain(
        'ERR_AUTH',
        `the clock of ${nameOf(match.user)} is ${Math.abs(match.aheadSeconds)} s ${direction} ours`,
      );
    }
    return this.#drain('ERR_AUTH', 'no user has sent this: the ID is unknown or the clocks differ');
  }

  /** Undefined: not a legacy client either. */
  #authenticateLegacy(
    authInfo: Uint8Array,
    nowSeconds: number,
  ): { readonly outcome: ServerStep | undefined } | undefined {
    const { crypto, tainted, users } = this.#server;
    const match = users.matchLegacy(authInfo, nowSeconds);
    if (match === undefined) return undefined;
    const { timestamp, user } = match;
    if (tainted.has(authInfo, timestamp)) {
      return { outcome: this.#drain('ERR_REPLAY', 'the authInfo of an earlier bad header was used again') };
    }
    const stream = openLegacyRequestHeader(crypto, user.cmdKey, timestamp);
    const stage: Stage = { name: 'legacy-fixed', user, timestamp, authInfo: authInfo.slice(), stream };
    this.#filled = 0;
    return { outcome: this.#expect(stage, fixedHeaderBytes) };
  }

  #openLength(user: VmessUser): ServerStep | undefined {
    const length = openRequestLength(this.#server.crypto, user.cmdKey, this.#held);
    if (length === undefined || length + aeadTagBytes > maxSealedHeaderBytes) {
      return this.#drain('ERR_INTEGRITY', `the header length from ${nameOf(user)} does not open`);
    }
    return this.#expect({ name: 'aead-header', user }, envelopePrefixBytes + length + aeadTagBytes);
  }

  #openHeader(user: VmessUser, rest: Uint8Array): ServerStep {
    const envelope = this.#held.subarray(0, this.#filled);
    const plain = openRequestHeader(this.#server.crypto, user.cmdKey, envelope);
    if (plain === undefined) {
      return this.#drain('ERR_INTEGRITY', `the header from ${nameOf(user)} does not open`);
    }
    if (plain.length >= fixedHeaderBytes) {
      const novelty = this.#addSession(user, plain);
      if (novelty !== undefined) return { state: 'close', user, error: novelty };
    }
    const decoded = decodeRequestHeader(plain);
    if (!decoded.ok) return { state: 'close', user, error: decoded.error };
    return this.#accept(user, 'aead', decoded.header, rest);
  }

  /** V2Ray judges the session before it has read the rest: the rest may be forged. */
  #checkLegacySession(stage: LegacyStage): ServerStep | undefined {
    const error = this.#addSession(stage.user, this.#held);
    if (error === undefined) return this.#expect({ ...stage, name: 'legacy-rest' }, this.#filled);
    if (error.code === 'ERR_REPLAY') this.#taint(stage);
    return this.#drainWith(error);
  }

  #readLegacy(stage: LegacyStage, rest: Uint8Array): ServerStep | undefined {
    const plain = this.#held.subarray(0, this.#filled);
    const length = requestHeaderBytes(plain);
    if (length > this.#filled) return this.#expect(stage, length);
    const decoded = decodeRequestHeader(plain);
    if (decoded.ok) return this.#accept(stage.user, 'legacy', decoded.header, rest);
    if (decoded.fault !== 'checksum') return { state: 'close', user: stage.user, error: decoded.error };
    this.#taint(stage);
    return this.#drainWith(decoded.error);
  }

  #accept(user: VmessUser, kind: HeaderKind, header: RequestHeader, rest: Uint8Array): ServerStep {
    if (!this.#server.users.has(user)) {
      // Removed since its first 16 bytes: a header held back must not outlive its user.
      return this.#drain('ERR_AUTH', `${nameOf(user)} was removed while its header came`);
    }
    const { options, security } = header;
    const close = (message: string): ServerStep => ({
      state: 'close',
      user,
      error: new TsrayError('ERR_PROTOCOL', message),
    });
    if ((options & requestOption.globalPadding) !== 0 && (options & requestOption.chunkMasking) === 0) {
      // It kills V2Ray 4.34, and no client sends it.
      return close('global padding without chunk masking is refused');
    }
    if (this.#options.disableInsecureEncryption && (security === 'none' || security === 'aes-128-cfb')) {
      return close(`security ${security} is refused by disableInsecureEncryption`);
    }
    const { requestIv, requestKey, responseAuth } = header;
    const keys = deriveSessionKeys(this.#server.crypto, kind, requestKey, requestIv, responseAuth);
    return { state: 'done', request: { user, header, kind, keys }, rest };
  }

  /** Undefined if key and IV of a plaintext header are new. */
  #addSession(user: VmessUser, plain: Uint8Array): TsrayError | undefined {
    const key = plain.subarray(17, 33);
    const iv = plain.subarray(1, 17);
    switch (this.#server.sessions.add(user.id, key, iv, this.#nowSeconds())) {
      case 'seen':
        return new TsrayError('ERR_REPLAY', `${nameOf(user)} has used the same body keys before`);
      case 'full':
        return new TsrayError('ERR_LIMIT', 'too many sessions within 3 minutes');
      case 'fresh':
        return undefined;
    }
  }

  #taint(stage: LegacyStage): void {
    this.#server.tainted.add(stage.authInfo, stage.timestamp, this.#nowSeconds());
  }

  #expect(stage: Stage, needed: number): undefined {
    this.#stage = stage;
    this.#needed = needed;
  }

  #drain(code: ErrorCode, message: string): ServerStep {
    return this.#drainWith(new TsrayError(code, message));
  }

  #drainWith(error: TsrayError): ServerStep {
    const remainingBytes = Math.max(0, this.#server.drain.totalBytes() - this.#received);
    return { state: 'drain', remainingBytes, error };
  }

  #nowSeconds(): number {
    return Math.floor(this.#server.nowSeconds());
  }
}

/** For our own log. */
function nameOf(user: VmessUser): string {
  return user.email === '' ? 'a user without email' : user.email;
}
