/** TLS, TCP with its HTTP header, and Unix sockets against V2Ray 4.34. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-stack-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ca = makeCertificate({ names: ['Test CA'], isCa: true });
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

const rows: readonly TransportRow[] = [{ name: 'tcp+tls', client: tlsClient, server: tlsServer }];

describeTransports(rows);
