// `npm test`: installs and compiles what is missing, then runs the tests with Node's own runner.
// `npm test -- vmess/kdf socks` runs only the test files whose path contains one of the words.
// Prints a line per file, every failure in full, what was skipped, and the runner's totals.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checkNode, ensureBuilt, ensureInstalled, projectRoot } from './prepare.mjs';

checkNode();
ensureInstalled();
ensureBuilt('tsconfig.json', 'dist', ['src']);
ensureBuilt('tsconfig.test.json', '.build', ['src', 'test']);

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const built = join(projectRoot, '.build', 'test');
const files = readdirSync(join(projectRoot, 'test'), { recursive: true })
  .map((entry) => String(entry).replaceAll('\\', '/'))
  .filter(
    (name) => name.endsWith('.test.ts') && (words.length === 0 || words.some((word) => name.includes(word))),
  )
  .map((name) => join(built, name.replace(/\.ts$/, '.js')))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${words.join(' ')}`);
  process.exit(1);
}
process.env.NODE_OPTIONS =
  `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps --disable-warning=ExperimentalWarning`.trim();

/** Kept by the runner itself: the `pass 12` lines that it gives at its end. */
const totals = new Map();
const skipped = [];
const failures = [];

/** What the reader needs of a failure: its place, message and stack; the runner's own frames left out. */
function describe(error) {
  const cause = error?.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause?.message ?? cause);
  const more =
    cause?.cause instanceof Error ? `\nCaused by: ${cause.cause.stack ?? cause.cause.message}` : '';
  return `${text}${more}`
    .split('\n')
    .filter((line) => !line.includes('node:internal'))
    .map((line) => `    ${line}`)
    .join('\n');
}

/** `unit/core/address.test.ts`; source maps may have turned the compiled file's path into the source's. */
function nameOf(file) {
  if (file === undefined) return '';
  const folder = file.startsWith(built) ? built : join(projectRoot, 'test');
  return relative(folder, file).replaceAll('\\', '/').replace(/\.js$/, '.ts');
}

/** One call of Node's runner. */
async function runAll(chosen, concurrency) {
  let current = '';
  let count = { pass: 0, fail: 0, skip: 0, ms: 0 };
  const flush = () => {
    const { pass, fail, skip, ms } = count;
    if (pass + fail + skip > 0) {
      const parts = [`${pass} passed`, fail > 0 && `${fail} FAILED`, skip > 0 && `${skip} skipped`];
      console.log(
        `${fail > 0 ? 'FAIL' : 'ok  '} ${current} (${parts.filter(Boolean).join(', ')}, ${Math.round(ms)} ms)`,
      );
    }
    count = { pass: 0, fail: 0, skip: 0, ms: 0 };
  };
  const tally = (data) => {
    const name = nameOf(data.file) || current;
    if (name !== current) flush();
    current = name;
    if (data.nesting === 0) count.ms += data.details.duration_ms ?? 0;
    return data.details.type !== 'suite';
  };
  const events = run({ files: chosen, concurrency, timeout: 300_000 });
  // Names of the suites around the test that is told next: the same title may stand in many.
  const around = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      around.length = data.nesting;
      around.push(data.name);
    } else if (type === 'test:pass') {
      const isTest = tally(data);
      if (data.skip !== undefined) {
        skipped.push(`${current}: ${data.name}: ${data.skip === true ? 'no reason given' : data.skip}`);
        if (isTest) count.skip += 1;
      } else if (isTest) count.pass += 1;
    } else if (type === 'test:fail') {
      const isTest = tally(data);
      // A suite that fails because of its tests has nothing to add to them.
      if (data.details.error?.failureType === 'subtestsFailed') continue;
      if (isTest) count.fail += 1;
      const title = [...around.slice(0, data.nesting), data.name].join(': ');
      failures.push(`${current}: ${title}\n${describe(data.details.error)}`);
      console.log(`\nnot ok: ${failures.at(-1)}\n`);
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      process.stdout.write(data.message);
    } else if (type === 'test:diagnostic' && data.nesting === 0) {
      const [, key, value] = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(
        data.message,
      ) ?? [null];
      // Newer runners also tell each file's totals; the whole run's come without a file.
      if (key !== undefined && data.file === undefined)
        totals.set(key, (totals.get(key) ?? 0) + Number(value));
    }
  }
  flush();
}

const heavy = files.filter((file) => /^(e2e|interop|bench)\//.test(nameOf(file)));
const light = files.filter((file) => !heavy.includes(file));

/** A process that runs several files: a test process spends more time on loading the sources than on testing. */
const filesInProcess = 12;

/** Files for the runner: those of transports alone, since they count the process's sockets; of others some together. */
function grouped(all) {
  const alone = all.filter((file) => /^unit\/(?:transport|native)\/|^(?:contract|fuzz)\//.test(nameOf(file)));
  const chosen = all.filter((file) => !alone.includes(file));
  const folder = join(projectRoot, '.build', 'groups');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const groups = [];
  for (let at = 0; at < chosen.length; at += filesInProcess) {
    const imports = chosen.slice(at, at + filesInProcess).map((file) => {
      return `import ${JSON.stringify(pathToFileURL(file).href)};\n`;
    });
    const path = join(folder, `${String(groups.length).padStart(3, '0')}.js`);
    writeFileSync(path, imports.join(''));
    groups.push(path);
  }
  return [...alone, ...groups];
}

if (light.length > 0) await runAll(grouped(light), Math.max(2, availableParallelism()));
// These start programs of their own and wait much: a few at a time, however many processors there are.
if (heavy.length > 0) await runAll(heavy, 3);

if (skipped.length > 0) {
  console.log(`\nSKIPPED, NOT TESTED:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
}
if (failures.length > 0) {
  console.log(`\nFAILED:\n${failures.map((text) => `  ${text.split('\n')[0]}`).join('\n')}`);
}
console.log(`\nNode.js ${process.versions.node}`);
for (const [key, value] of totals) console.log(`# ${key} ${Math.round(value)}`);
const bad = (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0) + failures.length;
process.exit(bad === 0 && (totals.get('tests') ?? 0) > 0 ? 0 : 1);
