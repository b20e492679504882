/** The Link contract, kept by every implementation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { RelayOutcome, Route } from '../../../src/contract/dispatcher.js';
import type { Dialer } from '../../../src/contract/transport.js';
import type { Link } from '../../../src/core/stream/link.js';
import { linkToDuplex } from '../../../src/core/stream/link-duplex.js';
import { createPipe } from '../../../src/core/stream/pipe.js';
import { prefixedLink } from '../../../src/core/stream/prefixed-link.js';
import { duplexToLink } from '../../../src/transport/common/duplex-link.js';
import { LateLink } from '../../../src/transport/common/late-link.js';
import { plainTcp, type StreamSettings } from '../../../src/transport/stack/stream-settings.js';
import { contextFor, destinationOf } from '../../helper/contexts.js';
import { FakeDispatcher } from '../../helper/fake-dispatcher.js';
import { anyTls, grpcSettings, h2Settings } from '../../helper/http2-settings.js';
import { kcpDefaults } from '../../helper/kcp.js';
import { firstText, type LinkEnds, type LinkKind, testLinkContract } from '../../helper/link-contract.js';
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

/** Over sockets, as the registry makes it. */
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

async function vmess(): Promise<LinkEnds> {
  let far: Link | undefined;
  const accept = (link: Link): Promise<RelayOutcome> => {
    far = link;
    return new Promise(() => undefined);
  };
  const route: Route = { outboundTag: 'test', relay: accept, discard: () => undefined };
  const dispatcher = Object.assign(new FakeDispatcher(), { open: () => Promise.resolve(route) });
  const pair = new VmessPair({ inbound: { dispatcher } });
  const near = await pair.outbound.open(contextFor(destinationOf('tcp', 'example.com', 443)));
  near.write(first);
  // VMess sends nothing before it is started.
  near.start({
    data: () => undefined,
    end: () => undefined,
    drain: () => undefined,
    closed: () => undefined,
  });
  await settle();
  return { near, far: far!, close: nothing };
}

const secured = (settings: StreamSettings): StreamSettings => ({ ...settings, tls: anyTls() });
const sockopt = { acceptProxyProtocol: false };
const kcp: StreamSettings = {
  network: 'kcp',
  kcp: { ...kcpDefaults, ttiMs: 10, downlinkCapacity: 100, uplinkCapacity: 100 },
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
    open: transport(httpUpgradeSettings({ sendsEarly: true })),
  },
  { name: 'http/2', halfClose: true, open: transport(h2Settings()) },
  { name: 'http/2 over TLS', halfClose: true, open: transport(h2Settings({}, anyTls())) },
  { name: 'grpc', halfClose: true, open: transport(grpcSettings()) },
  { name: 'kcp', halfClose: false, open: transport(kcp) },
  { name: 'vmess', halfClose: true, open: vmess },
];

for (const kind of kinds) testLinkContract(kind);
