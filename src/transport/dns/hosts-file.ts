/** The system's hosts file: addresses of names, one address a line with its names behind it. */
import { isIP } from 'node:net';
import { type Address, parseAddress } from '../../core/net/address.js';

/** Lower-case names to their addresses in the order of the file. */
export type HostsTable = ReadonlyMap<string, readonly Address[]>;

/** Lines without an address in front, and zones (`fe80::1%eth0`), which a name alone cannot reach, are passed over. */
export function parseHostsFile(text: string): HostsTable {
  const table = new Map<string, Address[]>();
  for (const line of text.split('\n')) {
    const [first, ...names] = words(line);
    if (first === undefined || isIP(first) === 0 || first.includes('%')) continue;
    const address = parseAddress(first);
    for (const name of names) {
      const key = hostKey(name);
      const known = table.get(key);
      if (known === undefined) table.set(key, [address]);
      else if (!known.some(({ host }) => host === address.host)) known.push(address);
    }
  }
  return table;
}

/** Names are the same in any case, and with a final dot or without. */
export function hostKey(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** The words of a line of one of the system's files, without what a `#` begins. */
export function words(line: string): readonly string[] {
  const comment = line.indexOf('#');
  const text = comment < 0 ? line : line.slice(0, comment);
  return text.split(/[ \t\r\f\v]/).filter((word) => word.length > 0);
}
