/** `transportSettings`, by transport. */
import type { ConfigNode } from '../tree/node.js';
import { headerList } from './headers.js';
import { packetHeader, streamHeader } from './packet-header.js';
import { translateQuic } from './quic.js';
import type { At } from './report.js';
import { dropped, keep, type Shape, shape, translateObject } from './shape.js';
import { number, scaled, wrapped } from './values.js';

export type Role = 'inbound' | 'outbound';

interface Transport {
  /** Where the v4 form has the settings. */
  readonly key: string;
  /** `otherwise`: the hint for an unknown key that is near no other. */
  translate(node: ConfigNode, at: At, role: Role, otherwise: string | undefined): ConfigNode;
}

const tcp = shape(
  { headerSettings: keep('header', streamHeader), acceptProxyProtocol: keep('acceptProxyProtocol') },
  { header: 'Write "headerSettings" with "@type".' },
);

const pairs = headerList('key');
const olderHeaders = { headers: 'Write "header": [{ "key": ..., "value": ... }].' };

const ws = shape(
  {
    path: keep('path'),
    header: keep('headers', pairs),
    acceptProxyProtocol: keep('acceptProxyProtocol'),
    maxEarlyData: keep('maxEarlyData', number),
    useBrowserForwarding: keep('useBrowserForwarding'),
    earlyDataHeaderName: keep('earlyDataHeaderName'),
    parseXForwardedFor: keep('parseXForwardedFor'),
  },
  olderHeaders,
);

const httpUpgradeFields = {
  path: keep('path'),
  host: keep('host'),
  maxEarlyData: keep('maxEarlyData', number),
  earlyDataHeaderName: keep('earlyDataHeaderName'),
  header: keep('headers', pairs),
  parseXForwardedFor: keep('parseXForwardedFor'),
};

const httpUpgrade = {
  outbound: shape(httpUpgradeFields, olderHeaders),
  // V2Ray's server takes any host; the v4 form's key would make ours insist on it, as Xray does.
  inbound: shape({ ...httpUpgradeFields, host: dropped }, olderHeaders),
};

const grpc = shape({
  host: keep('authority'),
  serviceName: keep('serviceName'),
  idleTimeout: keep('idle_timeout', number),
  healthCheckTimeout: keep('health_check_timeout', number),
  permitWithoutStream: keep('permit_without_stream'),
  initialWindowsSize: keep('initial_windows_size', number),
  parseXForwardedFor: keep('parseXForwardedFor'),
});

const h2 = shape(
  {
    host: keep('host'),
    path: keep('path'),
    method: keep('method'),
    header: keep('headers', headerList('name')),
    parseXForwardedFor: keep('parseXForwardedFor'),
  },
  { headers: 'Write "header": [{ "name": ..., "value": [ ... ] }].' },
);

const halfMegabyte = 512 * 1024;

/** Bytes to the v4 form's megabytes, of which 0 stands for half of one. */
const megabytes = scaled((bytes) => (bytes <= halfMegabyte ? 0 : Math.ceil(bytes / 1024 / 1024)));

const kcp = shape(
  {
    mtu: keep('mtu', wrapped('value', number)),
    tti: keep('tti', wrapped('value', number)),
    uplinkCapacity: keep('uplinkCapacity', wrapped('value', number)),
    downlinkCapacity: keep('downlinkCapacity', wrapped('value', number)),
    congestion: keep('congestion'),
    writeBuffer: keep('writeBufferSize', wrapped('size', megabytes)),
    readBuffer: keep('readBufferSize', wrapped('size', megabytes)),
    // V2Ray's documentation has these two, in megabytes.
    writeBufferSize: keep('writeBufferSize', number),
    readBufferSize: keep('readBufferSize', number),
    headerConfig: keep('header', packetHeader),
    seed: keep(
      'seed',
      wrapped('seed', (node) => node),
    ),
  },
  { header: 'Write "headerConfig" with "@type".' },
);

const unix = shape({ path: keep('path'), abstract: keep('abstract'), padding: keep('padding') });

function shaped(key: string, shapes: Readonly<Record<Role, Shape>>): Transport {
  return {
    key,
    translate: (node, at, role, otherwise) => translateObject(node, shapes[role], at, otherwise),
  };
}

function both(key: string, each: Shape): Transport {
  return shaped(key, { inbound: each, outbound: each });
}

const transports = new Map<string, Transport>([
  ['tcp', both('tcpSettings', tcp)],
  ['ws', both('wsSettings', ws)],
  ['websocket', both('wsSettings', ws)],
  ['httpupgrade', shaped('httpupgradeSettings', httpUpgrade)],
  ['grpc', both('grpcSettings', grpc)],
  ['gun', both('grpcSettings', grpc)],
  ['h2', both('httpSettings', h2)],
  ['http', both('httpSettings', h2)],
  ['kcp', both('kcpSettings', kcp)],
  ['mkcp', both('kcpSettings', kcp)],
  ['quic', { key: 'quicSettings', translate: translateQuic }],
  ['domainsocket', both('dsSettings', unix)],
]);

/** Where the v4 form has the settings of a transport; undefined if there is no such transport here. */
export function settingsKey(transport: string): string | undefined {
  return transports.get(transport.toLowerCase())?.key;
}

/** `otherwise`: the hint for an unknown key that is near no other. */
export function translateTransport(
  transport: string,
  role: Role,
  node: ConfigNode,
  at: At,
  otherwise: string | undefined,
): ConfigNode {
  const known = transports.get(transport.toLowerCase());
  return known === undefined ? node : known.translate(node, at, role, otherwise);
}
