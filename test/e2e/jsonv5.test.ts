/** Configurations in V2Ray 5's newer format, a server and a client each, carry TCP and UDP. */
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho, udpSizes } from '../helper/exchange.js';
import { startTsray } from '../helper/tsray.js';

const id = randomUUID();
const files = writeCertificateFiles(makeCertificate({ names: ['server.example.org'] }));

interface Case {
  readonly name: string;
  readonly server: object;
  readonly client: object;
  readonly packetEncoding?: string;
}

const serverTls = {
  security: 'tls',
  securitySettings: {
    certificate: [{ usage: 'ENCIPHERMENT', certificateFile: files.certificateFile, keyFile: files.keyFile }],
  },
};
const clientTls = {
  security: 'tls',
  securitySettings: {
    server_name: 'server.example.org',
    disable_system_root: true,
    certificate: [{ usage: 'AUTHORITY_VERIFY', certificate_file: files.certificateFile }],
  },
};

const ws = { transport: 'ws', transportSettings: { path: '/chat' } };
const upgrade = {
  transport: 'httpupgrade',
  transportSettings: { path: '/up', host: 'server.example.org' },
};
const early = {
  transport: 'httpupgrade',
  transportSettings: { path: '/up', max_early_data: 1024, early_data_header_name: 'X-Early' },
};
const kcp = { transport: 'kcp', transportSettings: { seed: { seed: 'secret' }, tti: { value: 20 } } };

const cases: readonly Case[] = [
  { name: 'plain TCP', server: {}, client: {} },
  { name: 'httpupgrade', server: upgrade, client: upgrade },
  { name: 'httpupgrade with early data', server: early, client: early },
  {
    name: 'httpupgrade over TLS',
    server: { ...upgrade, ...serverTls },
    client: { ...upgrade, ...clientTls },
  },
  { name: 'ws over TLS', server: { ...ws, ...serverTls }, client: { ...ws, ...clientTls } },
  { name: 'kcp', server: kcp, client: kcp },
  { name: 'packets packed with their addresses', server: {}, client: {}, packetEncoding: 'Packet' },
];

describe('jsonv5', () => {
  let echo: EchoServers;
  before(async () => {
    echo = await startEchoServers();
  });
  after(async () => {
    await echo.close();
    files.remove();
  });

  for (const { name, server, client, packetEncoding = 'None' } of cases) {
    test(`${name}: carries TCP and UDP`, async () => {
      const remote = await startTsray({
        services: { policy: { level: { 0: { timeout: { handshake: { value: 10 } } } } } },
        inbounds: [
          {
            protocol: 'vmess',
            tag: 'in',
            listen: '127.0.0.1',
            port: 0,
            settings: { users: [id] },
            streamSettings: server,
          },
        ],
        outbounds: [{ protocol: 'freedom' }],
      });
      try {
        const local = await startTsray({
          inbounds: [
            {
              protocol: 'socks',
              tag: 'socks',
              listen: '127.0.0.1',
              port: 0,
              settings: { udpEnabled: true, packetEncoding },
            },
          ],
          outbounds: [
            {
              protocol: 'vmess',
              settings: { address: '127.0.0.1', port: remote.port('in'), uuid: id },
              streamSettings: client,
            },
          ],
        });
        try {
          await tcpEcho(local.port('socks'), echo);
          // An address in front of each packet takes some of the room.
          await udpEcho(local.port('socks'), echo, packetEncoding === 'None' ? udpSizes : [1, 1_400]);
        } finally {
          await local.close();
        }
      } finally {
        await remote.close();
      }
    });
  }
});
