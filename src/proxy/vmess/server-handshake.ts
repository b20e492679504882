/** The server's reading of a request header: who sends it, what is wanted, and how a bad one is refused. */
import { type ErrorCode, TsrayError } from '../../core/errors.js';
import { aeadTagBytes } from '../../crypto/provider.js';
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
import { deriveSessionKeys, type HeaderKind } from './header/session-keys.js';
import { authIdFault, type ClaimOutcome, nameOf, sessionFault } from './refusals.js';
import type { ServerState } from './server-state.js';
import type { LegacyStage, OpenedHeader, ServerHandshakeOptions, ServerStep, Stage } from './server-step.js';
import type { VmessUser } from './user-table.js';

export type { ServerState } from './server-state.js';
export type { AcceptedRequest, ServerHandshakeOptions, ServerStep } from './server-step.js';

const nothing = new Uint8Array(0);
const more: ServerStep = { state: 'more' };
const over: Stage = { name: 'over' };

/**
 * Takes a request header in pieces of any size, and asks in two places to be told something before it goes on: what is
 * pushed meanwhile is kept. The errors are for our own log. What a failure leads to is V2Ray 4.34's table:
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
  /** What came behind the place where something is to be told first; owned. */
  #kept: Uint8Array = nothing;
  #outcome: ServerStep | undefined;

  /** `source`: the peer's address, a hint where to start looking for its user. */
  constructor(server: ServerState, options: ServerHandshakeOptions, source: string) {
    this.#server = server;
    this.#options = options;
    this.#source = source;
  }

  /** Not to be pushed after `done`; a refusal is final. `more` while something is to be told. */
  push(bytes: Uint8Array): ServerStep {
    if (this.#outcome !== undefined) return this.#outcome;
    this.#received += bytes.length;
    switch (this.#stage.name) {
      case 'over':
        throw new TsrayError('ERR_INTERNAL', 'the request header was read already');
      case 'preparing':
      case 'claiming-auth-id':
      case 'claiming-session':
        this.#kept = Buffer.concat([this.#kept, bytes]);
        return more;
      default:
        return this.#read(bytes);
    }
  }

  /** Answers `claim`; `failed`: the store could not tell. */
  claimed(outcome: ClaimOutcome): ServerStep {
    if (this.#outcome !== undefined) return this.#outcome;
    const stage = this.#stage;
    switch (stage.name) {
      case 'claiming-auth-id':
        return this.#authIdClaimed(stage.user, stage.timestamp, outcome) ?? this.#read(this.#takeKept());
      case 'claiming-session':
        return this.#sessionClaimed(stage.header, outcome) ?? this.#read(this.#takeKept());
      default:
        throw new TsrayError('ERR_INTERNAL', 'nothing was to be claimed');
    }
  }

  /** Answers `prepare`. */
  prepared(): ServerStep {
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#stage.name !== 'preparing') throw new TsrayError('ERR_INTERNAL', 'nothing was to be prepared');
    this.#stage = { name: 'auth' };
    return this.#read(this.#takeKept());
  }

  #read(bytes: Uint8Array): ServerStep {
    let at = 0;
    for (;;) {
      const take = Math.min(this.#needed - this.#filled, bytes.length - at);
      if (take > 0) {
        this.#take(bytes.subarray(at, at + take));
        at += take;
      }
      if (this.#filled < this.#needed) return more;
      const step = this.#endStage(bytes, at);
      if (step === undefined) continue;
      if ((step.state === 'claim' || step.state === 'prepare') && at < bytes.length) {
        // A copy: the bytes may be lent, and the answer may take its time.
        this.#kept = new Uint8Array(bytes.subarray(at));
      }
      return step;
    }
  }

  /**
   * To be called when the connection ends or its deadline passes before an outcome. A legacy header that breaks off
   * behind its keys counts as bad: its authInfo is refused from now on.
   */
  abandon(): void {
    const stage = this.#stage;
    if (stage.name === 'legacy-rest') this.#taint(stage);
    if (stage.name === 'claiming-session' && stage.header.kind === 'legacy') this.#taint(stage.header.stage);
    this.#stage = over;
    this.#kept = nothing;
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

  /** The stage has its bytes. Sets up the next one, or gives a step. */
  #endStage(bytes: Uint8Array, at: number): ServerStep | undefined {
    const stage = this.#stage;
    switch (stage.name) {
      case 'auth':
        return this.#authenticate();
      case 'aead-length':
        return this.#openLength(stage.user, stage.timestamp);
      case 'aead-header':
        return this.#openHeader(stage.user, stage.timestamp, bytes.subarray(at));
      case 'legacy-fixed':
        // V2Ray judges the session before it has read the rest: the rest may be forged.
        return this.#claimSession(stage.user, stage.timestamp, this.#held, { kind: 'legacy', stage });
      case 'legacy-rest':
        return this.#readLegacy(stage, bytes.subarray(at));
      default:
        throw new TsrayError('ERR_INTERNAL', 'the request header was read already');
    }
  }

  #authenticate(): ServerStep | undefined {
    const { replays, users } = this.#server;
    const nowSeconds = this.#nowSeconds();
    const authId = this.#held.subarray(0, authIdBytes);
    const match = users.matchAuthId(authId, this.#source, nowSeconds);
    if (match.kind === 'user') {
      const { timestamp, user } = match;
      this.#stage = { name: 'claiming-auth-id', user, timestamp };
      return { state: 'claim', store: replays, id: authId.slice(), timestamp };
    }
    const legacy = this.#options.aeadForced
      ? { kind: 'unknown' as const }
      : users.matchLegacy(authId, nowSeconds);
    switch (legacy.kind) {
      case 'user':
        return this.#beginLegacy(authId, legacy.user, legacy.timestamp);
      case 'unready':
        this.#stage = { name: 'preparing' };
        return { state: 'prepare' };
      case 'unknown':
        break;
    }
    if (match.kind === 'skewed') {
      const direction = match.aheadSeconds > 0 ? 'ahead of' : 'behind';
      return this.#drain(
        'ERR_AUTH',
        `the clock of ${nameOf(match.user)} is ${Math.abs(match.aheadSeconds)} s ${direction} ours`,
      );
    }
    return this.#drain('ERR_AUTH', 'no user has sent this: the ID is unknown or the clocks differ');
  }

  #authIdClaimed(user: VmessUser, timestamp: number, outcome: ClaimOutcome): ServerStep | undefined {
    const error = authIdFault(outcome);
    if (error !== undefined) return this.#drainWith(error);
    return this.#expect({ name: 'aead-length', user, timestamp }, envelopePrefixBytes);
  }

  #beginLegacy(authInfo: Uint8Array, user: VmessUser, timestamp: number): ServerStep | undefined {
    const { crypto, tainted } = this.#server;
    if (tainted.has(authInfo, timestamp)) {
      return this.#drain('ERR_REPLAY', 'the authInfo of an earlier bad header was used again');
    }
    const stream = openLegacyRequestHeader(crypto, user.cmdKey, timestamp);
    const stage: Stage = { name: 'legacy-fixed', user, timestamp, authInfo: authInfo.slice(), stream };
    this.#filled = 0;
    return this.#expect(stage, fixedHeaderBytes);
  }

  #openLength(user: VmessUser, timestamp: number): ServerStep | undefined {
    const length = openRequestLength(this.#server.crypto, user.cmdKey, this.#held);
    if (length === undefined || length + aeadTagBytes > maxSealedHeaderBytes) {
      return this.#drain('ERR_INTEGRITY', `the header length from ${nameOf(user)} does not open`);
    }
    return this.#expect(
      { name: 'aead-header', user, timestamp },
      envelopePrefixBytes + length + aeadTagBytes,
    );
  }

  #openHeader(user: VmessUser, timestamp: number, rest: Uint8Array): ServerStep | undefined {
    const envelope = this.#held.subarray(0, this.#filled);
    const plain = openRequestHeader(this.#server.crypto, user.cmdKey, envelope);
    if (plain === undefined) {
      return this.#drain('ERR_INTEGRITY', `the header from ${nameOf(user)} does not open`);
    }
    if (plain.length < fixedHeaderBytes) return this.#readAead(user, plain, rest);
    return this.#claimSession(user, timestamp, plain, { kind: 'aead', user, plain });
  }

  /** Key and IV of a plaintext header must be new. */
  #claimSession(user: VmessUser, timestamp: number, plain: Uint8Array, header: OpenedHeader): ServerStep {
    const id = new Uint8Array(48);
    id.set(user.id, 0);
    id.set(plain.subarray(17, 33), 16);
    id.set(plain.subarray(1, 17), 32);
    this.#stage = { name: 'claiming-session', header };
    return { state: 'claim', store: this.#server.sessions, id, timestamp };
  }

  #sessionClaimed(header: OpenedHeader, outcome: ClaimOutcome): ServerStep | undefined {
    const user = header.kind === 'aead' ? header.user : header.stage.user;
    const error = sessionFault(user, outcome);
    if (header.kind === 'aead') {
      if (error !== undefined) return this.#close(user, error);
      return this.#readAead(user, header.plain, this.#takeKept());
    }
    if (error === undefined) return this.#expect({ ...header.stage, name: 'legacy-rest' }, this.#filled);
    if (error.code === 'ERR_REPLAY') this.#taint(header.stage);
    return this.#drainWith(error);
  }

  #readAead(user: VmessUser, plain: Uint8Array, rest: Uint8Array): ServerStep {
    const decoded = decodeRequestHeader(plain);
    if (!decoded.ok) return this.#close(user, decoded.error);
    return this.#accept(user, 'aead', decoded.header, rest);
  }

  #readLegacy(stage: LegacyStage, rest: Uint8Array): ServerStep | undefined {
    const plain = this.#held.subarray(0, this.#filled);
    const length = requestHeaderBytes(plain);
    if (length > this.#filled) return this.#expect(stage, length);
    const decoded = decodeRequestHeader(plain);
    if (decoded.ok) return this.#accept(stage.user, 'legacy', decoded.header, rest);
    if (decoded.fault !== 'checksum') return this.#close(stage.user, decoded.error);
    this.#taint(stage);
    return this.#drainWith(decoded.error);
  }

  #accept(user: VmessUser, kind: HeaderKind, header: RequestHeader, rest: Uint8Array): ServerStep {
    if (!this.#server.users.has(user)) {
      // Removed since its first 16 bytes: a header held back must not outlive its user.
      return this.#drain('ERR_AUTH', `${nameOf(user)} was removed while its header came`);
    }
    const { options, security } = header;
    const close = (message: string): ServerStep => this.#close(user, new TsrayError('ERR_PROTOCOL', message));
    if ((options & requestOption.globalPadding) !== 0 && (options & requestOption.chunkMasking) === 0) {
      // It kills V2Ray 4.34, and no client sends it.
      return close('global padding without chunk masking is refused');
    }
    if (this.#options.disableInsecureEncryption && (security === 'none' || security === 'aes-128-cfb')) {
      return close(`security ${security} is refused by disableInsecureEncryption`);
    }
    const { requestIv, requestKey, responseAuth } = header;
    const keys = deriveSessionKeys(this.#server.crypto, kind, requestKey, requestIv, responseAuth);
    this.#end();
    return { state: 'done', request: { user, header, kind, keys }, rest };
  }

  #taint(stage: LegacyStage): void {
    this.#server.tainted.claim(stage.authInfo, stage.timestamp);
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
    return this.#refuse({ state: 'drain', remainingBytes, error });
  }

  #close(user: VmessUser, error: TsrayError): ServerStep {
    return this.#refuse({ state: 'close', user, error });
  }

  #refuse(outcome: ServerStep): ServerStep {
    this.#end();
    this.#outcome = outcome;
    return outcome;
  }

  #end(): void {
    this.#stage = over;
    this.#held = nothing;
    this.#kept = nothing;
  }

  #takeKept(): Uint8Array {
    const kept = this.#kept;
    this.#kept = nothing;
    return kept;
  }

  #nowSeconds(): number {
    return Math.floor(this.#server.nowSeconds());
  }
}
