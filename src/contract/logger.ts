/** The log as its users see it. */

/** How much an entry matters, from the least. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** Never given secrets: IDs, keys, passwords and payload stay out at every level. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  /** Whether a message of this level is written at all; for messages that cost something to build. */
  enabled(level: LogLevel): boolean;
  /** The same log for one part of tsray, such as `proxy/vmess/inbound`. */
  scoped(area: string): Logger;
  /** The same log for one connection: its lines carry `[id]`. */
  session(id: number): Logger;
}

/** One line of the access log, V2Ray 4.34's format (docs/config.md, "Log lines"). */
export interface AccessRecord {
  /** The client, such as `192.0.2.7:37884`. */
  readonly from: string;
  readonly status: 'accepted' | 'rejected';
  /** The target, such as `tcp:example.com:443`; empty if rejected before it was known. */
  readonly to: string;
  /** Outbound tag, empty if there is none. */
  readonly detour?: string;
  readonly email?: string;
  /** Why it was rejected. */
  readonly reason?: string;
}

export interface AccessLog {
  write(record: AccessRecord): void;
}
