/** The types of the package fit its documentation: the examples, and every block of code in the guides, compile. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../../helper/project.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const execute = promisify(execFile);
// In the project, so that `tsray` is found by its own name.
const folder = join(projectRoot, '.build', 'documented');

/** Blocks of one language in a Markdown file. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const pattern = new RegExp(`^\`\`\`${language}\\n((?:.|\\n)*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map(([, code]) => code!);
}

before(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    module: 'nodenext',
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    // JavaScript names no types of parameters.
    noImplicitAny: false,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['.'] }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('they compile', async () => {
  const examples = readdirSync(join(projectRoot, 'examples')).filter((name) => name.endsWith('.js'));
  for (const name of examples) {
    copyFileSync(join(projectRoot, 'examples', name), join(folder, name.replace(/\.js$/, '.mjs')));
  }
  const guide = blocks('docs/library.md', 'js');
  const links = blocks('docs/links.md', 'ts');
  assert.ok(examples.length >= 8 && guide.length >= 15 && links.length >= 1);
  for (const [index, code] of guide.entries()) writeFileSync(join(folder, `guide-${index + 1}.mjs`), code);
  for (const [index, code] of links.entries()) writeFileSync(join(folder, `links-${index + 1}.mts`), code);
  const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = await execute(process.execPath, [compiler, '-p', folder], { env: cleanEnvironment() }).catch(
    (error: unknown) => error as { readonly stdout: string },
  );
  assert.equal(result.stdout, '');
});
