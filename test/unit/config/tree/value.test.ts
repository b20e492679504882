import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProblemList } from '../../../../src/config/problem.js';
import { plainValue } from '../../../../src/config/tree/node.js';
import { treeOfValue } from '../../../../src/config/tree/value.js';

function roundTrip(value: unknown): unknown {
  const tree = treeOfValue(value, 'config', new ProblemList());
  return tree === undefined ? undefined : plainValue(tree);
}

test('a value gives the tree that its JSON gives', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.stringify(roundTrip(value)), JSON.stringify(value));
    }),
  );
});

test('what JSON leaves out is left out, and toJSON is asked', () => {
  const value = { a: undefined, b: () => 1, c: [undefined, Number.NaN], d: new URL('http://x.example/') };
  assert.equal(JSON.stringify(roundTrip(value)), JSON.stringify(value));
});

test('a circle and a value that is none are problems, not exceptions', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const value of [circle, undefined, () => 1]) {
    const problems = new ProblemList();
    assert.equal(treeOfValue(value, 'config', problems), undefined);
    assert.equal(problems.sorted('error')[0]?.code, 'ERR_CONFIG_SYNTAX');
  }
});
