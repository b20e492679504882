/** Judges the messages of one connection; one for each. */
export interface MessageHandler {
  /** `message` is lent. `reply` may be called later, and never after `close`. */
  handle(message: Uint8Array): void;
  close(): void;
}
