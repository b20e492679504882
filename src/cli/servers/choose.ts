/** One of several servers, by what a person says. Pure. */
import { TsrayError } from '../../core/errors.js';
import { printable } from '../terminal/width.js';
import type { Candidate } from './candidates.js';

/** `--server fastest`, unless a server is called so. */
export const fastest = 'fastest';

/**
 * The server with this number (from 1, in the order of the list), with this name, or with the only name that contains
 * it; letter case counts only if it has to. `fastest` is the caller's to find, and given back. Throws ERR_USAGE.
 */
export function chooseServer(servers: readonly Candidate[], wanted: string): Candidate | typeof fastest {
  const lower = wanted.toLowerCase();
  const tests: readonly ((name: string) => boolean)[] = [
    (name) => name === wanted,
    (name) => name.toLowerCase() === lower,
    (name) => lower !== '' && name.toLowerCase().includes(lower),
  ];
  for (const [index, test] of tests.entries()) {
    // A number and `fastest` come before names that merely contain them.
    if (index === 2) {
      if (lower === fastest) return fastest;
      if (/^\d+$/.test(wanted)) return numbered(servers, Number(wanted));
    }
    const found = servers.filter(({ name }) => test(printable(name)));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) throw ambiguous(servers, found);
  }
  throw new TsrayError('ERR_USAGE', `no server has the name ${shown(wanted)}`, {
    hint: `Part of a name, a number from 1 to ${servers.length}, or "${fastest}" will do.`,
  });
}

function numbered(servers: readonly Candidate[], number: number): Candidate {
  const found = servers[number - 1];
  if (found !== undefined) return found;
  const known = servers.length === 1 ? 'there is one server' : `there are ${servers.length} servers`;
  throw new TsrayError('ERR_USAGE', `${known}, and none has the number ${number}`);
}

function ambiguous(servers: readonly Candidate[], found: readonly Candidate[]): TsrayError {
  const names = found
    .slice(0, 5)
    .map((each) => `${servers.indexOf(each) + 1} (${printable(each.name)})`)
    .join(', ');
  const more = found.length > 5 ? ` and ${found.length - 5} more` : '';
  return new TsrayError('ERR_USAGE', `--server fits ${found.length} servers: ${names}${more}`, {
    hint: 'Give the number of one.',
  });
}

function shown(text: string): string {
  const name = printable(text);
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
}
