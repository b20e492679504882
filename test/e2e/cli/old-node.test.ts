/** The first file of the program: it has to be understood by the Node.js versions that it refuses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'acorn';
import { tsrayProgram } from '../../helper/tsray-process.js';

const text = readFileSync(tsrayProgram, 'utf8');

test('it parses as a module of Node.js 12: no await outside functions, no newer syntax, no node: names', () => {
  const { body } = parse(text, { ecmaVersion: 2020, sourceType: 'module', allowHashBang: true });
  const imported = body.flatMap((each) => (each.type === 'ImportDeclaration' ? [each.source.value] : []));
  assert.deepEqual(imported, ['fs']);
  assert.throws(() =>
    parse(`${text}\nawait 1;`, { ecmaVersion: 2020, sourceType: 'module', allowHashBang: true }),
  );
});

test('the version that it asks for is the one of package.json', () => {
  const { engines } = JSON.parse(
    readFileSync(new URL('../package.json', `file://${tsrayProgram}`), 'utf8'),
  ) as {
    readonly engines: { readonly node: string };
  };
  assert.equal(engines.node, '>=20.19.0');
  assert.match(text, /major < 20 \|\| \(major === 20 && minor < 19\)/);
  assert.match(text, /needs Node\.js 20\.19 or newer/);
});
