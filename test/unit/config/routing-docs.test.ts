/** The examples of docs/routing.md are configurations and rules without a fault. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemLines } from '../../helper/config.js';
import { projectRoot } from '../../helper/project.js';
import { routingOf } from '../../helper/routing.js';

const text = readFileSync(join(projectRoot, 'docs', 'routing.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block);

test('whole configurations', () => {
  const examples = blocks('jsonc');
  assert.ok(examples.length >= 2);
  for (const example of examples) assert.deepEqual(problemLines(example), []);
});

test('single rules', () => {
  const examples = blocks('json');
  assert.ok(examples.length >= 2);
  for (const example of examples) {
    const { errors, settings, warnings } = routingOf({ rules: [JSON.parse(example) as object] });
    assert.deepEqual([...errors, ...warnings], []);
    assert.equal(settings.rules.length, 1);
  }
});
