// Makes the binaries that the published package carries: prebuilds/<platform>-<arch>/tsray.<libc>.node.
import { join } from 'node:path';
import { compile, findCompiler, findHeaders, packageRoot } from './compile-native.mjs';

/** Each architecture with the compilers that can make it, best first. */
const targets = [
  { name: 'linux-x64', native: 'x64', compilers: ['x86_64-linux-gnu-gcc'] },
  { name: 'linux-arm64', native: 'arm64', compilers: ['aarch64-linux-gnu-gcc'] },
];

const headers = findHeaders();
if (headers === undefined || process.platform !== 'linux') {
  console.error('prebuilt binaries are made on Linux, with the headers of Node beside it');
  process.exit(1);
}
let missing = 0;
for (const { name, native, compilers } of targets) {
  const own = process.arch === native ? [process.env.CC, 'cc', 'gcc'] : [];
  const compiler = findCompiler([...own, ...compilers]);
  const output = join(packageRoot, 'prebuilds', name, 'tsray.glibc.node');
  const complaint =
    compiler === undefined ? `needs ${compilers.join(' or ')}` : compile(compiler, headers, output, ['-s']);
  console.log(complaint === undefined ? `${name}: ${output}` : `${name}: not made: ${complaint}`);
  if (complaint !== undefined) missing += 1;
}
process.exit(missing === 0 ? 0 : 1);
