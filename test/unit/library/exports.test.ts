/** Everything the package exports is explained where it is declared. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '../../helper/project.js';

interface Exported {
  readonly name: string;
  readonly file: string;
}

/** What an entry file exports again from others, under the names it has there. */
function exportsOf(entry: string): Exported[] {
  const source = readFileSync(join(projectRoot, 'src', entry), 'utf8');
  return [...source.matchAll(/export (?:type )?\{([^}]+)\} from '([^']+)\.js'/g)].flatMap(([, names, from]) =>
    names!
      .split(',')
      .map((name) =>
        name
          .replace(/^\s*(?:type )?/, '')
          .replace(/ as .*$/s, '')
          .trim(),
      )
      .filter((name) => name !== '')
      .map((name) => ({ name, file: join(projectRoot, 'src', dirname(entry), `${from}.ts`) })),
  );
}

/** The line above a declaration; undefined if it is not in the file. */
function lineAbove({ file, name }: Exported): string | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) =>
    new RegExp(`^export (?:abstract |async )?(?:class|function|const|interface|type) ${name}\\b`).test(line),
  );
  return at < 0 ? undefined : lines[at - 1];
}

for (const entry of ['index.ts', 'codec.ts', 'config.ts']) {
  describe(`src/${entry}`, () => {
    test('has a doc comment at each declaration', () => {
      const all = exportsOf(entry);
      assert.ok(all.length > 10);
      const bare = all.filter((each) => lineAbove(each)?.trim().endsWith('*/') !== true);
      assert.deepEqual(
        bare.map(({ file, name }) => `${name} (${file.slice(projectRoot.length + 1)})`),
        [],
      );
    });
  });
}
