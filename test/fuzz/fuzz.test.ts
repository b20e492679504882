/**
 * Mutated input for every decoder and parser of foreign bytes, within a time budget: TSRAY_FUZZ_MS in all, 8 s by
 * default; `npm run fuzz -- --minutes N` by hand. TSRAY_FUZZ_SEED makes a run again. What is found becomes a vector.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '../helper/seeded-random.js';
import { cutUp, mutate } from './mutate.js';
import { assertTyped, type FuzzTarget } from './target.js';
import { fuzzTargets } from './targets.js';

const budgetMs = Number(process.env['TSRAY_FUZZ_MS'] ?? 8_000);
const firstSeed = Number(process.env['TSRAY_FUZZ_SEED'] ?? 20_260_101);

/** For 64 KiB at most; a stranger must not stop everybody for longer. */
const longestMs = 500;

/** What a target may leave behind in caches of its own. */
const keptBytes = 24 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

let before = heapBytes();

function once(target: FuzzTarget, parts: readonly Uint8Array[]): number {
  const started = performance.now();
  try {
    target.run(parts);
  } catch (error) {
    if (error instanceof assert.AssertionError || target.throws === 'nothing') throw error;
    assertTyped(error);
  }
  return performance.now() - started;
}

for (const [index, target] of fuzzTargets.entries()) {
  test(`fuzz: ${target.name}`, (t) => {
    const seed = firstSeed + index;
    const random = seededRandom(seed);
    for (const bytes of target.seeds) once(target, [bytes.slice()]);
    const ends = performance.now() + budgetMs / fuzzTargets.length;
    let count = 0;
    while (performance.now() < ends) {
      const input = mutate(target.seeds, random);
      const parts = target.whole === true ? [input] : cutUp(input, random);
      const told = (): string =>
        `input ${count} of seed ${seed}, in parts of ${parts.map((part) => part.length).join(' ')}: ${Buffer.from(input.subarray(0, 2000)).toString('hex')}`;
      try {
        // Another program may have made one run slow, not three.
        if (once(target, copies(parts)) > longestMs && once(target, copies(parts)) > longestMs) {
          assert.ok(once(target, copies(parts)) <= longestMs, `takes more than ${longestMs} ms`);
        }
      } catch (error) {
        assert.fail(`${error instanceof Error ? error.stack : String(error)}\n${told()}`);
      }
      count += 1;
    }
    const after = heapBytes();
    const grown = after - before;
    before = after;
    assert.ok(grown < keptBytes, `${grown} bytes are left of ${count} inputs`);
    t.diagnostic(`${count} inputs`);
  });
}

function copies(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return parts.map((part) => part.slice());
}
