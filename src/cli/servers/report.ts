/** What is said of servers and subscriptions. Pure. */
import type { SubscriptionProfile } from '../../config/subscription/profile.js';
import { describeUserInfo } from '../../config/subscription/user-info.js';
import { describeError, type TsrayError } from '../../core/errors.js';
import type { PingResult } from '../../library/ping.js';
import type { Paint } from '../terminal/style.js';
import { formatTable } from '../terminal/table.js';
import { printable, wrap } from '../terminal/width.js';
import type { Candidate, Candidates, UselessLine } from './candidates.js';
import type { Probed } from './probed.js';

export interface TriedServer {
  readonly candidate: Candidate;
  /** From 1, as `--server` takes it; undefined for those of a configuration. */
  readonly number?: number;
  readonly probed: Probed;
}

/** The fastest first, then those that failed, in their order. */
export function byLatency(tried: readonly TriedServer[]): readonly TriedServer[] {
  const totalMs = ({ probed }: TriedServer): number =>
    'result' in probed ? probed.result.totalMs : Number.POSITIVE_INFINITY;
  return [...tried].sort((a, b) => {
    const [first, second] = [totalMs(a), totalMs(b)];
    return first === second ? 0 : first - second;
  });
}

/** Lines for people. */
export function pingReport(tried: readonly TriedServer[], width: number, paint: Paint): readonly string[] {
  const rows: string[][] = [];
  const failed: string[] = [];
  const hinted = new Set<string>();
  const counted = tried.length > 1 && tried.some(({ number }) => number !== undefined);
  for (const { candidate, number, probed } of byLatency(tried)) {
    const { server, transport } = candidate;
    const name = printable(candidate.name);
    if ('result' in probed) {
      const { dialMs, firstByteMs, handshakeMs, totalMs } = probed.result;
      rows.push([
        ...(counted ? [String(number)] : []),
        name,
        server,
        transport,
        ms(dialMs + handshakeMs),
        ms(firstByteMs),
        ms(totalMs),
      ]);
    } else {
      const title = [counted ? `${number}` : '', name, server].filter((text) => text !== '').join('  ');
      failed.push(
        `  ${paint('bold', title)}`,
        paint('red', wrap(reasonOf(probed.error, hinted), width, '    ')),
      );
    }
  }
  const [head = '', ...body] = formatTable([...(counted ? numberColumn : []), ...columns], rows, width);
  return [
    ...(rows.length === 0 ? [] : [paint('bold', head), ...body]),
    ...(rows.length === 0 || failed.length === 0 ? [] : ['']),
    ...(failed.length === 0
      ? []
      : [`${count(tried.length - rows.length, 'server')} did not answer:`, ...failed]),
  ];
}

/** The same hint once is enough. */
function reasonOf(error: TsrayError, hinted: Set<string>): string {
  const { code, hint = '', message } = error;
  if (hint === '' || hinted.has(hint)) return `${code}: ${message}`;
  hinted.add(hint);
  return describeError(error);
}

const numberColumn = [{ title: '#', align: 'right' }] as const;
const whatColumns = [
  { title: 'name', flexible: true },
  { title: 'server', flexible: true },
  { title: 'transport' },
] as const;
const columns = [
  ...whatColumns,
  { title: 'dial', align: 'right' },
  { title: 'first byte', align: 'right' },
  { title: 'total', align: 'right' },
] as const;

/** Servers with the numbers that `--server` takes, as lines for people. */
export function serverList(servers: readonly Candidate[], width: number, paint: Paint): readonly string[] {
  const rows = servers.map(({ name, server, transport }, index) => [
    String(index + 1),
    printable(name),
    server,
    transport,
  ]);
  const [head = '', ...body] = formatTable([...numberColumn, ...whatColumns], rows, width);
  return [paint('bold', head), ...body];
}

/** The same for machines. */
export function serverListJson({ profile, servers, useless }: Candidates): object {
  return {
    servers: servers.map(({ name, server, transport, warnings }, index) => ({
      number: index + 1,
      name,
      server,
      transport,
      warnings,
    })),
    ...restJson(useless, profile),
  };
}

