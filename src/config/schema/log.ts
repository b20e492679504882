/** `log` */
import * as v from 'valibot';
import type { LogSettings } from '../settings.js';
import { section } from './section.js';
import { text, words } from './types.js';

/** Without a `log` object V2Ray writes warnings and errors, and no access log. */
export const silentLog: LogSettings = { access: 'none', error: 'stdout', level: 'warning' };

export const logSchema = v.object(
  {
    access: v.optional(text, ''),
    error: v.optional(text, ''),
    loglevel: v.optional(
      words(['debug', 'info', 'warning', 'error', 'none'], { aliases: { warn: 'warning' } }),
      'warning',
    ),
  },
  'an object',
);

export const log = section(logSchema, (value): LogSettings => {
  const level = value.loglevel;
  return {
    // V2Ray silences the access log together with the error log.
    access: level === 'none' ? 'none' : logTarget(value.access),
    error: logTarget(value.error),
    level,
  };
});

function logTarget(path: string): string {
  if (path === '') return 'stdout';
  // A file that is really called so, kept apart from the settings' own word.
  return path === 'stdout' ? './stdout' : path;
}
