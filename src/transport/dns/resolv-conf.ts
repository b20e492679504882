/** resolv.conf(5): which name servers there are, and which names are tried for a short one. */
import { isIP } from 'node:net';
import { words } from './hosts-file.js';

export interface ResolvConf {
  /** IP addresses, at most three, as the C library reads them; a zone (`fe80::1%eth0`) is kept. */
  readonly nameServers: readonly string[];
  /** Suffixes for short names, without dots at their ends. */
  readonly search: readonly string[];
  /** A name with fewer dots is tried with the suffixes first. */
  readonly ndots: number;
  /** Seconds for one try, where the file says so. */
  readonly timeoutSeconds?: number;
  /** Tries for each query, where the file says so. */
  readonly attempts?: number;
}

const maxNameServers = 3;
/** As in the GNU C library. */
const maxSearch = 6;
const maxNdots = 15;
const maxTimeoutSeconds = 30;
const maxAttempts = 5;

export function parseResolvConf(text: string): ResolvConf {
  const nameServers: string[] = [];
  let search: readonly string[] = [];
  const numbers = new Map<string, number>();
  for (const line of text.split('\n')) {
    // Here a comment begins a line.
    if (line.startsWith(';') || line.startsWith('#')) continue;
    const [key, ...values] = words(line);
    const [first] = values;
    if (first === undefined) continue;
    if (key === 'nameserver' && isIP(first) !== 0 && nameServers.length < maxNameServers) {
      nameServers.push(first);
    } else if (key === 'search' || key === 'domain') {
      // The last of either counts.
      const suffixes = key === 'search' ? values : [first];
      search = suffixes
        .map((each) => each.replace(/\.$/, ''))
        .filter((each) => each.length > 0)
        .slice(0, maxSearch);
    } else if (key === 'options') {
      for (const option of values) {
        const match = /^(ndots|timeout|attempts):(\d{1,9})$/.exec(option);
        if (match !== null) numbers.set(match[1]!, Number(match[2]));
      }
    }
  }
  const timeout = numbers.get('timeout');
  const attempts = numbers.get('attempts');
  return {
    nameServers,
    search,
    ndots: Math.min(numbers.get('ndots') ?? 1, maxNdots),
    ...(timeout === undefined ? {} : { timeoutSeconds: Math.min(Math.max(timeout, 1), maxTimeoutSeconds) }),
    ...(attempts === undefined ? {} : { attempts: Math.min(Math.max(attempts, 1), maxAttempts) }),
  };
}

/** The full names to ask for, one after the other until one exists. A final dot says that a name is full already. */
export function fullNames(name: string, { search, ndots }: ResolvConf): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const dots = name.split('.').length - 1;
  const suffixed = search.map((suffix) => `${name}.${suffix}`);
  return dots >= ndots ? [name, ...suffixed] : [...suffixed, name];
}
