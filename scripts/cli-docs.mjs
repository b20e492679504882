// Writes docs/cli.md, the reference of the command line, from the commands themselves.
// With --check it only tells whether the file is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './prepare.mjs';

const { buildProgram } = await import(new URL('../dist/cli/program.js', import.meta.url).href);

const intro = `# Command line

Written by \`npm run cli-docs\` from the commands themselves: what \`tsray help COMMAND\` prints.

Results go to standard output, everything else (warnings, notes, progress) to standard error. Colours and progress lines
are for terminals only; \`NO_COLOR=1\` switches colours off. Every command that prints a table has \`--json\`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed, or not understood; the last line on standard error says why, with a code of [errors.md](errors.md) |
| 23 | an error in the configuration |

V2Ray's own flags work too: \`tsray -config a.json -config b.json -test\`; see [coming-from-v2ray.md](coming-from-v2ray.md).
Links and subscriptions are explained in [links.md](links.md), configurations in [config.md](config.md).
`;

/** As on a terminal of 80 columns without colours. */
function helpOf(command) {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

const program = buildProgram({ code: 0 });
const overview = helpOf(program);
const sections = program.commands.map(
  (command) => `## tsray ${command.name()}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
);
const text = [intro, `\`\`\`text\n${overview}\n\`\`\`\n`, ...sections].join('\n');

const file = join(projectRoot, 'docs', 'cli.md');
if (process.argv.includes('--check')) {
  let found = '';
  try {
    found = readFileSync(file, 'utf8');
  } catch {
    // Not written yet.
  }
  if (found !== text) {
    console.error('docs/cli.md is out of date: run `npm run build && npm run cli-docs`.');
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}
