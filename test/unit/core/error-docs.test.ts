import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../../../src/core/errors.js';
import { projectRoot } from '../../helper/project.js';

const text = readFileSync(join(projectRoot, 'docs', 'errors.md'), 'utf8');

/** Code → what the page says about it. */
const documented = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const [code = '', ...body] = part.split('\n');
      return [code, body.join('\n').trim()] as const;
    }),
);

test('docs/errors.md and the registry have the same codes', () => {
  assert.deepEqual([...documented.keys()].sort(), Object.keys(errorCodes).sort());
});

test('docs/errors.md explains every code', () => {
  for (const [code, explanation] of documented) {
    assert.ok(explanation.length > 40, code);
  }
});

test('docs/errors.md mentions no code that does not exist', () => {
  for (const [code] of text.matchAll(/ERR_[A-Z_]+/g)) assert.ok(Object.hasOwn(errorCodes, code), code);
});
