/** What is wrong with a link, in words that never hold the user ID. */
import { TsrayError } from '../../core/errors.js';

const longestShown = 40;
/** Eight hex digits and a dash, or 16 in a row: part of a UUID, perhaps in the wrong place. */
const idLike = /[0-9a-f]{8}-|-[0-9a-f]{12}|[0-9a-f]{16}/i;

export function linkFault(message: string, hint?: string): TsrayError {
  return new TsrayError('ERR_LINK', message, hint === undefined ? {} : { hint });
}

/** A value as messages show it: its length only if it may be, or hold, a secret. */
export function shown(value: string, secret = ''): string {
  if (value === '') return 'nothing';
  const hidden = idLike.test(value) || (secret !== '' && value.includes(secret));
  if (hidden) return `a text of ${value.length} characters`;
  return JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown - 3)}...` : value);
}
