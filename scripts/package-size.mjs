// `npm run size`: how much an installation of tsray puts on a disk, and in how many packages. --json for machines.
// Counts what `npm pack` would publish, and the dependencies as they are installed here.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './prepare.mjs';

/** Bytes of all files below a folder, packages inside it left out. */
function folderBytes(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += entry.name === 'node_modules' ? 0 : folderBytes(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}

/** Where a package that `from` depends on is installed, by Node's rule. */
function located(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

/** Packages that are installed with tsray, from the lock file; of the optional ones those that are here. */
function dependencies() {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const visit = (from) => {
    const { dependencies: needed = {}, optionalDependencies: optional = {} } = packages[from];
    for (const name of Object.keys({ ...needed, ...optional })) {
      const path = located(packages, from, name);
      if (path === undefined || found.has(path) || !existsSync(join(projectRoot, path))) continue;
      found.add(path);
      visit(path);
    }
  };
  visit('');
  return [...found].sort().map((path) => ({
    name: path.replace(/^.*node_modules\//, ''),
    version: packages[path].version,
    optional: packages[path].optional === true,
    path: join(projectRoot, path),
  }));
}

function own() {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ size, unpackedSize, version }] = JSON.parse(packed);
  return { name: 'tsray', version, bytes: unpackedSize, downloadBytes: size };
}

export function measure() {
  const packages = dependencies().map(({ path, ...entry }) => ({ ...entry, bytes: folderBytes(path) }));
  const self = own();
  const totalBytes = packages.reduce((sum, { bytes }) => sum + bytes, self.bytes);
  return { self, packages, totalBytes };
}

function show(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`.padStart(9);
}

if (process.argv[1] === import.meta.filename) {
  const result = measure();
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(result));
  } else {
    const { packages, self, totalBytes } = result;
    console.log(`${show(self.bytes)}  tsray ${self.version} (download ${show(self.downloadBytes).trim()})`);
    for (const { bytes, name, optional, version } of packages) {
      console.log(`${show(bytes)}  ${name} ${version}${optional ? ' (optional)' : ''}`);
    }
    console.log(`${show(totalBytes)}  in all, ${packages.length} dependencies`);
  }
}
