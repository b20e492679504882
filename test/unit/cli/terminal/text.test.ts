import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, paintFor } from '../../../../src/cli/terminal/style.js';
import { formatTable } from '../../../../src/cli/terminal/table.js';
import { cutTo, printable, widthOf, wrap } from '../../../../src/cli/terminal/width.js';

test('columns are those of a terminal', () => {
  const widths: readonly (readonly [text: string, width: number])[] = [
    ['', 0],
    ['home', 4],
    ['Zürich', 6],
    ['Zu\u0308rich', 6],
    ['日本', 4],
    ['🇨🇭 x', 4],
    ['👩‍💻', 2],
    ['❤️', 2],
    ['a\u200bb', 2],
  ];
  for (const [text, width] of widths) assert.equal(widthOf(text), width, JSON.stringify(text));
});

test('what is too long is cut between characters', () => {
  assert.equal(cutTo('home', 4), 'home');
  assert.equal(cutTo('homely', 4), 'hom…');
  assert.equal(cutTo('日本語', 4), '日…');
  assert.equal(cutTo('🇨🇭🇨🇭🇨🇭', 4), '🇨🇭…');
});

test('names cannot move the cursor or turn text around', () => {
  assert.equal(printable('a\u001b[2Jb\n\tc\u202ed'), 'a[2Jbcd');
});

test('long texts are broken at spaces', () => {
  assert.equal(wrap('one two three', 11, '  '), '  one two\n  three');
  assert.equal(wrap('a-very-long-word-without-spaces b', 12), 'a-very-long-word-without-spaces\nb');
});

test('a table is as wide as its contents, and cut where that is allowed', () => {
  const columns = [
    { title: 'name', flexible: true },
    { title: 'ms', align: 'right' },
  ] as const;
  const rows = [
    ['日本', '7'],
    ['a rather long name', '123'],
  ];
  assert.deepEqual(formatTable(columns, rows, 80), [
    'name                 ms',
    '日本                  7',
    'a rather long name  123',
  ]);
  assert.deepEqual(formatTable(columns, rows, 15), ['name         ms', '日本          7', 'a rather …  123']);
});

test('colours are for terminals that have them, and for those who want them', () => {
  const terminal = { isTTY: true, columns: 100, hasColors: () => true };
  const red = '\u001b[31mx\u001b[39m';
  assert.equal(paintFor(terminal, {})('red', 'x'), red);
  assert.equal(paintFor(terminal, { NO_COLOR: '1' })('red', 'x'), 'x');
  assert.equal(paintFor(terminal, { NO_COLOR: '' })('red', 'x'), red);
  assert.equal(paintFor({ ...terminal, hasColors: () => false }, {})('red', 'x'), 'x');
  assert.equal(paintFor({}, {})('red', 'x'), 'x');
  assert.deepEqual([terminal, {}, { isTTY: true, columns: 0 }].map(columnsOf), [100, 80, 80]);
});
