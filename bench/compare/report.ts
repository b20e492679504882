/** Results as a table on the terminal and as docs/benchmarks.md with charts. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../test/helper/project.js';
import { barChart } from './chart.js';
import type { Core } from './cores.js';
import type { Figure } from './figures.js';

export interface Result {
  readonly figure: Figure;
  /** V2Ray, then the kind of tsray it is compared with. */
  readonly contenders: readonly Core[];
  readonly medians: ReadonlyMap<Core, number>;
}

function ours(result: Result): number {
  return result.medians.get(result.contenders[1]!)!;
}

function theirs(result: Result): number {
  return result.medians.get('v2ray')!;
}

function ratio(result: Result): number {
  return ours(result) / theirs(result);
}

function goal({ figure }: Result): string {
  if (figure.atMost !== undefined) return `≤ ${figure.atMost}`;
  if (figure.atLeast !== undefined) return `≥ ${figure.atLeast}`;
  if (figure.absolute !== undefined) return `≤ ${figure.absolute} ${figure.unit}`;
  return '';
}

function reached(result: Result): boolean | undefined {
  const { absolute, atLeast, atMost } = result.figure;
  if (atMost !== undefined) return ratio(result) <= atMost;
  if (atLeast !== undefined) return ratio(result) >= atLeast;
  return absolute === undefined ? undefined : ours(result) <= absolute;
}

function mark(result: Result): string {
  const yes = reached(result);
  return yes === undefined ? '' : yes ? 'yes' : 'no';
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function verdict(result: Result): string {
  const { unit } = result.figure;
  return `V2Ray ${number(theirs(result))} ${unit}, tsray ${number(ours(result))} ${unit}, ratio ${number(ratio(result))} ${goal(result)} ${mark(result)}`;
}

export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.figure.title,
    result.figure.unit,
    number(theirs(result)),
    number(ours(result)),
    number(ratio(result)),
    goal(result),
    mark(result),
  ]);
  const head = ['figure', 'unit', 'V2Ray', 'tsray', 'ratio', 'goal', 'reached'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function versions(): string {
  const first = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]!;
  const info = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const cpu = os.cpus();
  return [
    `- ${cpu[0]?.model ?? 'unknown CPU'}, ${cpu.length} cores, ${os.type()} ${os.release()}`,
    `- tsray ${info.version}, Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    `- ${first('v2ray', ['-version'])}`,
    `- ${first('iperf3', ['--version'])}`,
  ].join('\n');
}

function values(
  results: readonly Result[],
  ids: readonly string[],
): { label: string; v2ray: number; tsray: number }[] {
  return ids.flatMap((id) => {
    const result = results.find(({ figure }) => figure.id === id);
    return result === undefined
      ? []
      : [{ label: result.figure.title, v2ray: theirs(result), tsray: ours(result) }];
  });
}

/** What people have written about the figures, which outlives them: from the first heading below the title. */
function notes(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const at = text.indexOf('\n## ');
  return at < 0 ? '' : text.slice(at);
}

/** Writes docs/benchmarks.md anew, but for its notes. `failed`: what could not be measured, and why. */
export function writeReport(results: readonly Result[], rounds: number, failed: readonly string[]): void {
  const folder = join(projectRoot, 'docs', 'charts');
  mkdirSync(folder, { recursive: true });
  const charts: readonly [file: string, title: string, unit: string, ids: readonly string[]][] = [
    [
      'cpu-per-byte.svg',
      'CPU per byte',
      'ns/B',
      results.filter(({ figure }) => figure.unit === 'ns/B').map(({ figure }) => figure.id),
    ],
    [
      'connections.svg',
      'CPU per connection or request',
      'us',
      ['client-new-connection', 'server-users-1', 'client-keep-alive'],
    ],
    ['memory.svg', 'Memory per idle connection', 'KiB', ['client-idle-memory', 'server-idle-memory']],
    [
      'users.svg',
      'Users against the cost of a new connection',
      'us',
      ['server-users-1', 'server-users-1000', 'server-users-10000'],
    ],
  ];
  const drawn = charts.filter(([, , , ids]) => values(results, ids).length > 0);
  for (const [chart, title, unit, ids] of drawn) {
    writeFileSync(join(folder, chart), barChart(title, unit, values(results, ids)));
  }
  const date = new Date().toISOString().slice(0, 10);
  const file = join(projectRoot, 'docs', 'benchmarks.md');
  const text = `# Benchmarks

Written by \`npm run bench\` on ${date}. Every figure compares the CPU time (user and system) of one process, or what
the line says, in the same role, with V2Ray as its peer. Both were measured in the same run, in turn, ${
    rounds === 1
      ? 'once'
      : `${rounds} times; the
table shows medians`
  }. Ratios carry over to other machines better than the values do.

${versions()}

${formatTable(results)}

${failed.map((each) => `Not measured: ${each}\n\n`).join('')}${drawn.map(([chart, title]) => `![${title}](charts/${chart})`).join('\n\n')}
${notes(file)}`;
  writeFileSync(file, text);
}
