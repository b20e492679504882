import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Evaluation } from '../../../../../src/app/router/attributes/evaluate.js';
import { parseExpression } from '../../../../../src/app/router/attributes/parse.js';
import { ExpressionFault } from '../../../../../src/app/router/attributes/tokens.js';
import { EvaluationFault, isTrue } from '../../../../../src/app/router/attributes/values.js';

const attributes = new Map([
  [':method', 'GET'],
  [':path', '/path/file.jpg'],
  ['accept', 'text/html, image/png'],
  ['n', '12'],
]);

const value = (text: string) => new Evaluation(attributes).value(parseExpression(text));

describe('true', () => {
  for (const text of [
    "attrs[':method'] == 'GET' and attrs[':path'].startswith('/path')",
    "attrs[':path'].endswith(('.png', '.jpg'))",
    "not attrs.get('nokey')",
    "attrs.get('nokey', 'x') == \"x\"",
    "'png' in attrs['accept'] and 'gif' not in attrs['accept']",
    "attrs['accept'].split(', ')[1] == 'image/png'",
    "attrs['accept'].split(', ')[-1].upper() == 'IMAGE/PNG'",
    "attrs[':path'][1:5] == 'path' and attrs[':path'][:1] == '/'",
    "int(attrs['n']) * 2 + 1 == 25 and int(attrs['n']) // 5 == 2 and -7 % 5 == 3",
    "any([k.startswith(':') for k in attrs]) and len([k for k in attrs if k == 'n']) == 1",
    "all([]) and bool([0]) and str(1) == '1'",
    "1 < 2 and 'a' < 'b' and 2 >= 2 and 1 != 2",
    "(attrs['n'] if 'n' in attrs else '') == '12'",
    "{'GET': 1}.get(attrs[':method']) == 1",
    "attrs['n'].isdigit() and ' x '.strip() == 'x' and 'aXb'.lower() == 'axb'",
    '[v for k, v in []] == [] or True'.replace('k, v', 'v'),
    "'it\\'s' == \"it's\" and 'a\\n' == 'a\\n'",
    "attrs.items()[0][0] == ':method' and ':path' in attrs.keys()",
    'True or attrs["nokey"]',
    '1,',
  ]) {
    test(text, () => assert.equal(isTrue(value(text)), true));
  }
});

describe('refused when the configuration is read', () => {
  for (const [text, at] of [
    ['', 0],
    ["attrs['a'] ==", 13],
    ["attrs['a'", 9],
    ["attrs['a'] == 'b", 14],
    ['foo', 0],
    ['open("/etc/passwd")', 0],
    ["attrs['a'].format()", 11],
    ['__import__', 0],
    ['(lambda x: x)(1)', 1],
    ['attrs()', 0],
    ['{k: v for k in attrs}', 4],
    ['1 < 2 < 3', 6],
    ["'''x'''", 0],
    ['1.5', 0],
    ['a $ b', 2],
    [`${'('.repeat(100)}1${')'.repeat(100)}`, undefined],
    [`attrs['a']${" or 'x'".repeat(1000)}`, undefined],
  ] as const) {
    test(text.slice(0, 40), () => {
      assert.throws(
        () => parseExpression(text),
        (error: unknown) => error instanceof ExpressionFault && (at === undefined || error.at === at),
      );
    });
  }
});

describe('no match, since it cannot be evaluated', () => {
  for (const text of [
    "attrs['nokey']",
    "attrs['n'] + 1",
    "'a'[5]",
    '1 // 0',
    "attrs['n'].index('z')",
    "int('x')",
    'attrs < 1',
    'len(1)',
    "'a'.split('')",
  ]) {
    test(text, () => assert.throws(() => value(text), EvaluationFault));
  }
});

test('lists in lists end before they take long', () => {
  const many = new Map(Array.from({ length: 200 }, (_, index) => [`k${index}`, 'x'.repeat(50)]));
  const text = '[[[c for c in attrs] for b in attrs] for a in attrs]';
  assert.throws(() => new Evaluation(many).value(parseExpression(text)), /too long/);
  const doubling = `${'('.repeat(20)}attrs['k1']${" + attrs['k1'])".repeat(20)}`;
  assert.ok(String(new Evaluation(many).value(parseExpression(doubling))).length < 65_536);
});
