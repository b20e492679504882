/** The servers that are attacked: tsray and V2Ray with the same inbounds, one for each kind of attack. */

import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { findProgram } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { startV2ray } from '../helper/v2ray.js';

export type Core = 'tsray' | 'V2Ray';

export const attackerId = '11111111-2222-4333-8444-555555555555';
export const canaryId = '99999999-8888-4777-8666-555555555555';

export const inboundNames = ['tcp', 'ws', 'tls', 'h2', 'kcp', 'quic', 'socks', 'http', 'legacy'] as const;
export type InboundName = (typeof inboundNames)[number];
export type Ports = Readonly<Record<InboundName, number>>;

export interface ServerOptions {
  /** Users of the inbound `legacy` and the alterId of each. */
  readonly legacy?: { readonly users: number; readonly alterId: number };
  /** `ulimit -n` */
  readonly openFiles?: number;
  /** Of V8, in MB; V2Ray has no such bound. */
  readonly heapMegabytes?: number;
}

export interface AttackedServer {
  readonly core: Core;
  readonly pid: number;
  readonly ports: Ports;
  readonly exit: Promise<unknown>;
  readonly log: () => string;
  close(): Promise<void>;
}

/** Those that are installed. */
export function availableCores(): readonly Core[] {
  return findProgram('v2ray') === undefined ? ['tsray'] : ['tsray', 'V2Ray'];
}

/** The n-th legacy user. */
export function legacyUserId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

function streamSettings(name: InboundName): object {
  const security = { security: 'tls', tlsSettings: { certificates: [certificateEntry(makeCertificate())] } };
  switch (name) {
    case 'ws':
      return { network: 'ws', wsSettings: { path: '/w' } };
    case 'tls':
      return security;
    case 'h2':
      return { network: 'h2', httpSettings: { path: '/h', host: ['localhost'] }, ...security };
    case 'kcp':
      return { network: 'kcp', kcpSettings: {} };
    case 'quic':
      return { network: 'quic', quicSettings: {} };
    default:
      return {};
  }
}

function inbound(name: InboundName, port: number, { legacy }: ServerOptions): object {
  const place = { listen: '127.0.0.1', port };
  if (name === 'socks') return { ...place, protocol: 'socks', settings: { udp: true } };
  if (name === 'http') return { ...place, protocol: 'http' };
  const current = [
    { id: attackerId, email: 'attacker@example.com' },
    { id: canaryId, email: 'canary@example.com' },
  ];
  const { users, alterId } = legacy ?? { users: 1, alterId: 4 };
  const old = Array.from({ length: users }, (_, index) => ({
    id: legacyUserId(index),
    alterId,
    email: `legacy${index}@example.com`,
  }));
  return {
    ...place,
    protocol: 'vmess',
    settings: { clients: name === 'legacy' ? old : current },
    streamSettings: streamSettings(name),
  };
}

/** Resolves once every inbound listens. */
export async function startServer(core: Core, options: ServerOptions): Promise<AttackedServer> {
  const first = await freePortRange(inboundNames.length);
  const ports = Object.fromEntries(inboundNames.map((name, index) => [name, first + index])) as Ports;
  const config = {
    log: { loglevel: 'warning' },
    inbounds: inboundNames.map((name) => inbound(name, ports[name], options)),
    outbounds: [{ protocol: 'freedom' }],
  };
  const { openFiles, heapMegabytes } = options;
  const started =
    core === 'V2Ray'
      ? await startV2ray(config, {}, openFiles)
      : await startTsrayProcess(
          config,
          heapMegabytes === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` },
          [],
          openFiles,
        );
  return {
    core,
    ports,
    pid: started.process.pid,
    exit: started.process.exit,
    log: () => started.log,
    close: () => started.close(),
  };
}
