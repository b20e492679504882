import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../../../../src/cli/terminal/progress.js';

function stream(isTTY: boolean): { readonly output: NodeJS.WriteStream; readonly written: string[] } {
  const written: string[] = [];
  const output = { isTTY, columns: 40, write: (text: string) => written.push(text) > 0 };
  return { output: output as unknown as NodeJS.WriteStream, written };
}

test('one line is written over and leaves nothing behind', () => {
  const { output, written } = stream(true);
  const progress = createProgress(output, true);
  progress.show('1 of 2');
  progress.show('x'.repeat(50));
  progress.clear();
  assert.deepEqual(written, ['\r\u001b[K1 of 2', `\r\u001b[K${'x'.repeat(38)}…`, '\r\u001b[K']);
});

test('nothing is written where nobody looks, or wants it', () => {
  for (const [isTTY, wanted] of [
    [false, true],
    [true, false],
  ] as const) {
    const { output, written } = stream(isTTY);
    const progress = createProgress(output, wanted);
    progress.show('1 of 2');
    progress.clear();
    assert.deepEqual(written, []);
  }
});
