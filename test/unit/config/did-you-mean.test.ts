import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName, oneOf } from '../../../src/config/did-you-mean.js';
import { editDistance } from '../../../src/core/edit-distance.js';

test('counts insertions, deletions, replacements and swaps', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['listen', 'listen', 0],
    ['listn', 'listen', 1],
    ['lsiten', 'listen', 1],
    ['kitten', 'sitting', 3],
    ['tcp', 'udp', 2],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  }
  assert.equal(editDistance('kitten', 'sitting', 2), 2);
});

test('finds the near name and none that is far', () => {
  const keys = ['protocol', 'port', 'listen', 'settings', 'streamSettings', 'tag'];
  assert.equal(nearestName('protcol', keys), 'protocol');
  assert.equal(nearestName('Ports', keys), 'port');
  assert.equal(nearestName('streamsetting', keys), 'streamSettings');
  assert.equal(nearestName('sniffing', keys), undefined);
  assert.equal(nearestName('x', keys), undefined);
  assert.equal(nearestName('constructor', keys), undefined);
});

test('knows what other programs call things', () => {
  assert.equal(nearestName('uuid', ['id', 'email']), 'id');
  assert.equal(nearestName('server_port', ['address', 'port']), 'port');
  assert.equal(nearestName('password', ['user', 'pass']), 'pass');
  assert.equal(nearestName('uuid', ['address', 'port']), undefined);
});

test('lists words as a sentence does', () => {
  assert.equal(oneOf(['a']), '"a"');
  assert.equal(oneOf(['a', 'b', 'c']), '"a", "b" or "c"');
});
