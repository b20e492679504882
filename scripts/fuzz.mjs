// `npm run fuzz -- --minutes 10 [--seed N]`: test/fuzz for as long as wanted, in rounds with a seed each; 1 minute by default.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from './prepare.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? 1);
let seed = Number(values.seed ?? (Date.now() % 1_000_000_000) + 1);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- [--minutes N] [--seed N]');
  process.exit(1);
}

/** The runner gives a file five minutes. */
const roundMs = 120_000;
const ends = Date.now() + minutes * 60_000;
while (Date.now() < ends) {
  const budgetMs = Math.min(roundMs, Math.max(1000, ends - Date.now()));
  console.log(`seed ${seed}, ${Math.round(budgetMs / 1000)} s`);
  const { status } = spawnSync(process.execPath, [join('scripts', 'test.mjs'), 'fuzz/fuzz'], {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...process.env, TSRAY_FUZZ_MS: String(budgetMs), TSRAY_FUZZ_SEED: String(seed) },
  });
  if (status !== 0) process.exit(status ?? 1);
  seed += 1000;
}
