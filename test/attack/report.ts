/** The table, and docs/security-tests.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../helper/project.js';
import type { Core } from './cores.js';
import type { Row } from './row.js';
import type { ServerFigures, Trial } from './trial.js';

export interface RowResult {
  readonly row: Row;
  readonly trials: readonly Trial[];
}

const head = [
  'row',
  'core',
  'median ms quiet / attacked / after',
  'slowest ms',
  'failed',
  'RSS MB before / peak / after',
  'descriptors before / peak / after',
  'seen',
  'goal',
];

const tolerance = { medianTimes: 3, rssTimes: 1.2, descriptors: 2 } as const;

/** Which parts of the goal were missed; none: reached. */
export function misses(figures: ServerFigures, other: ServerFigures | undefined): readonly string[] {
  const { quiet, attacked, after, before, descriptorsAfter, rssAfter } = figures;
  if (descriptorsAfter === undefined || rssAfter === undefined) return ['the process ended'];
  const missed: string[] = [];
  const share = (each: ServerFigures): number => each.attacked.failed / each.attacked.tries;
  if (!(attacked.medianMs <= tolerance.medianTimes * quiet.medianMs)) missed.push('median');
  if (attacked.failed > 0 && (other === undefined || share(figures) > share(other))) missed.push('failures');
  if (after.failed > 0) missed.push('failures afterwards');
  if (rssAfter > tolerance.rssTimes * before.rssMegabytes) missed.push('RSS');
  if (descriptorsAfter > before.descriptors + tolerance.descriptors) missed.push('descriptors');
  return missed;
}

function cells(result: RowResult, trial: Trial): readonly string[] {
  const { row } = result;
  const { server } = trial;
  if (server === undefined) return [row.id, trial.core, '', '', '', '', '', trial.seen, ''];
  const { quiet, attacked, after, before, peak } = server;
  const other = result.trials.find(({ core }) => core !== trial.core)?.server;
  const missed = misses(server, other);
  return [
    row.id,
    trial.core,
    [quiet, attacked, after].map(({ medianMs }) => medianMs.toFixed(1)).join(' / '),
    attacked.maxMs.toFixed(0),
    `${attacked.failed} of ${attacked.tries}`,
    [before.rssMegabytes, peak.rssMegabytes, server.rssAfter ?? 'ended'].join(' / '),
    [before.descriptors, peak.descriptors, server.descriptorsAfter ?? 'ended'].join(' / '),
    trial.seen,
    missed.length === 0 ? 'reached' : `missed: ${missed.join(', ')}`,
  ];
}

export function formatTable(results: readonly RowResult[]): string {
  const lines = results.flatMap((result) => result.trials.map((trial) => cells(result, trial)));
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function versions(cores: readonly Core[]): string {
  const cpus = os.cpus();
  const info = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const lines = [
    `- ${cpus[0]?.model ?? 'unknown CPU'}, ${cpus.length} cores, ${os.type()} ${os.release()}`,
    `- tsray ${info.version}, Node.js ${process.versions.node}`,
  ];
  if (cores.includes('V2Ray')) {
    lines.push(`- ${execFileSync('v2ray', ['-version'], { encoding: 'utf8' }).split('\n')[0]}`);
  }
  return lines.join('\n');
}

const file = join(projectRoot, 'docs', 'security-tests.md');

/** What people have written about the figures outlives them: from the heading `Notes`. */
function notes(): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const at = text.indexOf('\n## Notes');
  return at < 0 ? '' : text.slice(at);
}

export function writeReport(results: readonly RowResult[], cores: readonly Core[]): void {
  const date = new Date().toISOString().slice(0, 10);
  const described = results.map(({ row }) => `- **${row.id}, ${row.title}.** ${row.what}`).join('\n');
  writeFileSync(
    file,
    `# Attacks on a running server

Written by \`npm run attack\` on ${date}; \`npm run attack -- 4 7\` runs rows 4 and 7 alone and writes nothing. Each row
starts a server, tsray and then V2Ray with the same inbounds, in a network namespace of its own, and attacks it for a few
seconds, after 600 connections that have warmed it up. Another user, the canary, opens a new connection every 200 ms, and each is timed until a byte has come back from an
echo: before the attack, while it runs, and once it is over.

The goal: the canary's median stays below three times the quiet one, no more of its connections fail than with V2Ray, ten
seconds after the attack the resident set is within 20 % of what it was, and no descriptor is left after five.

${versions(cores)}

${formatTable(results)}

## What each row does

${described}
${notes()}`,
  );
}
