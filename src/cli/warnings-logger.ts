/** A log for commands that run nothing: what is worth a warning goes to standard error, the rest nowhere. */
import type { Logger } from '../contract/logger.js';

export const warningsLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warning: (message) => console.error(`tsray: warning: ${message}`),
  error: (message) => console.error(`tsray: ${message}`),
  enabled: (level) => level === 'warning' || level === 'error',
  scoped: () => warningsLogger,
  session: () => warningsLogger,
};
