/** tsray's client in front of V2Ray 4.34's server: every security × header kind × padding, over TCP and UDP. */
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  securities,
  socksInbound,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import {
  type EchoServers,
  manyAtOnce,
  startEchoServers,
  takenForReplays,
  tcpEcho,
  udpEcho,
} from '../helper/exchange.js';
import { skipWithout } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

describe('tsray client, V2Ray server', { skip: skipWithout('v2ray') }, () => {
  let servers: EchoServers;
  let server: V2ray;
  let serverPort: number;

  before(async () => {
    servers = await startEchoServers();
    serverPort = await freePortRange(1);
    server = await startV2ray({ inbounds: [vmessInbound(serverPort)], outbounds: [freedomOutbound] });
  });
  after(async () => {
    await server.close();
    await servers.close();
  });

  for (const kind of headerKinds) {
    for (const security of securities) {
      for (const vmessPadding of [false, true]) {
        describe(`${security}, ${kind} header, padding flag ${vmessPadding ? 'set' : 'not set'}`, () => {
          let client: Tsray;
          before(async () => {
            client = await startTsray(
              {
                inbounds: [socksInbound(0)],
                outbounds: [vmessOutbound(serverPort, kind, security)],
              },
              { vmessPadding },
            );
          });
          after(() => client.close());

          test('TCP echoes messages of every size', () => tcpEcho(client.port('socks'), servers));
          test('UDP echoes datagrams of every size', () => udpEcho(client.port('socks'), servers));
        });
      }
    }

    test(`200 connections at once, ${kind} header`, async () => {
      const client = await startTsray({
        inbounds: [socksInbound(0)],
        outbounds: [vmessOutbound(serverPort, kind, 'aes-128-gcm')],
      });
      try {
        await manyAtOnce(client.port('socks'), servers, 200, 100_000, takenForReplays(server));
      } finally {
        await client.close();
      }
    });
  }
});
