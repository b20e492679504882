import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimBlanks, withoutEnd } from '../../../../src/core/text/trim.js';
import { assertLinear } from '../../../helper/growth.js';

test('blanks and tabs go from both ends, and nothing else does', () => {
  assert.equal(trimBlanks(' \t a \t b\t '), 'a \t b');
  assert.equal(trimBlanks('a'), 'a');
  assert.equal(trimBlanks(' \t'), '');
  assert.equal(trimBlanks(''), '');
  assert.equal(trimBlanks('\u00a0a\r'), '\u00a0a\r');
});

test('a run of one character goes from the end', () => {
  assert.equal(withoutEnd('a==b==', '='), 'a==b');
  assert.equal(withoutEnd('====', '='), '');
  assert.equal(withoutEnd('\0a\0', '\0'), '\0a');
  assert.equal(withoutEnd('', '='), '');
});

test('a run within a text takes time that grows with its length', () => {
  assertLinear('blanks', 1_000_000, (count) => trimBlanks(`a${' '.repeat(count)}b`));
  assertLinear('padding', 1_000_000, (count) => withoutEnd(`${'='.repeat(count)}a`, '='));
});
