import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationMs } from '../../../src/config/schema/observatory.js';

test("Go's durations", () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['0', 0],
    ['', 0],
    ['10', undefined],
    ['ten', undefined],
    ['10 s', undefined],
  ];
  for (const [text, ms] of rows) assert.equal(durationMs(text), ms, text);
});
