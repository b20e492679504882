/** QUIC against V2Ray 4.34: each security and header, with its own TLS and with certificates of ours, and under Mux. */
import { certificateEntry, makeCertificate, type TestCertificate } from '../helper/certificates.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const ca = makeCertificate({ names: ['Test CA'], isCa: true });
const leaf = makeCertificate({ names: ['proxy.example'], issuer: ca });

function row(security: string, header: string, key = ''): TransportRow {
  const stream = { network: 'quic', quicSettings: { security, key, header: { type: header } } };
  return {
    name: `quic, security ${security}${key === '' ? '' : ' with a key'}, header ${header}`,
    client: stream,
    server: stream,
  };
}

function under(own: TestCertificate, trusted: TestCertificate) {
  return {
    server: { security: 'tls', tlsSettings: { certificates: [certificateEntry(own)] } },
    client: {
      security: 'tls',
      tlsSettings: {
        serverName: 'proxy.example',
        disableSystemRoot: true,
        certificates: [certificateEntry(trusted, 'verify')],
      },
    },
  };
}

const tls = under(leaf, ca);
const own = makeCertificate({ names: ['proxy.example'] });
const selfSigned = under(own, own);

const plain = row('none', 'none');
const sealed = row('aes-128-gcm', 'dtls', 'a key');

describeTransports([
  plain,
  { name: 'quic without quicSettings', client: { network: 'quic' }, server: { network: 'quic' } },
  row('none', 'srtp'),
  row('aes-128-gcm', 'utp', 'a key'),
  row('chacha20-poly1305', 'wechat-video', 'another key'),
  row('chacha20-poly1305', 'wireguard'),
  {
    name: `${plain.name}, under TLS`,
    client: { ...plain.client, ...tls.client },
    server: { ...plain.server, ...tls.server },
  },
  {
    name: `${plain.name}, under TLS with a certificate that signs itself`,
    client: { ...plain.client, ...selfSigned.client },
    server: { ...plain.server, ...selfSigned.server },
  },
  {
    name: `${sealed.name}, under TLS`,
    client: { ...sealed.client, ...tls.client },
    server: { ...sealed.server, ...tls.server },
  },
  { ...plain, name: `${plain.name}, with Mux`, outbound: { mux: { enabled: true, concurrency: 8 } } },
]);
