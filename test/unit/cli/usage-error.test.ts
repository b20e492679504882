/** Command lines that are not understood: one line with a code, what was expected, and what helps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgram } from '../../../src/cli/program.js';

/** What `tsray` with these arguments prints on standard error, without `tsray: ERR_USAGE: `. */
async function said(...args: readonly string[]): Promise<string> {
  let text = '';
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  try {
    assert.equal(await createProgram(args), 1);
  } finally {
    process.stderr.write = write;
  }
  assert.match(text, /^tsray: ERR_USAGE: [^\n]+\n$/);
  return text.slice('tsray: ERR_USAGE: '.length).trim();
}

test('every kind of mistake', async () => {
  const cases: readonly (readonly [args: string, line: string])[] = [
    ['conect x', 'there is no command "conect". Hint: Did you mean connect?'],
    ['help conect', 'there is no command "conect". Hint: Did you mean connect?'],
    ['help zzz', 'there is no command "zzz". Hint: `tsray help` shows what is possible.'],
    ['connect', '<servers> is missing. Hint: `tsray help connect` shows what is possible.'],
    ['connect a b', 'expected 1 argument, found 2. Hint: `tsray help connect` shows what is possible.'],
    ['run config.json', 'expected no argument, found 1. Hint: Name the configuration with -c FILE.'],
    ['run --strictt', 'there is no option "--strictt". Hint: Did you mean --strict?'],
    [
      'run --grace soon',
      '--grace: expected a number of seconds, 0 to 86400, found "soon". Hint: `tsray help run` shows what is possible.',
    ],
    ['run -c', '--config needs <file> behind it. Hint: `tsray help run` shows what is possible.'],
    [
      'connect a --log loud',
      '--log: expected debug, info, warning, error, none, found "loud". Hint: `tsray help connect` shows what is possible.',
    ],
    [
      'connect a --listen x',
      '--listen: expected IP:port, such as 127.0.0.1:1080, or a port alone, found "x". Hint: `tsray help connect` shows what is possible.',
    ],
    [
      'test --format pb',
      '--format: Protobuf is not read: give the JSON, YAML or TOML that the file was made from. Hint: `tsray help test` shows what is possible.',
    ],
    [
      'completion tcsh',
      '<shell>: expected bash, zsh, fish, found "tcsh". Hint: `tsray help completion` shows what is possible.',
    ],
    ['--nothing', 'there is no option "--nothing". Hint: `tsray help` shows what is possible.'],
  ];
  for (const [args, line] of cases) assert.equal(await said(...args.split(' ')), line, args);
});
