/** TLS, TCP with its HTTP header, and Unix sockets against V2Ray 4.34. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-stack-'));
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

const header = {
  type: 'http',
  request: { path: ['/one', '/two'], headers: { Host: ['a.example', 'b.example'], 'X-Padding': 'x' } },
  response: { headers: { Server: 'nginx' } },
};
const httpHead = { network: 'tcp', tcpSettings: { header } };
const plainHead = { network: 'tcp', tcpSettings: { header: { type: 'http' } } };

const unix = (name: string, more: object = {}): object => ({
  network: 'domainsocket',
  dsSettings: { path: join(folder, name), ...more },
});
const abstract = (name: string, padding = false): object => ({
  network: 'ds',
  dsSettings: { path: `${name}-${process.pid}`, abstract: true, padding },
});
/** Older Node.js pads all abstract names. */
const exactNames = Number.parseInt(process.versions.node, 10) >= 22;

/** V2Ray and tsray take turns on one path. */
const both = (settings: object): Pick<TransportRow, 'client' | 'server'> => ({
  client: settings,
  server: settings,
});

const rows: readonly TransportRow[] = [
  { name: 'tcp+tls', client: tlsClient, server: tlsServer },
  {
    name: 'tcp+tls, resumed, certificate issued for the name',
    client: { ...tlsClient, tlsSettings: { ...tlsClient.tlsSettings, enableSessionResumption: true } },
    server: {
      security: 'tls',
      tlsSettings: { certificates: [certificateEntry(ca, 'issue')], enableSessionResumption: true },
    },
  },
  { name: 'tcp+http header', ...both(httpHead) },
  { name: 'tcp+http header by default', ...both(plainHead) },
  {
    name: 'tcp+http header+tls',
    client: { ...httpHead, ...tlsClient },
    server: { ...httpHead, ...tlsServer },
  },
  { name: 'domainsocket', ...both(unix('plain.sock')) },
  {
    name: 'domainsocket+tls',
    client: { ...unix('tls.sock'), ...tlsClient },
    server: { ...unix('tls.sock'), ...tlsServer },
  },
  ...(exactNames ? [{ name: 'domainsocket, abstract', ...both(abstract('tsray')) }] : []),
  { name: 'domainsocket, abstract and padded', ...both(abstract('tsray', true)) },
];

describeTransports(rows);
