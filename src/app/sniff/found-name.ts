/** A name that a client's bytes told. */
import type { Sniffed } from '../../contract/route-query.js';
import { hostFromText } from '../../core/net/host-name.js';

/**
 * What was sniffed, with the name if it can be one. An address is not taken for a name: otherwise a client could lead
 * its connection to any address, past rules that have looked at the one it asked for.
 */
export function sniffedAs(
  protocol: string,
  host: string | undefined,
  attributes?: ReadonlyMap<string, string>,
): Sniffed {
  const address = host === undefined ? undefined : hostFromText(host);
  const name = address?.kind === 'domain' ? address.host.toLowerCase().replace(/\.$/, '') : '';
  return {
    protocol,
    ...(isName(name) ? { domain: name } : {}),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

/** No label is empty, and the last is no number: such a text would be read as an address by some. */
function isName(name: string): boolean {
  if (name === '' || name.startsWith('.') || name.includes('..')) return false;
  const last = name.slice(name.lastIndexOf('.') + 1);
  return !/^(?:\d+|0x[\da-f]*)$/.test(last);
}
