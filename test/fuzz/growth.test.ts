/**
 * Runs of one byte or pair, 40,000 bytes of them, for every parser of text and of the beginnings of connections: alone,
 * and in the middle of well-formed input. What takes the square of the length takes seconds here, what takes its multiple
 * takes milliseconds, so that a bound far from both tells them apart on any machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTyped, type FuzzTarget } from './target.js';
import { openingTargets } from './targets/openings.js';
import { textTargets } from './targets/texts.js';

const runBytes = 40_000;
const longestMs = 400;

/** Blanks, ends of lines, brackets, quotes, escapes, separators, and one of each kind of letter. */
const single = ' \t\n\r\0{}[]()<"\'`\\%&=+#?/:;,.-_|@!*~0aAZ'.split('').map((letter) => Buffer.from(letter));
const wide = [Buffer.of(0x80), Buffer.of(0xff), Buffer.from('\u00e9'), Buffer.from('\u3000')];
/** What one part of an expression takes and the next one too, or an opening that is never closed. */
const pairs = [
  ...[
    '\r\n',
    ' \n',
    '\n ',
    '\t ',
    ': ',
    ':\n',
    ',\n',
    '- ',
    '-\n',
    '"\\',
    '\\"',
    "''",
    '/*',
    '*/',
    '//',
    '{"',
    '[{',
    '{}',
    '[]',
  ],
  ...[
    'a ',
    'a\n',
    'a=',
    '=,',
    'a:',
    'a,',
    'a.',
    '.a',
    '0.',
    ':0',
    '%2',
    '%4',
    '&a',
    '&#',
    '&;',
    '?a',
    '#a',
    '@a',
    '://',
    '<a',
    '==',
  ],
].map((text) => Buffer.from(text));

function repeated(unit: Uint8Array): Uint8Array {
  return Buffer.alloc(runBytes, unit);
}

/** A text that ends in something else makes expressions try again. */
function* inputsOf(target: FuzzTarget, run: Uint8Array): Generator<Uint8Array> {
  yield run;
  const [seed] = target.seeds;
  if (seed === undefined) return;
  const middle = seed.length >>> 1;
  yield Buffer.concat([seed.subarray(0, middle), run, seed.subarray(middle)]);
}

function timeOf(target: FuzzTarget, input: Uint8Array): number {
  const parts: Uint8Array[] = [];
  const partBytes = target.whole === true ? input.length : 1024;
  for (let at = 0; at < input.length; at += partBytes) parts.push(input.slice(at, at + partBytes));
  const started = performance.now();
  try {
    target.run(parts);
  } catch (error) {
    if (error instanceof assert.AssertionError || target.throws === 'nothing') throw error;
    assertTyped(error);
  }
  return performance.now() - started;
}

for (const target of [...textTargets, ...openingTargets]) {
  test(`growth: ${target.name}`, () => {
    for (const unit of [...single, ...wide, ...pairs]) {
      for (const input of inputsOf(target, repeated(unit))) {
        // Another program may have made one run slow, not three.
        const times = [timeOf(target, input)];
        while (times.at(-1)! > longestMs && times.length < 3) times.push(timeOf(target, input));
        assert.ok(
          Math.min(...times) <= longestMs,
          `${input.length} bytes with ${JSON.stringify(unit.toString())} take ${Math.round(Math.min(...times))} ms`,
        );
      }
    }
  });
}
