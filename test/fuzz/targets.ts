/** Every decoder and parser of foreign bytes and text. */
import type { FuzzTarget } from './target.js';
import { apiTargets } from './targets/api.js';
import { dnsTargets } from './targets/dns.js';
import { openingTargets } from './targets/openings.js';
import { packetTargets } from './targets/packets.js';
import { textTargets } from './targets/texts.js';
import { vmessTargets } from './targets/vmess.js';

export const fuzzTargets: readonly FuzzTarget[] = [
  ...vmessTargets,
  ...dnsTargets,
  ...apiTargets,
  ...packetTargets,
  ...openingTargets,
  ...textTargets,
];
