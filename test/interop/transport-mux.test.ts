/** Mux over every transport. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-mux-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ca = makeCertificate({ names: ['Test CA'], isCa: true, keyType: 'rsa' });
const leaf = makeCertificate({ names: ['proxy.example'], issuer: ca });

const tlsServer = { security: 'tls', tlsSettings: { certificates: [certificateEntry(leaf)] } };
const tlsClient = {
  security: 'tls',
  tlsSettings: {
    serverName: 'proxy.example',
    disableSystemRoot: true,
    certificates: [certificateEntry(ca, 'verify')],
  },
};

const transports: readonly (readonly [string, object, TransportRow['v2ray']?])[] = [
  ['tcp', { network: 'tcp' }],
  ['tcp+http header', { network: 'tcp', tcpSettings: { header: { type: 'http' } } }],
  ['ws', { network: 'ws', wsSettings: { path: '/mux' } }],
  ['http', { network: 'http', httpSettings: { host: ['a.example'], path: '/mux' } }],
  ['kcp', { network: 'kcp', kcpSettings: { seed: 'a seed', header: { type: 'utp' } } }],
  ['domainsocket', { network: 'domainsocket', dsSettings: { path: join(folder, 'mux.sock') } }],
  ['httpupgrade', { network: 'httpupgrade', httpupgradeSettings: { path: '/mux' } }, []],
  ['grpc', { network: 'grpc', grpcSettings: { serviceName: 'mux' } }, []],
];

const mux = { enabled: true, concurrency: 8 };

describeTransports(
  transports.flatMap(([name, stream, v2ray]): TransportRow[] => {
    const peers = v2ray === undefined ? {} : { v2ray };
    const secured: TransportRow = {
      name: `mux over ${name}+tls`,
      client: { ...stream, ...tlsClient },
      server: { ...stream, ...tlsServer },
      outbound: { mux },
      ...peers,
    };
    // V2Ray's HTTP/2 client does not go without TLS.
    if (name === 'http') return [secured];
    const plain: TransportRow = {
      name: `mux over ${name}`,
      client: stream,
      server: stream,
      outbound: { mux },
      ...peers,
    };
    return [plain, secured];
  }),
);
