/** Faults of the transports over TCP: TLS, the HTTP header, WebSocket, HTTPUpgrade, HTTP/2 and gRPC. */
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransportFaults, type FaultRow } from './transport-faults.js';

const certificate = makeCertificate({ names: ['localhost'] });

const both = (name: string, settings: object): FaultRow => ({ name, client: settings, server: settings });
const secured = (name: string, settings: object): FaultRow => ({
  name: `${name} over TLS`,
  client: { ...settings, security: 'tls', tlsSettings: { allowInsecure: true, serverName: 'localhost' } },
  server: { ...settings, security: 'tls', tlsSettings: { certificates: [certificateEntry(certificate)] } },
});

const httpHead = { tcpSettings: { header: { type: 'http' } } };
const ws = { network: 'ws', wsSettings: { path: '/ray' } };

describeTransportFaults([
  secured('tcp', {}),
  both('tcp, header http', httpHead),
  secured('tcp, header http', httpHead),
  both('ws', ws),
  secured('ws', ws),
  both('httpupgrade', { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } }),
  secured('http', { network: 'http', httpSettings: { host: ['localhost'] } }),
  both('grpc', { network: 'grpc', grpcSettings: { serviceName: 'gun' } }),
]);
