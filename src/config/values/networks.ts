/** V2Ray's NetworkList. */
import type { Network } from '../../core/net/destination.js';
import { nearestName } from '../did-you-mean.js';

const networks: readonly Network[] = ['tcp', 'udp'];

/** `tcp`, `udp` or both with a comma, in any case; spaces do not matter. Undefined for anything else. */
export function parseNetworks(given: string): readonly Network[] | undefined {
  const found = given
    .split(',')
    .map((item) => networks.find((network) => network === item.trim().toLowerCase()));
  const known = found.filter((network) => network !== undefined);
  return known.length === found.length ? [...new Set(known)] : undefined;
}

export function adviseNetworks(given: string): string | undefined {
  const near = nearestName(given.trim(), ['tcp', 'udp', 'tcp,udp']);
  return near === undefined ? undefined : `Did you mean "${near}"?`;
}
