import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TsrayError } from '../../../../src/core/errors.js';
import { Gatherer } from '../../../../src/core/stream/gatherer.js';

function gatherer(): { readonly it: Gatherer; readonly delivered: string[] } {
  const delivered: string[] = [];
  const it = new Gatherer(
    (bytes) => delivered.push(bytes.length > 20 ? `${bytes.length} bytes` : Buffer.from(bytes).toString()),
    () => delivered.push('.'),
    (error) => delivered.push(error.code),
  );
  return { it, delivered };
}

test('delivers what one turn brings at once, from memory of its own', async () => {
  const { it, delivered } = gatherer();
  const lent = Buffer.from('one ');
  it.add(lent);
  lent.fill(0);
  it.add(Buffer.from('two'));
  assert.deepEqual(delivered, []);
  await turn();
  assert.deepEqual(delivered, ['one two', '.']);
  it.add(Buffer.from('three'));
  await turn();
  assert.deepEqual(delivered, ['one two', '.', 'three', '.']);
});

test('delivers at once what would not fit', async () => {
  const { it, delivered } = gatherer();
  it.add(Buffer.alloc(40_000));
  it.add(Buffer.alloc(40_000));
  assert.deepEqual(delivered, ['40000 bytes', '.']);
  it.add(Buffer.alloc(100_000));
  assert.deepEqual(delivered.slice(2), ['40000 bytes', '.', '100000 bytes']);
  await turn();
  assert.equal(delivered.length, 5);
});

test('holds what it has until released', async () => {
  const { it, delivered } = gatherer();
  it.add(Buffer.from('a'));
  it.hold();
  await turn();
  it.add(Buffer.from('b'));
  it.finish();
  await turn();
  assert.deepEqual(delivered, []);
  it.release();
  await turn();
  assert.deepEqual(delivered, ['ab', '.']);
});

test('the end comes behind what waits; what is dropped never comes', async () => {
  const { it, delivered } = gatherer();
  it.add(Buffer.from('a'));
  it.finish();
  assert.deepEqual(delivered, ['a', '.']);
  it.add(Buffer.from('b'));
  it.drop();
  await turn();
  assert.deepEqual(delivered, ['a', '.']);
});

test('what is added while delivering comes in the next turn', async () => {
  const delivered: string[] = [];
  const it: Gatherer = new Gatherer(
    (bytes) => {
      delivered.push(Buffer.from(bytes).toString());
      if (delivered.length === 1) it.add(Buffer.from('second'));
    },
    () => delivered.push('.'),
    (error) => delivered.push(error.code),
  );
  it.add(Buffer.from('first'));
  await turn();
  await turn();
  assert.deepEqual(delivered, ['first', 'second', '.']);
});

test('what fails at the end of a turn is told, and the next turn delivers again', async () => {
  const delivered: string[] = [];
  const it = new Gatherer(
    (bytes) => {
      delivered.push(Buffer.from(bytes).toString());
      if (delivered.length === 1) throw new TsrayError('ERR_LIMIT', 'too much');
    },
    () => undefined,
    (error) => delivered.push(error.code),
  );
  it.add(Buffer.from('first'));
  await turn();
  it.add(Buffer.from('second'));
  await turn();
  assert.deepEqual(delivered, ['first', 'ERR_LIMIT', 'second']);
});
