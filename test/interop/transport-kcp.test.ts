/** mKCP against V2Ray 4.34: each header, with and without a seed, and under TLS. */
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const ca = makeCertificate({ names: ['Test CA'], isCa: true });
const leaf = makeCertificate({ names: ['proxy.example'], issuer: ca });

function row(header: string, kcpSettings: object = {}): TransportRow {
  const stream = { network: 'kcp', kcpSettings: { header: { type: header }, ...kcpSettings } };
  const more = Object.keys(kcpSettings).map((key) => `, ${key}`);
  return { name: `kcp, header ${header}${more.join('')}`, client: stream, server: stream };
}

const tls = {
  server: { security: 'tls', tlsSettings: { certificates: [certificateEntry(leaf)] } },
  client: {
    security: 'tls',
    tlsSettings: {
      serverName: 'proxy.example',
      disableSystemRoot: true,
      certificates: [certificateEntry(ca, 'verify')],
    },
  },
};

const overTls = row('none', { seed: 'a seed' });

describeTransports([
  row('none'),
  row('none', { seed: 'a seed' }),
  row('srtp'),
  row('utp', { seed: 'another seed' }),
  row('wechat-video', { seed: 'a seed', congestion: true }),
  row('dtls', { tti: 20, mtu: 1200 }),
  row('wireguard', { seed: 'a seed', uplinkCapacity: 50, downlinkCapacity: 50 }),
  {
    name: `${overTls.name}, under TLS`,
    client: { ...overTls.client, ...tls.client },
    server: { ...overTls.server, ...tls.server },
  },
]);
