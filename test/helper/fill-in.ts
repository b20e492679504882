/** Documentation as a reader uses it. */
import assert from 'node:assert/strict';

/** Replaces every pair's first text, which must be there. */
export function fillIn(text: string, ...pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((filled, [from, to]) => {
    assert.ok(filled.includes(from), from);
    return filled.replace(from, to);
  }, text);
}
