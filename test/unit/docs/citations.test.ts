/** Comments and names of tests cite sections of the pages in docs/: each of them exists, and nothing cites other notes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../helper/project.js';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');

/** Sources of `folder`, as paths from the project's root. */
function sources(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:ts|c|h)$/.test(file))
    .map((file) => join(folder, file));
}

/** The text of comments without their line ends, so that a citation may go on in the next line. */
function joined(text: string): string {
  return text.replaceAll(/\n\s*(?:\/\/|\*(?!\/))? ?/g, ' ');
}

const headings = new Map<string, readonly string[]>();

function headingsOf(page: string): readonly string[] {
  const known = headings.get(page);
  if (known !== undefined) return known;
  const found = [...read(page).matchAll(/^#{2,} (.+)$/gm)].map((match) => match[1]!);
  headings.set(page, found);
  return found;
}

const citation =
  /(docs\/[a-z-]+\.md), (?:"([^"]+)"|sections? (\d+(?:\.\d+)?)(?:(?: and | to |, )(\d+(?:\.\d+)?))*)/g;

interface Citation {
  readonly page: string;
  readonly sections: readonly string[];
}

function citations(text: string): Citation[] {
  return [...joined(text).matchAll(citation)].map(([whole, page, heading]) => ({
    page: page!,
    sections: heading === undefined ? whole.slice(page!.length).match(/\d+(?:\.\d+)?/g)! : [heading],
  }));
}

function exists(page: string, section: string): boolean {
  const isNumber = /^\d/.test(section);
  return headingsOf(page).some((heading) =>
    isNumber ? new RegExp(`^${section.replace('.', '\\.')}\\.? `).test(heading) : heading === section,
  );
}

const files = [...sources('src'), ...sources('native/src'), ...sources('test')].filter(
  (file) => !file.endsWith('citations.test.ts'),
);

test('every cited section exists', () => {
  let found = 0;
  for (const file of files) {
    for (const { page, sections } of citations(read(file))) {
      for (const section of sections) {
        found += 1;
        assert.ok(exists(page, section), `${file} cites section ${section} of ${page}, which has none`);
      }
    }
  }
  assert.ok(found > 50, `only ${found} citations were found`);
});

test('no source cites pages that are not in docs/', () => {
  for (const file of files) {
    assert.doesNotMatch(
      read(file),
      /(?<![\w/'-])(?:vmess|mux|transports|config|routing)\.md,? (?:section )?"?\d/,
      file,
    );
  }
});

test('docs/wire-format.md is cited where its formats are read and written', () => {
  const cited = new Set(
    files
      .filter((file) => file.startsWith('src'))
      .flatMap((file) =>
        citations(read(file))
          .filter(({ page }) => page === 'docs/wire-format.md')
          .flatMap(({ sections }) => sections.map((section) => section.split('.')[0])),
      ),
  );
  for (const chapter of ['2', '3', '4', '5', '6', '12', '13', '14', '15', '16', '17', '18', '19']) {
    assert.ok(cited.has(chapter), `nothing cites section ${chapter}`);
  }
});

test('a citation is found across lines, and one of a missing section is noticed', () => {
  const text = ' * as told elsewhere (docs/wire-format.md,\n * sections 6.2 and 99.1).';
  assert.deepEqual(citations(text), [{ page: 'docs/wire-format.md', sections: ['6.2', '99.1'] }]);
  assert.equal(exists('docs/wire-format.md', '6.2'), true);
  assert.equal(exists('docs/wire-format.md', '99.1'), false);
});

test('links within docs/wire-format.md lead to its headings', () => {
  const page = read('docs/wire-format.md');
  const anchors = new Set(
    headingsOf('docs/wire-format.md').map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) {
    assert.ok(anchors.has(anchor!), `no heading for #${anchor}`);
  }
});
