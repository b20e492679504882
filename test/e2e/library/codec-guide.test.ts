/** docs/codec.md: its programs run as printed and print what their comments say; it names every export. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as codec from '../../../src/codec.js';
import { Child } from '../../helper/child.js';
import { projectRoot } from '../../helper/project.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const guide = readFileSync(join(projectRoot, 'docs', 'codec.md'), 'utf8');

describe('docs/codec.md', () => {
  // In the project, so that `tsray` is found by its own name.
  const folder = join(projectRoot, '.build', 'codec-guide');

  before(() => mkdirSync(folder, { recursive: true }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const programs = [...guide.matchAll(/^```js\n((?:.|\n)*?)^```$/gm)].map((match) => match[1]!);

  for (const [index, code] of programs.entries()) {
    test(`program ${index + 1}`, async () => {
      const file = join(folder, `${index}.mjs`);
      writeFileSync(file, code);
      const child = new Child(process.execPath, [file], { env: cleanEnvironment({}) });
      const { code: exitCode } = await child.exit;
      assert.equal(exitCode, 0, child.output);
      for (const [, expected] of code.matchAll(/\/\/ → (.+)$/gm)) {
        assert.ok(child.output.split('\n').includes(expected!), `expected ${expected} in\n${child.output}`);
      }
      assert.doesNotMatch(child.output, /Warning/);
    });
  }

  test('names every export', () => {
    for (const name of Object.keys(codec)) {
      assert.match(guide, new RegExp(`\\b${name}\\b`), `${name} is missing`);
    }
  });

  test('has programs', () => assert.ok(programs.length >= 3));
});
