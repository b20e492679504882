/** Tries servers: a small request through each, and how long its parts take. */
import type { OutboundSettings } from '../../config/settings.js';
import type { EnvironmentFlags } from '../../contract/environment.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { createClientOf } from '../../library/client.js';
import { createProgress } from '../terminal/progress.js';
import type { Candidate } from './candidates.js';
import type { Probed } from './probed.js';
import { count, type TriedServer } from './report.js';

export interface ProbeOptions {
  /** URL that is asked for. */
  readonly target: string;
  readonly timeoutMs: number;
  readonly flags: EnvironmentFlags;
}

/**
 * The first connection of a process pays for code that runs for the first time, which may be more than the way to the
 * server takes.
 */
const tries = 2;

/** Tries the first of `outbounds`, and gives the faster of two tries. Never rejects. */
export async function probe(outbounds: readonly OutboundSettings[], options: ProbeOptions): Promise<Probed> {
  let best = await probeOnce(outbounds, options);
  for (let attempt = 1; attempt < tries && 'result' in best; attempt += 1) {
    const next = await probeOnce(outbounds, options);
    if ('result' in next && next.result.totalMs < best.result.totalMs) best = next;
  }
  return best;
}

async function probeOnce(outbounds: readonly OutboundSettings[], options: ProbeOptions): Promise<Probed> {
  // One connection is all there will be.
  const single = outbounds.map(({ predial: _predial, ...rest }) => rest);
  try {
    // A client of its own each time: nothing is open yet.
    const client = createClientOf(single, { flags: options.flags });
    try {
      return { result: await client.ping({ url: options.target, timeoutMs: options.timeoutMs }) };
    } finally {
      await client.close();
    }
  } catch (error) {
    return { error: toTsrayError(error, 'ERR_INTERNAL') };
  }
}

/** Calls `work` for all items, at most `limit` at a time; the results have the order of the items. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** Tries all, with a line on standard error of how far it has come if `showsProgress` and that is a terminal. */
export async function probeAll(
  servers: readonly Candidate[],
  options: ProbeOptions & { readonly concurrency: number },
  showsProgress: boolean,
): Promise<readonly TriedServer[]> {
  const progress = createProgress(process.stderr, showsProgress);
  let done = 0;
  let answered = 0;
  const show = (): void =>
    progress.show(`trying ${count(servers.length, 'server')}: ${done} done, ${answered} answered`);
  show();
  const tried = await mapAtOnce(servers, options.concurrency, async (candidate) => {
    const probed = await probe(candidate.outbounds, options);
    done += 1;
    if ('result' in probed) answered += 1;
    show();
    return { candidate, probed };
  });
  progress.clear();
  return tried;
}

/** Throws ERR_USAGE for what is no `http:` or `https:` URL. */
export function checkTarget(target: string): void {
  if (URL.canParse(target) && /^https?:$/.test(new URL(target).protocol)) return;
  throw new TsrayError('ERR_USAGE', 'expected an http: or https: URL after --target');
}
