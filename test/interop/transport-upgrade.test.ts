/** ws and httpupgrade against V2Ray 4.34, which has no early data and no httpupgrade; the rest tsray with tsray. */
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const leaf = makeCertificate({ names: ['proxy.example'] });
const tlsServer = { security: 'tls', tlsSettings: { certificates: [certificateEntry(leaf)] } };
const tlsClient = {
  security: 'tls',
  tlsSettings: {
    serverName: 'proxy.example',
    disableSystemRoot: true,
    certificates: [certificateEntry(leaf, 'verify')],
  },
};

const ws = (wsSettings: object = {}): object => ({
  network: 'ws',
  wsSettings: { path: '/way', ...wsSettings },
});
const httpupgrade = (httpupgradeSettings: object = {}): object => ({
  network: 'httpupgrade',
  httpupgradeSettings: { path: '/way', ...httpupgradeSettings },
});

/** tsray on both sides only. */
const ours = (name: string, client: object, server = client): TransportRow => ({
  name,
  client,
  server,
  v2ray: [],
});

const inHeader = ws({ maxEarlyData: 2048, earlyDataHeaderName: 'X-Early' });
const inPath = ws({ path: '/way/', maxEarlyData: 100 });

const rows: readonly TransportRow[] = [
  { name: 'ws', client: ws({ headers: { Host: 'cdn.example', 'X-Padding': 'x' } }), server: ws() },
  { name: 'ws+tls', client: { ...ws(), ...tlsClient }, server: { ...ws(), ...tlsServer } },
  // What V2Ray takes for a query like any other.
  { name: 'ws, V2Ray sends ?ed=2048', client: ws({ path: '/way?ed=2048' }), server: ws(), v2ray: ['client'] },
  ours('ws, early data as in Xray', ws({ path: '/way?ed=2048' }), ws()),
  ours(
    'ws, early data as in Xray, v2ray’s server settings',
    ws({ path: '/way?ed=2048' }),
    ws({
      maxEarlyData: 2048,
      earlyDataHeaderName: 'Sec-WebSocket-Protocol',
    }),
  ),
  ours('ws, early data in a header', inHeader),
  ours('ws, early data in the path', inPath),
  ours('ws+tls, early data in a header', { ...inHeader, ...tlsClient }, { ...inHeader, ...tlsServer }),
  ours('ws, heartbeat', ws({ heartbeatPeriod: 1 })),
  ours('httpupgrade', httpupgrade({ host: 'cdn.example' })),
  ours('httpupgrade+tls', { ...httpupgrade(), ...tlsClient }, { ...httpupgrade(), ...tlsServer }),
  ours('httpupgrade, data sent early', httpupgrade({ path: '/way?ed=1' }), httpupgrade()),
  ours(
    'httpupgrade, early data in a header',
    httpupgrade({ maxEarlyData: 60, earlyDataHeaderName: 'X-Early' }),
  ),
];

describeTransports(rows);
