// Fails if a regular expression under src/ may take more than linear time in the length of the text it is applied to:
// texts come from strangers, and one that takes seconds stops everybody. `--list` prints all expressions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';
import { analyse } from 'scslre';
import { ensureBuilt, projectRoot } from './prepare.mjs';

/** Applied to nothing but what the program's own user types or the program itself writes, so that none is foreign. */
const ownText = new Map([['src/cli/usage-error.ts', 'what commander says of the command line']]);

ensureBuilt('tsconfig.json', 'dist', ['src']);
const problems = [];
const expressions = [];

/** Collects the regular expressions of a syntax tree. */
function collect(node, file) {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, file);
    return;
  }
  if (node === null || typeof node !== 'object' || node instanceof RegExp) return;
  if (node.type === 'Literal' && node.regex !== undefined) expressions.push({ file, ...node.regex });
  if (
    (node.type === 'NewExpression' || node.type === 'CallExpression') &&
    node.callee.type === 'Identifier' &&
    node.callee.name === 'RegExp'
  ) {
    problems.push(`${file}: RegExp() hides its expression from this check; write a literal`);
  }
  for (const value of Object.values(node)) collect(value, file);
}

for (const entry of readdirSync(join(projectRoot, 'dist'), { recursive: true })) {
  const built = String(entry).replaceAll('\\', '/');
  const file = `src/${built.replace(/\.js$/, '.ts')}`;
  // Folders and files of sources that are gone stay in dist/.
  if (!built.endsWith('.js') || !existsSync(join(projectRoot, file))) continue;
  const text = readFileSync(join(projectRoot, 'dist', built), 'utf8');
  collect(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), file);
}

for (const { file, pattern, flags } of expressions) {
  const literal = `/${pattern}/${flags}`;
  if (process.argv.includes('--list')) console.log(`${file}: ${literal}`);
  if (ownText.has(file)) continue;
  const source = readFileSync(join(projectRoot, file), 'utf8');
  const at = source.indexOf(literal);
  const place = at < 0 ? file : `${file}:${source.slice(0, at).split('\n').length}`;
  for (const { character, exponential, type } of analyse({ source: pattern, flags }).reports) {
    const growth = exponential ? 'exponential' : 'quadratic';
    const why = {
      Trade: 'two repetitions in a row can share a run of characters in many ways',
      Self: 'a repetition can divide a run of characters in many ways',
      Move: 'the search begins anew at each character of a run',
    }[type];
    problems.push(
      `${place}: ${literal} takes ${growth} time: ${why} (characters ${character.literal.source})`,
    );
  }
}

for (const problem of problems) console.error(problem);
console.log(`regular expressions: ${expressions.length}, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
