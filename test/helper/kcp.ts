/** mKCP settings and parts for tests. */
import { nodeCrypto } from '../../src/crypto/node.js';
import { limitsOf } from '../../src/transport/kcp/limits.js';
import { createProtection } from '../../src/transport/kcp/protection.js';
import type { KcpSettings } from '../../src/transport/kcp/settings.js';
import { seededRandom } from './seeded-random.js';

/** V2Ray's defaults. */
export const kcpDefaults: KcpSettings = {
  mtu: 1350,
  ttiMs: 50,
  uplinkCapacity: 5,
  downlinkCapacity: 20,
  congestion: false,
  readBufferBytes: 2 * 1024 * 1024,
  writeBufferBytes: 2 * 1024 * 1024,
  header: 'none',
};

export const kcpHeaders = ['none', 'srtp', 'utp', 'wechat-video', 'dtls', 'wireguard'] as const;

export function kcpLimits(settings: Partial<KcpSettings> = {}) {
  const all = { ...kcpDefaults, ...settings };
  return limitsOf(all, createProtection(all.seed, nodeCrypto, seededRandom(1)));
}
