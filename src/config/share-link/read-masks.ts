/** `fm`: Xray's `finalmask` as JSON, where newer cores have the seed and the header of mKCP. */
import { linkFault } from './fault.js';
import { settingsOfOutbound } from './outbound-settings.js';
import type { LinkValues } from './values.js';
import { networkOf } from './words.js';

/** Puts seed and header under their own names. Throws ERR_LINK for masks that tsray does not have. */
export function readMasks(values: LinkValues): void {
  const given = values.take('finalmask');
  if (given === '') return;
  const finalmask = parsed(given);
  if (Object.keys(finalmask).length === 0) return;
  const network = networkOf(values.take('network'));
  const { stream } = settingsOfOutbound({
    protocol: 'vmess',
    settings: { vnext: [{ address: 'localhost', port: 1, users: [{ id: 'any' }] }] },
    streamSettings: { network: network ?? 'tcp', finalmask },
  });
  if (stream.network !== 'kcp') return;
  setOnce(values, 'seed', stream.kcp.seed ?? '');
  setOnce(values, 'headerType', stream.kcp.header);
}

function parsed(given: string): object {
  try {
    const value = JSON.parse(given) as unknown;
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The fault below says it.
  }
  throw linkFault('expected a JSON object as finalmask ("fm"), found another text');
}

/** With two that differ nobody knows which counts. */
function setOnce(values: LinkValues, key: 'seed' | 'headerType', value: string): void {
  const beside = key === 'seed' ? values.exact(key) : values.take(key).toLowerCase();
  if (beside !== '' && beside !== 'none' && beside !== value) {
    throw linkFault(`the link has a ${key === 'seed' ? 'seed' : 'header'} and another one in "fm"`);
  }
  values.replace(key, value);
}
