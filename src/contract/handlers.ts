/** Managers: the inbounds and outbounds of a running instance, each tag once; an empty tag is not found by name. */
import type { Inbound } from './inbound.js';
import type { Outbound } from './outbound.js';

/** An outbound while the dispatcher uses it: `release` once for each `acquire`. */
export interface OutboundLease {
  readonly outbound: Outbound;
  /** One connection less goes through it. Idempotent. */
  release(): void;
}

export interface OutboundManager {
  get(tag: string): Outbound | undefined;
  /** The default route. */
  readonly first: Outbound | undefined;
  readonly list: readonly Outbound[];
  /** Throws ERR_CONFIG_VALUE for a tag that is taken. */
  add(outbound: Outbound): void;
  /** Serves new connections in place of the one with its tag, whose connections go on until they end; then it is closed. */
  replace(outbound: Outbound): void;
  /**
   * New connections are not given it any more. Resolves when its last connection has ended, or after `graceMs` (Infinity:
   * as long as it takes), and it is closed. ERR_USAGE if there is none.
   */
  remove(tag: string, graceMs: number): Promise<void>;
  /**
   * Serves these from now on, in this order. Those that are no more among them are closed when their last connection has
   * ended.
   */
  serve(outbounds: readonly Outbound[]): void;
  /** Keeps `outbound` open until released. */
  acquire(outbound: Outbound): OutboundLease;
  /** Closes all of them at once. */
  close(): Promise<void>;
}

export interface InboundManager {
  readonly list: readonly Inbound[];
  get(tag: string): Inbound | undefined;
  /** Starts it if the instance accepts connections. Rejects with ERR_LISTEN, or ERR_CONFIG_VALUE for a tag that is taken. */
  add(inbound: Inbound): Promise<void>;
  /**
   * `inbound` in place of the one with its tag. Where both listen in the same place the port stays open and only what is
   * done with new connections changes; live ones go on.
   */
  replace(inbound: Inbound): Promise<void>;
  /** Accepts no more there; live connections end after `graceMs`. ERR_USAGE if there is none. */
  remove(tag: string, graceMs: number): Promise<void>;
}
