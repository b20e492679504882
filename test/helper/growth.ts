/** Checks that work grows no faster than its input, without depending on how fast or busy the machine is. */
import assert from 'node:assert/strict';

/** Shorter times are noise, and too short to delay anybody. */
const noticeableMs = 100;

/** For four times the input: linear work takes 4 times as long, quadratic 16. */
const steepest = 8;

/**
 * Runs `work` on inputs of `bytes / 4` and `bytes` and fails if it takes noticeably long and grows faster than
 * linearly. The shortest of up to five runs counts, since other programs can only make a run longer.
 */
export function assertLinear(name: string, bytes: number, work: (bytes: number) => void): void {
  let large = Number.POSITIVE_INFINITY;
  let small = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run += 1) {
    large = Math.min(
      large,
      timeMs(() => work(bytes)),
    );
    if (large < noticeableMs) return;
    small = Math.min(
      small,
      timeMs(() => work(bytes / 4)),
    );
    if (large < steepest * small) return;
  }
  assert.fail(
    `${name}: ${large.toFixed(0)} ms for ${bytes} bytes, ${small.toFixed(1)} ms for a quarter of them`,
  );
}

function timeMs(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
