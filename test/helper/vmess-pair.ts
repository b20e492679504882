/** A VMess outbound and inbound joined by in-memory pipes: no sockets, one clock. */

import { defaultLevelPolicy } from '../../src/contract/policy.js';
import type { ReplayStore } from '../../src/contract/replay-store.js';
import type { Dialer } from '../../src/contract/transport.js';
import type { TsrayError } from '../../src/core/errors.js';
import { parseAddress } from '../../src/core/net/address.js';
import { systemRandom } from '../../src/core/random.js';
import type { Link } from '../../src/core/stream/link.js';
import { createPipe } from '../../src/core/stream/pipe.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import type { CryptoProvider } from '../../src/crypto/provider.js';
import { createVmessInbound, type VmessInboundDeps } from '../../src/proxy/vmess/inbound.js';
import { VmessOutbound } from '../../src/proxy/vmess/outbound.js';
import { createServerState } from '../../src/proxy/vmess/server-state.js';
import type { SecuritySetting, VmessOutboundUser } from '../../src/proxy/vmess/settings.js';
import { UserTable } from '../../src/proxy/vmess/user-table.js';
import { parseUuid } from '../../src/proxy/vmess/uuid.js';
import { destinationOf } from './contexts.js';
import { FakeClock } from './fake-clock.js';
import { FakeDispatcher } from './fake-dispatcher.js';
import { MemoryAccessLog, MemoryLogger } from './memory-log.js';

export const testId = parseUuid('b831381d-6324-4d53-ad4f-8cda48b30811')!;

export interface PairOptions {
  readonly security?: SecuritySetting;
  readonly alterId?: number;
  readonly clientId?: Uint8Array;
  readonly authenticatedLength?: boolean;
  readonly terminationSignal?: boolean;
  readonly padNone?: boolean;
  readonly crypto?: CryptoProvider;
  readonly inbound?: Partial<VmessInboundDeps>;
  /** The server's memory of what was seen, in place of its own. */
  readonly stores?: { readonly replays?: ReplayStore; readonly sessions?: ReplayStore };
  readonly users?: UserTable;
  /** Sees and may change what the client sends. */
  readonly tap?: (link: Link) => Link;
}

export class VmessPair {
  readonly clock = new FakeClock();
  readonly dispatcher = new FakeDispatcher();
  readonly log = new MemoryLogger();
  readonly accessLog = new MemoryAccessLog();
  readonly outbound: VmessOutbound;
  /** Both ends of each carrier, in the order of the dials. */
  readonly carriers: { readonly client: Link; readonly server: Link }[] = [];
  /** Answers of the next dials; a carrier to the inbound otherwise. */
  readonly dialErrors: TsrayError[] = [];
  readonly dialed: string[] = [];
  /** Clients that the server has let in. */
  admitted = 0;

  constructor(options: PairOptions = {}) {
    const crypto = options.crypto ?? nodeCrypto;
    const alterId = options.alterId ?? 0;
    let accept: Parameters<VmessInboundDeps['openPorts']>[0] = () => undefined;
    createVmessInbound({
      tag: 'in',
      openPorts: (a) => {
        accept = a;
        return {
          addresses: [],
          start: () => Promise.resolve(),
          drain: () => Promise.resolve(),
          close: () => Promise.resolve(),
          offer: () => undefined,
        };
      },
      place: 'vmess',
      server: createServerState({
        crypto,
        random: systemRandom,
        nowSeconds: () => Math.floor(this.clock.nowMs() / 1000),
        users:
          options.users ??
          new UserTable(crypto, [{ id: testId, alterId, email: 'love@example.com', level: 3 }]),
        ...options.stores,
      }),
      flags: { vmessAeadForced: false },
      disableInsecureEncryption: false,
      dispatcher: this.dispatcher,
      policy: { forLevel: () => defaultLevelPolicy },
      clock: this.clock,
      random: systemRandom,
      crypto,
      log: this.log,
      accessLog: this.accessLog,
      nextId: () => 1,
      ...options.inbound,
    });
    const dialer: Dialer = {
      dial: (destination) => {
        this.dialed.push(`${destination.address.host}:${destination.port}`);
        const error = this.dialErrors.shift();
        if (error !== undefined) return Promise.reject(error);
        const [client, server] = createPipe();
        this.carriers.push({ client, server });
        accept({
          link: server,
          source: destinationOf('tcp', '192.0.2.9', 40_000),
          local: destinationOf('tcp', '192.0.2.1', 10_086),
          admit: () => {
            this.admitted += 1;
          },
        });
        return Promise.resolve(options.tap?.(client) ?? client);
      },
      close: () => Promise.resolve(),
    };
    const user: VmessOutboundUser = {
      id: options.clientId ?? testId,
      alterId,
      email: '',
      level: 0,
      security: options.security ?? 'aes-128-gcm',
      authenticatedLength: options.authenticatedLength ?? false,
      terminationSignal: options.terminationSignal ?? true,
    };
    this.outbound = new VmessOutbound({
      tag: 'out',
      settings: { servers: [{ address: parseAddress('192.0.2.1'), port: 10_086, users: [user] }] },
      dialer,
      clock: this.clock,
      random: systemRandom,
      crypto,
      flags: { vmessAeadDisabled: false, vmessPadding: options.padNone ?? false },
      fastestSecurity: 'aes-128-gcm',
    });
  }
}

/** Lets promises and microtasks that are due run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
