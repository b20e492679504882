import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputBudget } from '../../../../src/transport/quic/input-budget.js';

test('of a stranger every byte counts until it was read, whatever there is to read', () => {
  const budget = new InputBudget(64 * 1024);
  for (let count = 0; count < 54; count += 1) budget.received(1200);
  assert.equal(budget.isOver, false);
  budget.emptied();
  budget.received(1200);
  assert.equal(budget.isOver, true);
  budget.read(1200);
  assert.equal(budget.isOver, false);
});

test('of a known peer only data counts, and what was counted too much is forgotten when all is read', () => {
  const budget = new InputBudget(1_000);
  budget.admit(10_000);
  for (let count = 0; count < 1_000; count += 1) budget.received(45);
  assert.equal(budget.isOver, false);
  for (let count = 0; count < 10; count += 1) budget.received(1_200);
  assert.equal(budget.isOver, true);
  budget.emptied();
  assert.equal(budget.isOver, false);
});

test('more read than counted is no credit', () => {
  const budget = new InputBudget(1_000);
  budget.read(1_000_000);
  budget.received(1_001);
  assert.equal(budget.isOver, true);
});
