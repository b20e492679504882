// Fails if a file under src/ imports against the layer order (docs/architecture.md, "Layers"), or if files import each
// other in a circle, of types alone too.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');

/** Lower number: lower layer. A unit may import units of lower layers, and itself. */
const layers = [
  ['core'],
  ['native'],
  ['crypto', 'contract'],
  // What several protocols or transports are made of.
  ['proxy/ports', 'proxy/accounts', 'proxy/upstream', 'proxy/mux', 'transport/http1', 'transport/socket'],
  ['transport/http2', 'transport/datagram', 'transport/proxy-protocol', 'transport/carrier'],
  ['proxy', 'transport'],
  ['app'],
  ['config'],
  ['compose'],
  ['library'],
  ['cli', 'index', 'codec'],
];
const level = new Map(layers.flatMap((units, index) => units.map((unit) => [unit, index])));

/** `proxy/vmess/kdf.ts` → `proxy/vmess`: one protocol never imports another, except for the folders named above. */
function unitOf(path) {
  const parts = path.replace(/\.ts$/, '').split('/');
  const top = parts[0];
  return top === 'proxy' || top === 'transport' ? `${top}/${parts[1]}` : top;
}

const problems = [];
/** Of each file: the files it imports. */
const imports = new Map();
let count = 0;
for (const entry of readdirSync(root, { recursive: true })) {
  const file = String(entry).replaceAll('\\', '/');
  if (!file.endsWith('.ts')) continue;
  count += 1;
  const from = unitOf(file);
  const source = readFileSync(join(root, file), 'utf8');
  const targets = [];
  imports.set(file, targets);
  for (const match of source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    const target = relative(root, normalize(join(root, dirname(file), match[1])))
      .replaceAll('\\', '/')
      .replace(/\.js$/, '.ts');
    targets.push(target);
    const to = unitOf(target);
    if (from === to) continue;
    const fromLevel = level.get(from) ?? level.get(from.split('/')[0]);
    const toLevel = level.get(to) ?? level.get(to.split('/')[0]);
    if (fromLevel === undefined || toLevel === undefined) {
      problems.push(`${file}: ${match[1]} belongs to no known layer`);
      continue;
    }
    const sameTop = from.split('/')[0] === to.split('/')[0];
    const puts = sameTop && from === 'transport/stack'; // the one folder that puts transports together
    if (toLevel >= fromLevel && !puts) problems.push(`${file} (${from}) must not import ${target} (${to})`);
  }
}

/** A file that is being visited and met again closes a circle. */
const visited = new Set();
function visit(file, path) {
  const start = path.indexOf(file);
  if (start >= 0) problems.push(`circle: ${[...path.slice(start), file].join(' -> ')}`);
  if (visited.has(file)) return;
  visited.add(file);
  for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
}
for (const file of imports.keys()) visit(file, []);

for (const problem of problems) console.error(problem);
console.log(`import directions: ${count} files, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
