import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainNameOf } from '../../../../../src/app/router/match/domain-name.js';
import { Regexps, regexpFault } from '../../../../../src/app/router/match/regexps.js';

describe('RE2 syntax', () => {
  const rows: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ['(?i)^WWW\\.', 'www.a.test', true],
    ['^WWW\\.', 'WWW.a.test', true],
    ['^WWW\\.', 'www.a.test', false],
    ['\\Qa.b\\E', 'xa.bx', true],
    ['\\Qa.b\\E', 'xaxbx', false],
    ['^[[:alpha:]]+$', 'abc', true],
    ['^(?P<label>\\w+)\\.test\\z', 'one.test', true],
    ['\\Aone', 'one.test', true],
    ['^\\D+$', 'abc', true],
    ['^\\pL+$', 'ABC', true],
    ['test$', 'a.test.', true],
  ];
  for (const [pattern, name, matches] of rows) {
    test(`${pattern} and ${name}`, () => {
      const regexps = new Regexps([pattern]);
      assert.equal(regexps.has(domainNameOf(name)), matches);
      assert.equal(regexps.find(domainNameOf(name)), matches ? pattern : undefined);
    });
  }

  for (const pattern of ['(?=a)b', '(?<=a)b', 'a\\1', 'a{1001}', '[', '(', 'a**', '*']) {
    test(`${pattern} is none`, () => assert.ok(regexpFault(pattern)));
  }
  test('a good one has no fault', () => assert.equal(regexpFault('^a+$'), undefined));
});

test('several in one pass, each with its own alternatives', () => {
  const regexps = new Regexps(['^a|b$', '^c']);
  for (const [name, matches] of [
    ['ax', true],
    ['xb', true],
    ['cx', true],
    ['xc', false],
  ] as const) {
    assert.equal(regexps.has(domainNameOf(name)), matches, name);
  }
});

test('patterns that take other engines for ever are done in linear time', () => {
  const name = domainNameOf(`${'a'.repeat(254)}!`);
  const begun = performance.now();
  for (const pattern of ['(a+)+$', '(a|aa)+$', '^(a|a?)+$', '(.*)*x', '(a*)*(a*)*b']) {
    new Regexps([pattern]).has(name);
  }
  assert.ok(performance.now() - begun < 2000);
});

test('names longer than DNS has are not looked at', () => {
  assert.equal(new Regexps(['a']).has(domainNameOf('a'.repeat(256))), false);
});
