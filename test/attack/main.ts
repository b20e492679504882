/** `npm run attack [-- NUMBER…]`: every attack of the table, or those of the numbers, on tsray and V2Ray in turn. */
import { availableCores } from './cores.js';
import { enterNamespace, ground } from './namespace.js';
import { formatTable, type RowResult, writeReport } from './report.js';
import type { Row } from './row.js';
import { rowsOf } from './rows/all.js';
import { runTrial, type Trial } from './trial.js';

async function runRow(row: Row): Promise<RowResult> {
  const trials: Trial[] = [];
  for (const core of row.textOnly === true ? (['tsray'] as const) : availableCores()) {
    trials.push(await runTrial(row, core));
  }
  return { row, trials };
}

async function run(numbers: readonly string[]): Promise<void> {
  const cores = availableCores();
  if (!cores.includes('V2Ray')) console.log('v2ray is not installed: tsray is measured alone.');
  const results: RowResult[] = [];
  let skipped = 0;
  for (const row of rowsOf(numbers)) {
    if (row.needsNamespace === true && ground() === 'shared') {
      console.log(`row ${row.id} is SKIPPED: no network namespace can be made here`);
      skipped += 1;
      continue;
    }
    console.log(`row ${row.id}: ${row.title}`);
    const result = await runRow(row);
    results.push(result);
    console.log(formatTable([result]).split('\n').slice(2).join('\n'));
  }
  console.log(`\n${formatTable(results)}`);
  if (numbers.length === 0 && skipped === 0) writeReport(results, cores);
}

const numbers = process.argv.slice(2);
if (rowsOf(numbers).length === 0) {
  console.error('usage: npm run attack [-- NUMBER…], a number from 1 to 14');
  process.exit(1);
}
const status = enterNamespace();
if (status !== undefined) process.exit(status);
await run(numbers);
process.exit();