/** What a subscription says of itself, without a full stop; empty if nothing. */
export function profileReport({ supportPage, title = '', usage = {}, webPage }: SubscriptionProfile): string {
  return [
    printable(title),
    describeUserInfo(usage),
    // What follows the host may be a password.
    ...(webPage === undefined ? [] : [`page ${new URL(webPage).origin}`]),
    ...(supportPage === undefined ? [] : [`support ${withoutSecrets(supportPage)}`]),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** A page that everybody may see has its name in the path. */
function withoutSecrets(page: string): string {
  const { origin, pathname } = new URL(page);
  return pathname.length > 1 && pathname.length <= 32 ? `${origin}${pathname}` : origin;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

/** `3 servers` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What is wrong with lines of a subscription, the same faults together, and how many servers of other protocols it has. */
export function uselessReport(useless: readonly UselessLine[]): readonly string[] {
  const lines = new Map<string, number[]>();
  const protocols = new Map<string, number>();
  for (const { error, line, protocol } of useless) {
    if (protocol === undefined) {
      const numbers = lines.get(error.message);
      if (numbers === undefined) lines.set(error.message, [line]);
      else numbers.push(line);
    } else {
      protocols.set(protocol, (protocols.get(protocol) ?? 0) + 1);
    }
  }
  const faults = [...lines].map(([message, numbers]) => {
    const some = numbers.slice(0, 5).join(', ');
    const more = numbers.length > 5 ? ` and ${numbers.length - 5} more` : '';
    return `line ${some}${more}: ${message}`;
  });
  if (protocols.size === 0) return faults;
  const counts = [...protocols]
    .sort(([, one], [, other]) => other - one)
    .map(([protocol, number]) => `${number} ${printable(protocol).slice(0, 40)}`);
  return [...faults, `left out, since tsray speaks VMess only: ${counts.join(', ')}`];
}

/** What links ask for and is not done, the same things together. */
export function warningsReport(candidates: readonly Candidate[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { warnings } of candidates) {
    for (const warning of warnings) counts.set(warning, (counts.get(warning) ?? 0) + 1);
  }
  return [...counts].map(([warning, number]) =>
    candidates.length === 1 ? warning : `${count(number, 'link')}: ${warning}`,
  );
}

/** For machines. */
export function pingJson(
  tried: readonly TriedServer[],
  useless: readonly UselessLine[],
  profile: SubscriptionProfile | undefined,
): object {
  return {
    servers: byLatency(tried).map(({ candidate, number, probed }) => {
      const { name, server, transport, warnings } = candidate;
      const common = { ...(number === undefined ? {} : { number }), name, server, transport, warnings };
      return 'result' in probed
        ? { ...common, ok: true, ...rounded(probed.result) }
        : {
            ...common,
            ok: false,
            code: probed.error.code,
            reason: probed.error.message,
            hint: probed.error.hint,
          };
    }),
    ...restJson(useless, profile),
  };
}

function restJson(useless: readonly UselessLine[], profile: SubscriptionProfile = {}): object {
  const { usage, ...rest } = profile;
  return {
    skipped: useless.map(({ error, line, protocol }) => ({
      line,
      reason: error.message,
      ...(protocol === undefined ? {} : { protocol }),
    })),
    ...(usage === undefined ? {} : { usage }),
    ...(Object.keys(rest).length === 0 ? {} : { profile: rest }),
  };
}

/** Microseconds mean nothing here. */
function rounded({ dialMs, firstByteMs, handshakeMs, status, totalMs }: PingResult): PingResult {
  const tenths = (value: number): number => Math.round(value * 10) / 10;
  return {
    dialMs: tenths(dialMs),
    handshakeMs: tenths(handshakeMs),
    firstByteMs: tenths(firstByteMs),
    totalMs: tenths(totalMs),
    status,
  };
}
