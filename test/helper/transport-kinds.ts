/** Every transport, by the names that the configuration uses, as settings for both sides on loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainTcp, type StreamSettings } from '../../src/transport/stack/stream-settings.js';
import { anyTls, grpcSettings, h2Settings } from './http2-settings.js';
import { kcpDefaults } from './kcp.js';
import { httpUpgradeSettings, wsSettings } from './upgrade-settings.js';

export interface TransportKind {
  readonly name: string;
  readonly settings: StreamSettings;
  /** Whether one side may end while the other goes on. */
  readonly halfClose: boolean;
}

const sockopt = { acceptProxyProtocol: false };
const secured = (settings: StreamSettings): StreamSettings => ({ ...settings, tls: anyTls() });
const header = { version: '1.1', headers: [['Host', ['example.com']]] } as const;
const kcp: StreamSettings = {
  network: 'kcp',
  kcp: { ...kcpDefaults, ttiMs: 10, downlinkCapacity: 100, uplinkCapacity: 100 },
  sockopt,
};
const folder = mkdtempSync(join(tmpdir(), 'tsray-kinds-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

export const transportKinds: readonly TransportKind[] = [
  { name: 'tcp', halfClose: true, settings: plainTcp },
  { name: 'tcp under TLS', halfClose: true, settings: secured(plainTcp) },
  {
    name: 'tcp with an HTTP header',
    halfClose: true,
    settings: {
      network: 'tcp',
      tcp: {
        acceptProxyProtocol: false,
        httpHead: {
          request: { ...header, method: 'GET', paths: ['/'] },
          response: { ...header, status: '200', reason: 'OK' },
        },
      },
      sockopt,
    },
  },
  {
    name: 'domainsocket',
    halfClose: true,
    settings: {
      network: 'domainsocket',
      unix: { path: join(folder, 'kinds.sock'), abstract: false, padding: false },
      sockopt,
    },
  },
  { name: 'ws', halfClose: false, settings: wsSettings() },
  { name: 'ws under TLS', halfClose: false, settings: secured(wsSettings()) },
  { name: 'httpupgrade', halfClose: true, settings: httpUpgradeSettings() },
  { name: 'http', halfClose: true, settings: h2Settings() },
  { name: 'http under TLS', halfClose: true, settings: h2Settings({}, anyTls()) },
  { name: 'grpc', halfClose: true, settings: grpcSettings() },
  { name: 'kcp', halfClose: false, settings: kcp },
  { name: 'kcp under TLS', halfClose: false, settings: secured(kcp) },
  {
    name: 'quic',
    halfClose: true,
    settings: { network: 'quic', quic: { security: 'none', key: '', header: 'none' }, sockopt },
  },
];
