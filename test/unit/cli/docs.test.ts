import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildProgram } from '../../../src/cli/program.js';
import { projectRoot } from '../../helper/project.js';

test('docs/cli.md says what the commands say', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'scripts', 'cli-docs.mjs'), '--check'],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('help fits into 80 columns, and names every command with what it does', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'cli.md'), 'utf8');
  const helps = [...text.matchAll(/```text\n([\s\S]*?)```/g)].map(([, help = '']) => help);
  const { commands } = buildProgram({ code: 0 });
  assert.equal(helps.length, commands.length + 1);
  for (const line of helps.join('').split('\n')) assert.ok(line.length <= 80, line);
  for (const command of commands) {
    assert.match(command.description(), /^[a-z].*[^.]$/, command.name());
    for (const { description, long } of command.options) assert.notEqual(description, '', long ?? '');
  }
});

test('every command that prints a table has --json', () => {
  const { commands } = buildProgram({ code: 0 });
  const withJson = commands.filter(({ options }) => options.some(({ long }) => long === '--json'));
  assert.deepEqual(withJson.map((command) => command.name()).sort(), [
    'api',
    'cert',
    'link',
    'ping',
    'route',
    'test',
  ]);
});
