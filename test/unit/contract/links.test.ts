/** The Link contract, kept by every implementation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { ConnContext } from '../../../src/contract/conn-context.js';
import type { Dispatcher, Route } from '../../../src/contract/dispatcher.js';
import type { Outbound } from '../../../src/contract/outbound.js';
import { defaultLevelPolicy } from '../../../src/contract/policy.js';
import type { Dialer } from '../../../src/contract/transport.js';
import { systemRandom } from '../../../src/core/random.js';
import { LateLink } from '../../../src/core/stream/late-link.js';
import type { Link, LinkSink } from '../../../src/core/stream/link.js';
import { linkToDuplex } from '../../../src/core/stream/link-duplex.js';
import { createPipe } from '../../../src/core/stream/pipe.js';
import { prefixedLink } from '../../../src/core/stream/prefixed-link.js';
import type { RelayOutcome } from '../../../src/core/stream/relay.js';
import { nodeCrypto } from '../../../src/crypto/node.js';
import { MuxClient } from '../../../src/proxy/mux/client.js';
import { GlobalIds } from '../../../src/proxy/mux/global-id.js';
import { MuxServer } from '../../../src/proxy/mux/server.js';
import { duplexToLink } from '../../../src/transport/socket/duplex-link.js';
import { plainTcp, type StreamSettings } from '../../../src/transport/stack/stream-settings.js';
import { contextFor, destinationOf } from '../../helper/contexts.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { FakeDispatcher } from '../../helper/fake-dispatcher.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { anyTls, grpcSettings, h2Settings } from '../../helper/http2-settings.js';
import { kcpDefaults } from '../../helper/kcp.js';
import { firstText, type LinkEnds, type LinkKind, testLinkContract } from '../../helper/link-contract.js';
import { MemoryLogger } from '../../helper/memory-log.js';
import { loopback, startTransportServer, transportDialer } from '../../helper/transport.js';
import { earlyDataForms, httpUpgradeSettings, wsSettings } from '../../helper/upgrade-settings.js';
import { settle, VmessPair } from '../../helper/vmess-pair.js';

const first = Buffer.from(firstText);
const none = new Uint8Array(0);
const nothing = (): Promise<void> => Promise.resolve();

/** `wrap` makes the links of the two ends of a pipe. */
function overPipe(wrap: (link: Link) => Link, wrapFar: (link: Link) => Link = wrap): () => Promise<LinkEnds> {
  return () => {
    const [a, b] = createPipe();
    const near = wrap(a);
    near.write(first);
    return Promise.resolve({ near, far: wrapFar(b), close: nothing });
  };
}

function late(link: Link): Link {
  return new LateLink({
    open: async (bytes) => {
      await settle();
      link.write(bytes);
      return link;
    },
    discard: () => link.destroy(),
    watch: () => () => undefined,
  });
}

function same(link: Link): Link {
  return link;
}

/** Over sockets, as compose/ makes it. */
function transport(settings: StreamSettings): () => Promise<LinkEnds> {
  return async () => {
    const server = await startTransportServer(settings);
    const dialer: Dialer = transportDialer(settings);
    const near = await dialer.dial(loopback(server.port));
    near.write(first);
    const { link: far } = await server.next();
    return {
      near,
      far,
      async close() {
        await dialer.close();
        await server.listener.close();
      },
    };
  };
}

/** A dispatcher that keeps the one link it is given. */
function catcher(): { readonly dispatcher: Dispatcher; caught(): Link } {
  let link: Link | undefined;
  const relay = (given: Link): Promise<RelayOutcome> => {
    link = given;
    return new Promise(() => undefined);
  };
  const route: Route = { outboundTag: 'test', relay, discard: () => undefined };
  return {
    dispatcher: Object.assign(new FakeDispatcher(), { open: () => Promise.resolve(route) }) as FakeDispatcher,
    caught: () => link!,
  };
}

const target = contextFor(destinationOf('tcp', 'example.com', 443));

const nobody: LinkSink = {
  data: () => undefined,
  end: () => undefined,
  drain: () => undefined,
  closed: () => undefined,
};

async function vmess(): Promise<LinkEnds> {
  const { caught, dispatcher } = catcher();
  const pair = new VmessPair({ inbound: { dispatcher } });
  const near = await pair.outbound.open(target);
  near.write(first);
  // VMess reads nothing before it is started.
  near.start(nobody);
  await settle();
  return { near, far: caught(), close: nothing };
}

