/** http and grpc. V2Ray 4.34 has http alone, and its client only with TLS. */
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

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

const named = {
  network: 'http',
  httpSettings: { host: ['a.example', 'b.example'], path: '/some/path', read_idle_timeout: 10 },
};
const grpc = { network: 'grpc', grpcSettings: { serviceName: 'GunService' } };
const multi = { network: 'gun', gunSettings: { serviceName: '/a/b/Up|Down', multiMode: true } };

const rows: readonly TransportRow[] = [
  { name: 'http+tls', client: { ...named, ...tlsClient }, server: { ...named, ...tlsServer } },
  {
    name: 'http+tls, host by default',
    client: { network: 'h2', ...tlsClient },
    server: { network: 'h2', ...tlsServer },
  },
  { name: 'http without TLS', client: named, server: named, v2ray: ['server'] },
  { name: 'grpc+tls', client: { ...grpc, ...tlsClient }, server: { ...grpc, ...tlsServer }, v2ray: [] },
  { name: 'grpc', client: grpc, server: grpc, v2ray: [] },
  { name: 'grpc, multiMode and a path of its own', client: multi, server: multi, v2ray: [] },
];

describeTransports(rows);
