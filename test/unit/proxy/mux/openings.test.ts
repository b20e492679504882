/** Sessions that are opened in one turn of the event loop: a bounded number, and a share for each carrier. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Openings } from '../../../../src/proxy/mux/openings.js';

const turn = (): Promise<void> => new Promise(setImmediate);

test('a few are opened at once', () => {
  const openings = new Openings();
  let opened = 0;
  for (let index = 0; index < 16; index += 1) openings.run(openings, () => (opened += 1));
  assert.equal(opened, 16);
});

test('of a thousand no more than 16 are opened in a turn, and all in the end, in order', async () => {
  const openings = new Openings();
  const opened: number[] = [];
  for (let index = 0; index < 1_000; index += 1) openings.run(openings, () => opened.push(index));
  for (let before = 16; before < 1_000; before = Math.min(1_000, before + 16)) {
    assert.equal(opened.length, before);
    await turn();
  }
  assert.deepEqual(
    opened,
    Array.from({ length: 1_000 }, (_, index) => index),
  );
});

test('a second carrier does not wait for all of the first', async () => {
  const openings = new Openings();
  const [greedy, modest] = [{}, {}];
  for (let index = 0; index < 1_000; index += 1) openings.run(greedy, () => undefined);
  let opened = false;
  openings.run(modest, () => {
    opened = true;
  });
  assert.equal(opened, false);
  await turn();
  assert.equal(opened, true);
});

test('one that throws costs none of the others', async () => {
  const openings = new Openings();
  let opened = 0;
  for (let index = 0; index < 64; index += 1) {
    openings.run(openings, () => {
      opened += 1;
      if (index === 40) throw new TypeError('a defect');
    });
  }
  for (let count = 0; count < 8; count += 1) await turn();
  assert.equal(opened, 64);
});
