/** The one server that a command works with, of those it was given. */
import { readEnvironmentFlags } from '../../config/environment.js';
import { TsrayError } from '../../core/errors.js';
import { columnsOf, paintFor } from '../terminal/style.js';
import type { Candidate, Candidates } from './candidates.js';
import { chooseServer, fastest } from './choose.js';
import { printNotes } from './notes.js';
import { byLatency, serverList } from './report.js';

export interface Pick {
  /** `--server`; undefined: there has to be one server only. */
  readonly server: string | undefined;
  /** URL that is asked for through each to find the fastest; undefined: that is not possible. */
  readonly target: string | undefined;
}

/** For each server that may be the fastest. */
const probeTimeoutMs = 10_000;

/** Servers that are listed without being asked for. */
const mostListed = 60;

/** Rejects with ERR_USAGE, after printing the list, if it is not clear which; with ERR_SUBSCRIPTION if there is none. */
export async function pickServer(candidates: Candidates, { server, target }: Pick): Promise<Candidate> {
  const { servers } = candidates;
  const [first, ...others] = servers;
  if (first === undefined) {
    printNotes(candidates);
    throw noServer('');
  }
  if (server !== undefined) {
    const found = chooseServer(servers, server);
    if (found !== fastest) return found;
    if (target !== undefined) return findFastest(servers, target);
    throw new TsrayError('ERR_USAGE', `--server ${fastest} is for \`tsray connect\``, {
      hint: '`tsray ping` finds out which it is.',
    });
  }
  if (others.length === 0) return first;
  const lines = serverList(servers, columnsOf(process.stderr), paintFor(process.stderr));
  // The head, and a screen or two.
  for (const line of lines.slice(0, 1 + mostListed)) console.error(line);
  if (servers.length > mostListed) {
    console.error(`... and ${servers.length - mostListed} more; \`tsray test\` lists all of them`);
  }
  throw new TsrayError('ERR_USAGE', `there are ${servers.length} servers, and --server does not say which`, {
    hint: 'Add --server with a number or a name of this list.',
  });
}

/** For what holds lines but not one that can be used; `given` undefined: a configuration. */
export function noServer(given: string | undefined): TsrayError {
  if (given === undefined)
    return new TsrayError('ERR_USAGE', 'the configuration has no outbound with a server');
  return new TsrayError('ERR_SUBSCRIPTION', 'there is no VMess server in it');
}

async function findFastest(servers: readonly Candidate[], target: string): Promise<Candidate> {
  const { probeAll } = await import('./probe.js');
  const flags = readEnvironmentFlags(process.env);
  const options = { target, timeoutMs: probeTimeoutMs, flags, concurrency: 16 };
  const [best] = byLatency(await probeAll(servers, options, true));
  if (best !== undefined && 'result' in best.probed) return best.candidate;
  throw new TsrayError('ERR_DIAL_FAILED', `none of ${servers.length} servers answered`, {
    hint: '`tsray ping` tells the reason of each.',
  });
}
