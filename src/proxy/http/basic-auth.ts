/** Basic proxy authentication (RFC 7617). */
import { type Field, fieldValues } from '../../core/http1/fields.js';
import type { AccountTable } from '../accounts/accounts.js';

/** The account's name; undefined if credentials are absent, malformed, given twice, or wrong. */
export function authenticatedUser(fields: readonly Field[], accounts: AccountTable): string | undefined {
  const values = fieldValues(fields, 'proxy-authorization');
  const match = values.length === 1 ? /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(values[0]!) : null;
  if (match === null) return undefined;
  const pair = Buffer.from(match[1]!, 'base64');
  const colon = pair.indexOf(':');
  if (colon < 0) return undefined;
  return accounts.find(pair.subarray(0, colon), pair.subarray(colon + 1));
}

export function basicCredentials(user: string, pass: string): string {
  return `Basic ${Buffer.from(`${user}:${pass}`, 'utf8').toString('base64')}`;
}
