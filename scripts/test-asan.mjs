// `npm run test:asan`: the addon under AddressSanitizer and UBSan, twice. First its codecs without Node, on a million
// mutated reads (`-- 5000000 300 7`: reads, seconds, seed); then the tests that use it, in Node. Needs gcc and OpenSSL's
// headers and library (Debian: gcc, libssl-dev).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  compile,
  findCompiler,
  findHeaders,
  nativeSources,
  packageRoot,
  runCompiler,
} from './compile-native.mjs';
import { checkNode, ensureBuilt, ensureInstalled } from './prepare.mjs';

const sanitize = [
  '-g',
  '-O1',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
];
const folder = join(packageRoot, 'native', 'build', 'asan');

function must(complaint) {
  if (complaint === undefined) return;
  console.error(complaint);
  process.exit(1);
}

function run(command, parameters, environment) {
  const result = spawnSync(command, parameters, {
    cwd: packageRoot,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (result.status !== 0) process.exit(1);
}

checkNode();
const compiler = findCompiler();
const headers = findHeaders();
if (compiler === undefined || headers === undefined) must('needs a C compiler and the headers of Node');

const fuzz = join(folder, 'fuzz');
const codecs = nativeSources().filter((file) => !/(addon|binding)\.c$/.test(file));
must(
  runCompiler(compiler, fuzz, [
    ...sanitize,
    '-D_POSIX_C_SOURCE=200809L',
    join(packageRoot, 'native', 'test', 'fuzz.c'),
    ...codecs,
    '-lcrypto',
  ]),
);
const [reads = '1000000', seconds = '60', ...seed] = process.argv.slice(2);
run(fuzz, [reads, seconds, ...seed]);

ensureInstalled();
ensureBuilt('tsconfig.test.json', '.build', ['src', 'test']);
const addon = join(folder, 'tsray.node');
must(compile(compiler, headers, addon, sanitize));
const library = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
const built = join(packageRoot, '.build', 'test');
const files = readdirSync(built, { recursive: true })
  .map(String)
  .filter((name) =>
    /(native|own-socket|user-table|server-handshake|client-request|response)\.test\.js$/.test(name),
  )
  .map((name) => join(built, name));
// Node keeps memory until it ends; that is no leak of ours.
run(process.execPath, ['--test', '--test-reporter=dot', ...files], {
  TSRAY_NATIVE: addon,
  TSRAY_REQUIRE_NATIVE: '1',
  LD_PRELOAD: library,
  ASAN_OPTIONS: 'detect_leaks=0',
});
