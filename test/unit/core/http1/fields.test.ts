import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeHead,
  type Field,
  fieldList,
  fieldText,
  fieldValues,
  joinedFields,
  lenientFields,
  strictFields,
} from '../../../../src/core/http1/fields.js';

const start = 'HTTP/1.1 200 OK';

/** What strict and forgiving readers make of the lines behind the start line; a number is the status of a refusal. */
const lines: readonly [
  lines: readonly string[],
  lenient: readonly Field[] | string,
  strict: 'same' | string,
][] = [
  [
    ['A: b', 'a:c', 'B:'],
    [
      ['A', 'b'],
      ['a', 'c'],
      ['B', ''],
    ],
    'same',
  ],
  [['A: \t b \t'], [['A', 'b']], 'same'],
  [['A: caf\xe9'], [['A', 'caf\xe9']], 'same'],
  [['A : b'], [['A', 'b']], 'line 2 '],
  [['A\t \t: b'], [['A', 'b']], 'line 2 '],
  [
    ['Content-Length : 2', 'X: y'],
    [
      ['Content-Length', '2'],
      ['X', 'y'],
    ],
    'line 2 ',
  ],
  [
    ['A: b', ' c', '\td', 'E: f'],
    [
      ['A', 'b c d'],
      ['E', 'f'],
    ],
    'line 3 ',
  ],
  [['A:', ' b'], [['A', ' b']], 'line 3 '],
  [[' A: b'], 'line 2 ', 'line 2 '],
  [['A: b', 'nonsense'], 'line 3 ', 'line 3 '],
  [['', 'A: b'], 'line 2 ', 'line 2 '],
  [['A B: c', 'D: e'], [['D', 'e']], 'line 2 '],
  [['A B: c', ' folded', 'D: e'], [['D', 'e']], 'line 2 '],
  [['\xe9: c', '(d): e', ': f', 'G: h'], [['G', 'h']], 'line 2 '],
  [['A\x01: b', '\x01C: d', '\rE: f', 'G: h'], [['G', 'h']], 'line 2 '],
  [
    ['D: e', 'A: b\0c\rd\x7fe\x0b'],
    [
      ['D', 'e'],
      ['A', 'b c d e'],
    ],
    'line 3 of the head (A) ',
  ],
];

for (const [given, lenient, strict] of lines) {
  test(`fields: ${JSON.stringify(given)}`, () => {
    const whole = [start, ...given];
    if (typeof lenient === 'string') assert.throws(() => lenientFields(whole), refusalOf(lenient));
    else assert.deepEqual(lenientFields(whole), lenient);
    if (strict !== 'same') assert.throws(() => strictFields(whole), refusalOf(strict));
    else assert.deepEqual(strictFields(whole), lenient);
  });
}

/** Names the line and shows nothing of it but its name. */
function refusalOf(beginning: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Error);
    assert.ok(error.message.startsWith(beginning), error.message);
    assert.ok(!error.message.includes('nonsense'));
    assert.equal((error as { status?: number }).status, 400);
    return true;
  };
}

test('finds fields by name, whatever its case, once or many times', () => {
  const fields: readonly Field[] = [
    ['Accept', 'a, b'],
    ['X', ''],
    ['ACCEPT', 'C,,'],
    ['__proto__', 'd'],
  ];
  assert.deepEqual(fieldValues(fields, 'accept'), ['a, b', 'C,,']);
  assert.deepEqual(fieldList(fields, 'accept'), ['a', 'b', 'c']);
  assert.equal(fieldText(fields, 'accept'), 'a, b, C,,');
  assert.equal(fieldText(fields, 'x'), '');
  assert.equal(fieldText(fields, 'y'), undefined);
  assert.deepEqual(
    [...joinedFields(fields)],
    [
      ['accept', 'a, b, C,,'],
      ['x', ''],
      ['__proto__', 'd'],
    ],
  );
});

test('writes heads in Latin-1', () => {
  const bytes = encodeHead('GET / HTTP/1.1', [
    ['Host', 'caf\xe9'],
    ['B', ''],
  ]);
  assert.equal(Buffer.from(bytes).toString('latin1'), 'GET / HTTP/1.1\r\nHost: caf\xe9\r\nB: \r\n\r\n');
});
