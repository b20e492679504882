import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryName } from '../../../../src/core/dns/name.js';

test('names are lower case, ASCII and without a final dot', () => {
  assert.equal(queryName('WWW.Example.'), 'www.example');
  assert.equal(queryName('bücher.example'), 'xn--bcher-kva.example');
  assert.equal(queryName('_dmarc.example'), '_dmarc.example');
});

test('what DNS cannot carry is no name', () => {
  const long = `${'a'.repeat(60)}.`.repeat(5);
  for (const text of ['', '.', 'a..b', '.a', 'a b', `${'a'.repeat(64)}.b`, long, 'a\0b', 'a\nb']) {
    assert.equal(queryName(text), undefined, JSON.stringify(text));
  }
  assert.equal(queryName(`${'a'.repeat(63)}.b`), `${'a'.repeat(63)}.b`);
});
