/** What a server's handshake is given, waits for, and leads to. */
import type { ReplayStore } from '../../contract/replay-store.js';
import type { TsrayError } from '../../core/errors.js';
import type { StreamCipher } from '../../crypto/provider.js';
import type { RequestHeader } from './header/request.js';
import type { HeaderKind, SessionKeys } from './header/session-keys.js';
import type { VmessUser } from './user-table.js';

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
  /** Ask `store.claim(id, timestamp)` and tell `claimed`, at once or later. */
  | {
      readonly state: 'claim';
      readonly store: ReplayStore;
      readonly id: Uint8Array;
      readonly timestamp: number;
    }
  /** Have `users.prepare` compute what it needs for legacy users, and call `prepared`. */
  | { readonly state: 'prepare' }
  /** `rest`: a view of the bytes behind the header, lent as those that were pushed. */
  | { readonly state: 'done'; readonly request: AcceptedRequest; readonly rest: Uint8Array }
  /** Send nothing, take `remainingBytes` more (or wait for the handshake's deadline), then close. */
  | { readonly state: 'drain'; readonly remainingBytes: number; readonly error: TsrayError }
  /** Close at once: only a holder of the user's key can cause it. `user`: who. */
  | { readonly state: 'close'; readonly error: TsrayError; readonly user: VmessUser };

/** What a handshake waits for. */
export type Stage =
  | { readonly name: 'auth' }
  /** The table of legacy users is not ready. */
  | { readonly name: 'preparing' }
  | { readonly name: 'claiming-auth-id'; readonly user: VmessUser; readonly timestamp: number }
  | { readonly name: 'aead-length'; readonly user: VmessUser; readonly timestamp: number }
  | { readonly name: 'aead-header'; readonly user: VmessUser; readonly timestamp: number }
  | { readonly name: 'claiming-session'; readonly header: OpenedHeader }
  | LegacyStage
  | { readonly name: 'over' };

/** A header whose body keys are known. */
export type OpenedHeader =
  | { readonly kind: 'aead'; readonly user: VmessUser; readonly plain: Uint8Array }
  | { readonly kind: 'legacy'; readonly stage: LegacyStage };

/** A legacy client is known by its first 16 bytes; `stream` decrypts the rest. */
export interface LegacyStage {
  readonly name: 'legacy-fixed' | 'legacy-rest';
  readonly user: VmessUser;
  readonly timestamp: number;
  readonly authInfo: Uint8Array;
  readonly stream: StreamCipher;
}
