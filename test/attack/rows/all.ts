/** The rows of docs/security-tests.md, in order. */
import type { Row } from '../row.js';
import { abnormalEnds, descriptorsUsedUp } from './ends.js';
import { httpBlanks } from './http-blanks.js';
import { http2ConnectionError, rapidReset } from './http2.js';
import { legacyProbe, legacyReplay } from './legacy.js';
import { kcpGaps, webSocketMessages } from './memory.js';
import { muxDown, xudp } from './mux-user.js';
import { portZero } from './port-zero.js';
import { silentNames } from './silent-names.js';
import { soak } from './soak.js';
import { tlsLeavers } from './tls-leavers.js';
import { kcpAmplification, kcpFlood, quicFlood } from './udp-floods.js';
import { yamlAliases } from './yaml-aliases.js';

export const rows: readonly Row[] = [
  portZero,
  http2ConnectionError,
  httpBlanks,
  silentNames,
  tlsLeavers,
  webSocketMessages,
  kcpGaps,
  kcpFlood,
  kcpAmplification,
  quicFlood,
  rapidReset,
  yamlAliases,
  legacyProbe,
  legacyReplay,
  muxDown,
  xudp,
  soak,
  descriptorsUsedUp,
  abnormalEnds,
];

/** Those of the numbers asked for: `7` is 7a, 7b and so on. */
export function rowsOf(numbers: readonly string[]): readonly Row[] {
  if (numbers.length === 0) return rows;
  return rows.filter(({ id }) => numbers.includes(id) || numbers.includes(String(Number.parseInt(id, 10))));
}
