/** The table of transports that go over links or sockets, with TLS between them or without. */
import type { Dialer, Listen } from '../../contract/transport.js';
import type { ClientCarrier, ServerCarrier, TransportDeps } from '../carrier/framing.js';
import { createGrpcDialer } from '../grpc/dial.js';
import { createGrpcListen } from '../grpc/listen.js';
import { createH2Dialer } from '../h2/dial.js';
import { createH2Listen } from '../h2/listen.js';
import { createHttpUpgradeDialer } from '../httpupgrade/dial.js';
import { createHttpUpgradeListen } from '../httpupgrade/listen.js';
import { createHttpHeadDialer, createHttpHeadListen } from '../tcp/http-head-transport.js';
import { createWsDialer } from '../ws/dial.js';
import { createWsListen } from '../ws/listen.js';
import type { StreamSettings } from './stream-settings.js';

/** Settings of what TLS can go over: QUIC has it inside. */
export type CarriedSettings = Exclude<StreamSettings, { readonly network: 'quic' }>;

type Network = CarriedSettings['network'];

/** One transport: what it makes of the way below it. */
export interface Transport<S> {
  dial(settings: S, carrier: ClientCarrier, deps: TransportDeps): Dialer;
  listen(settings: S, carrier: ServerCarrier, deps: TransportDeps): Listen;
  /** What is offered for ALPN where the settings have none: V2Ray's values. */
  readonly alpn: readonly string[];
  /** The one protocol of ALPN it can speak. Absent: any. */
  readonly onlyAlpn?: 'http/1.1' | 'h2';
  /** `acceptProxyProtocol` in its own settings, beside that in `sockopt`. */
  proxied?(settings: S): boolean;
}

export type Transports = {
  readonly [N in Network]: Transport<Extract<CarriedSettings, { readonly network: N }>>;
};

const anyAlpn = ['h2', 'http/1.1'] as const;

/** Nothing stands between a link and what carries it. */
const asCarried = {
  alpn: anyAlpn,
  dial: (_settings: unknown, { links }: ClientCarrier) => links,
  listen: (_settings: unknown, { links }: ServerCarrier) => links,
};

export const transports: Transports = {
  tcp: {
    alpn: anyAlpn,
    dial: ({ tcp: { httpHead } }, { links }, deps) =>
      httpHead === undefined ? links : createHttpHeadDialer(httpHead, links, deps),
    listen: ({ tcp: { httpHead } }, { links }, deps) =>
      httpHead === undefined ? links : createHttpHeadListen(httpHead, links, deps),
    proxied: ({ tcp }) => tcp.acceptProxyProtocol,
  },
  domainsocket: asCarried,
  kcp: asCarried,
  ws: {
    alpn: ['http/1.1'],
    onlyAlpn: 'http/1.1',
    dial: ({ ws }, carrier, deps) => createWsDialer(ws, carrier, deps),
    listen: ({ ws }, carrier, deps) => createWsListen(ws, carrier, deps),
    proxied: ({ ws }) => ws.acceptProxyProtocol,
  },
  httpupgrade: {
    alpn: ['http/1.1'],
    onlyAlpn: 'http/1.1',
    dial: ({ httpupgrade }, carrier, deps) => createHttpUpgradeDialer(httpupgrade, carrier, deps),
    listen: ({ httpupgrade }, carrier, deps) => createHttpUpgradeListen(httpupgrade, carrier, deps),
    proxied: ({ httpupgrade }) => httpupgrade.acceptProxyProtocol,
  },
  http: {
    alpn: ['h2'],
    onlyAlpn: 'h2',
    dial: ({ h2 }, carrier, deps) => createH2Dialer(h2, carrier, deps),
    listen: ({ h2 }, carrier, deps) => createH2Listen(h2, carrier, deps),
  },
  grpc: {
    alpn: ['h2'],
    onlyAlpn: 'h2',
    dial: ({ grpc }, carrier, deps) => createGrpcDialer(grpc, carrier, deps),
    listen: ({ grpc }, carrier, deps) => createGrpcListen(grpc, carrier, deps),
  },
};

/**
 * The transport of `settings`. A table keyed by the network holds the one for just these settings, which TypeScript
 * cannot follow; it knows a union of functions only.
 */
export function transportOf(table: Transports, { network }: CarriedSettings): Transport<CarriedSettings> {
  return table[network] as Transport<CarriedSettings>;
}
