/** Configurations in V2Ray 5's newer format, a server and a client each, carry TCP and UDP. */
import { after, before, describe, test } from 'node:test';
import { makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { datagramSizes, jsonv5Cases, jsonv5Client, jsonv5Server } from '../helper/jsonv5.js';
import { startTsray } from '../helper/tsray.js';

describe('jsonv5', () => {
  const ca = makeCertificate({ names: ['Test CA'], isCa: true });
  const files = writeCertificateFiles(makeCertificate({ names: ['server.example.org'], issuer: ca }));
  let echo: EchoServers;
  before(async () => {
    echo = await startEchoServers();
  });
  after(async () => {
    await echo.close();
    files.remove();
  });

  for (const each of jsonv5Cases(files, ca)) {
    test(`${each.name}: carries TCP and UDP`, async () => {
      const server = await startTsray(jsonv5Server(each, 0));
      try {
        const client = await startTsray(jsonv5Client(each, 0, server.port('in')));
        try {
          await tcpEcho(client.port('socks'), echo);
          await udpEcho(client.port('socks'), echo, datagramSizes(each));
        } finally {
          await client.close();
        }
      } finally {
        await server.close();
      }
    });
  }
});
