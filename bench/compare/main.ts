/**
 * `npm run bench`: tsray beside V2Ray, figure by figure, in alternating runs; medians. Writes docs/benchmarks.md.
 * `npm run bench -- --rounds 3 --only client-download` runs part of it and writes nothing.
 */
import { parseArgs } from 'node:util';
import { findProgram } from '../../test/helper/peer.js';
import type { Core } from './cores.js';
import { type Scenario, scenarios } from './figures.js';
import { median } from './median.js';
import { formatTable, type Result, verdict, writeReport } from './report.js';

const needed = ['v2ray', 'iperf3', 'wrk', 'nginx'];

async function run(scenario: Scenario, rounds: number): Promise<readonly Result[]> {
  const { contenders, figures } = scenario;
  const rows = new Map<Core, (readonly number[])[]>(contenders.map((core) => [core, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Every other round in the opposite order, so that a drift of the machine favours nobody.
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const core of order) rows.get(core)!.push(await scenario.measure(core));
  }
  return figures.map((figure, index) => ({
    figure,
    contenders,
    medians: new Map([...rows].map(([core, values]) => [core, median(values.map((each) => each[index]!))])),
  }));
}

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const missing = needed.filter(
  (name) => findProgram(name) === undefined && findProgram(`/usr/sbin/${name}`) === undefined,
);
if (missing.length > 0) {
  console.error(
    `The bench measures tsray beside real programs, and these are missing: ${missing.join(', ')}.\n` +
      `On Debian: apt-get install -y v2ray iperf3 wrk nginx-light`,
  );
  process.exit(1);
}
const results: Result[] = [];
const failed: string[] = [];
for (const scenario of scenarios.filter(({ name }) => name.includes(flags.only))) {
  let found: readonly Result[];
  try {
    found = await run(scenario, Number(flags.rounds));
  } catch (error) {
    // Half an hour of other figures shall not be lost with it.
    failed.push(`${scenario.name} (${error instanceof Error ? error.message : String(error)})`);
    console.log(`${scenario.name}: not measured`, error);
    continue;
  }
  for (const result of found) console.log(`${result.figure.title}: ${verdict(result)}`);
  results.push(...found);
}
console.log(`\n${formatTable(results)}`);
if (flags.only === '') writeReport(results, Number(flags.rounds), failed);