async function mux(): Promise<LinkEnds> {
  const { caught, dispatcher } = catcher();
  const clock = new FakeClock();
  const nextId = (): number => 1;
  const policy = { forLevel: () => defaultLevelPolicy };
  const server = new MuxServer({ policy, clock, nextId });
  const outbound: Outbound = Object.assign(new FakeOutbound(), {
    open: (context: ConnContext) => {
      const [near, far] = createPipe();
      void server.serve(context, far, dispatcher);
      return Promise.resolve(near);
    },
  });
  const client = new MuxClient({
    outbound,
    clock,
    log: new MemoryLogger(),
    nextId,
    bufferBytes: () => 64 * 1024,
    globalIds: new GlobalIds(nodeCrypto, systemRandom),
    settings: { concurrency: 8, udpConcurrency: 0, udp443: undefined },
    xudp: false,
  });
  const near = await client.open(target);
  near.write(first);
  await settle();
  return {
    near,
    far: caught(),
    async close() {
      await client.close();
      server.close();
    },
  };
}

const secured = (settings: StreamSettings): StreamSettings => ({ ...settings, tls: anyTls() });
const sockopt = { acceptProxyProtocol: false };
const kcp: StreamSettings = {
  network: 'kcp',
  kcp: { ...kcpDefaults, ttiMs: 10, downlinkCapacity: 100, uplinkCapacity: 100 },
  sockopt,
};
const quic: StreamSettings = {
  network: 'quic',
  quic: { security: 'none', key: '', header: 'none' },
  sockopt,
};
const header = { version: '1.1', headers: [['Host', ['example.com']]] } as const;
const httpHead: StreamSettings = {
  network: 'tcp',
  tcp: {
    acceptProxyProtocol: false,
    httpHead: {
      request: { ...header, method: 'GET', paths: ['/'] },
      response: { ...header, status: '200', reason: 'OK' },
    },
  },
  sockopt,
};
const folder = mkdtempSync(join(tmpdir(), 'tsray-links-'));
after(() => rmSync(folder, { recursive: true }));
const unix: StreamSettings = {
  network: 'domainsocket',
  unix: { path: join(folder, 'links.sock'), abstract: false, padding: false },
  sockopt,
};

const kinds: readonly LinkKind[] = [
  { name: 'pipe', halfClose: true, open: overPipe(same) },
  { name: 'prefixed', halfClose: true, open: overPipe((link) => prefixedLink(link, none)) },
  { name: 'duplex', halfClose: true, open: overPipe((link) => duplexToLink(linkToDuplex(link))) },
  { name: 'late', halfClose: true, open: overPipe(late, same), bothEnds: false },
  { name: 'tcp', halfClose: true, open: transport(plainTcp) },
  { name: 'tcp with HTTP header', halfClose: true, open: transport(httpHead) },
  { name: 'tls', halfClose: true, open: transport(secured(plainTcp)) },
  { name: 'domainsocket', halfClose: true, open: transport(unix) },
  { name: 'ws', halfClose: false, open: transport(wsSettings()) },
  { name: 'ws over TLS', halfClose: false, open: transport(secured(wsSettings())) },
  { name: 'ws, early data', halfClose: false, open: transport(wsSettings(earlyDataForms.header)) },
  { name: 'httpupgrade', halfClose: true, open: transport(httpUpgradeSettings()) },
  {
    name: 'httpupgrade, early data',
    halfClose: true,
    open: transport(httpUpgradeSettings({ earlyDataHeaderName: 'X-Early', maxEarlyData: 2048 })),
  },
  { name: 'http/2', halfClose: true, open: transport(h2Settings()) },
  { name: 'http/2 over TLS', halfClose: true, open: transport(h2Settings({}, anyTls())) },
  { name: 'grpc', halfClose: true, open: transport(grpcSettings()) },
  { name: 'kcp', halfClose: false, open: transport(kcp) },
  { name: 'quic', halfClose: true, open: transport(quic) },
  { name: 'vmess', halfClose: true, open: vmess },
  // A client's `end` is not told, a server's closes the session.
  { name: 'mux', halfClose: false, open: mux },
];

for (const kind of kinds) testLinkContract(kind);
