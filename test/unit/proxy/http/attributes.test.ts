import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../../../src/core/http1/head.js';
import { factsOf, keyOf } from '../../../../src/proxy/http/attributes.js';

const head: RequestHead = {
  method: 'GET',
  target: 'http://a.test/p?q=1',
  minor: 1,
  fields: [
    ['Host', 'a.test'],
    ['Accept', 'a'],
    ['accept', 'b'],
    ['X-Foo', 'Bar'],
    ['Connection', 'X-Hop'],
    ['X-Hop', '1'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authorization', 'Basic c2VjcmV0'],
  ],
};

// As V2Ray 4.34's HTTP inbound was observed to give them to rules.
test('method, path without the query, and the first field of each name that is passed on', () => {
  assert.deepEqual(
    [...(factsOf(head, '/p?q=1', true).attributes ?? [])],
    [
      [':method', 'GET'],
      [':path', '/p'],
      ['accept', 'a'],
      ['x-foo', 'Bar'],
    ],
  );
});

test('where no rule looks at requests nothing is gathered, but the protocol is known', () => {
  assert.deepEqual(factsOf(head, '/p', false), { protocol: 'http/1.1' });
});

test('requests share a connection to their origin unless a rule could tell them apart', () => {
  const authority = { address: { kind: 'domain', host: 'a.test' }, port: 80 } as const;
  const key = (path: string, looked: boolean) => keyOf(authority, factsOf(head, path, looked));
  assert.equal(key('/a', false), key('/b', false));
  assert.notEqual(key('/a', true), key('/b', true));
  assert.equal(key('/a?x', true), key('/a?y', true));
});
