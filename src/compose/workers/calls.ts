/** What the main thread and a worker thread say to each other. */
import type { MemoryUse } from '../../app/memory/small-memory.js';
import type { LogLines } from '../../app/workers/log-relay.js';
import type { PlainError, Report } from '../../app/workers/report.js';
import type { InboundSettings, Settings } from '../../config/settings.js';
import type { EnvironmentFlags } from '../../contract/environment.js';
import type { VmessUserSettings } from '../../proxy/vmess/settings.js';

/** What a thread is started with. */
export interface ThreadStart {
  /** Without inbounds, and without what the main thread alone does. */
  readonly settings: Settings;
  readonly flags: EnvironmentFlags;
  readonly assetFolders: readonly string[];
  /** From 1. */
  readonly number: number;
  /** How many threads share what the process may open. */
  readonly threads: number;
  readonly replays: SharedHandshakes;
  readonly memory: MemoryUse | undefined;
}

/** The memories of handshakes, one for all inbounds of all threads: `createSharedReplays`. */
export interface SharedHandshakes {
  readonly authIds: SharedArrayBuffer;
  readonly sessions: SharedArrayBuffer;
  readonly tainted: SharedArrayBuffer;
}

/** What the main thread asks for; inbounds have keys, since their tags may be empty. Answers are plain data. */
export interface ThreadCalls {
  start(): void;
  createInbound(key: number, settings: InboundSettings): void;
  startInbound(key: number): void;
  /** The inbound `key` serves as `next` would from now on. */
  takeOverInbound(key: number, next: number): void;
  addUser(key: number, user: VmessUserSettings): void;
  removeUser(key: number, email: string): void;
  drainInbound(key: number): void;
  closeInbound(key: number): void;
  /** As `settings` of ThreadStart. */
  reload(settings: Settings): void;
  stop(graceMs: number): void;
}

export type CallName = keyof ThreadCalls;

export interface CallMessage<N extends CallName = CallName> {
  readonly kind: 'call';
  readonly call: number;
  readonly name: N;
  readonly args: Parameters<ThreadCalls[N]>;
}

/** To a thread. `end`: a connection or carrier by its number; it may have ended already. */
export type ToThread =
  | CallMessage
  | { readonly kind: 'end'; readonly number: number; readonly error: PlainError };

/** From a thread. */
export type FromThread =
  | { readonly kind: 'answer'; readonly call: number; readonly error: PlainError | undefined }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'log'; readonly lines: LogLines };
