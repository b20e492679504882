/** What a failed connect says: one row for each cause that a user meets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dialError } from '../../../../src/transport/socket/dial-error.js';

const rows = [
  [
    'ECONNREFUSED',
    'ERR_DIAL_REFUSED',
    /refused the connection/,
    /is the program started, and the port right/,
  ],
  ['ENOENT', 'ERR_DIAL_REFUSED', /no such socket/, /the path right/],
  ['EACCES', 'ERR_DIAL_FAILED', /permission denied/, /user running tsray/],
  ['ENOTFOUND', 'ERR_DNS', /the name server\.example could not be resolved/, /spelling/],
  ['EAI_AGAIN', 'ERR_DNS', /could not be resolved/, /DNS server/],
  ['ENETUNREACH', 'ERR_DIAL_UNREACHABLE', /cannot be reached/, /address family/],
  ['ETIMEDOUT', 'ERR_DIAL_TIMEOUT', /did not answer/, /firewall/],
  ['EADDRNOTAVAIL', 'ERR_DIAL_FAILED', /local address/, /sendThrough/],
  ['EMFILE', 'ERR_DIAL_FAILED', /too many open files/, /ulimit -n/],
] as const;

describe('dialError', () => {
  for (const [code, expected, message, hint] of rows) {
    const cause = Object.assign(new Error(`connect ${code}`), { code });
    test(`${code}: ${expected}, what happened and what to look at`, () => {
      const error = dialError('server.example:443', 'server.example', cause);
      assert.equal(error.code, expected);
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      assert.equal(error.cause, cause);
    });
  }

  test('of several addresses the first one tells', () => {
    const each = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error(code), { code }));
    assert.equal(dialError('a:1', 'a', new AggregateError(each)).code, 'ERR_DIAL_REFUSED');
  });

  test('an unknown cause is told in its own words', () => {
    const error = dialError('a:1', 'a', Object.assign(new Error('odd'), { code: 'EODD' }));
    assert.equal(error.code, 'ERR_DIAL_FAILED');
    assert.match(error.message, /a:1: odd/);
  });
});
