/**
 * Dynamic ports: a server whose inbound has `detour` tells its client of another port and user. The client takes them
 * into its round robin; with V2Ray's rules it then speaks AES-128-CFB there (docs/wire-format.md, section 5).
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  socksInbound,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import { type EchoServers, echoOn, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { connectionsWithin, localPorts } from '../helper/linux-sockets.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { startV2ray } from '../helper/v2ray.js';

const dynamicPorts = 10;

/** A server on `first` whose clients are sent to the ports after it. */
function dynamicServer(first: number, alterId: number): object {
  return {
    inbounds: [
      vmessInbound(first, { detour: { to: 'dynamic' } }, 'main'),
      {
        tag: 'dynamic',
        protocol: 'vmess',
        listen: '127.0.0.1',
        port: `${first + 1}-${first + dynamicPorts}`,
        settings: { default: { alterId, level: 0 } },
        allocate: { strategy: 'random', concurrency: 3, refresh: 5 },
      },
    ],
    outbounds: [freedomOutbound],
  };
}

interface Running {
  close(): Promise<void>;
}
type Start = (config: object) => Promise<Running>;

const pairs: readonly { readonly name: string; readonly client: Start; readonly server: Start }[] = [
  { name: 'tsray client, V2Ray server', client: startTsrayProcess, server: startV2ray },
  { name: 'V2Ray client, tsray server', client: startV2ray, server: startTsrayProcess },
  { name: 'tsray client, tsray server', client: startTsrayProcess, server: startTsrayProcess },
];

const skip = process.platform === 'linux' ? skipWithout('v2ray') : 'reads /proc/net/tcp';

for (const pair of pairs) {
  for (const kind of headerKinds) {
    for (const alterId of [0, 4]) {
      describe(`${pair.name}, ${kind} header, dynamic users with alterId ${alterId}`, { skip }, () => {
        let servers: EchoServers;
        let server: Running | undefined;
        let client: Running | undefined;
        let first: number;
        let proxyPort: number;
        const sockets: Socket[] = [];

        before(async () => {
          servers = await startEchoServers();
          first = await freePortRange(dynamicPorts + 2);
          proxyPort = first + dynamicPorts + 1;
          server = await pair.server(dynamicServer(first, alterId));
          client = await pair.client({
            inbounds: [socksInbound(proxyPort)],
            outbounds: [vmessOutbound(first, kind, 'aes-128-gcm')],
          });
        });
        after(async () => {
          for (const socket of sockets) socket.destroy();
          await client?.close();
          await server?.close();
          await servers.close();
        });

        test('the server opens three of its dynamic ports', () => {
          const open = localPorts('listening').filter((port) => port > first && port <= first + dynamicPorts);
          assert.equal(open.length, 3);
        });

        test('later connections use a dynamic port, and data passes there', async () => {
          const target = { host: '127.0.0.1', port: servers.tcp.port };
          for (let round = 0; round < 6; round += 1) {
            const socket = await socksConnect(proxyPort, target);
            sockets.push(socket);
            await echoOn(socket, payload(30_000));
          }
          const dynamic = connectionsWithin(first + 1, first + dynamicPorts);
          assert.ok(dynamic >= 2, `${dynamic} of 6 connections on dynamic ports`);
          // Twice, so that both the configured and a learned server carry every size.
          await tcpEcho(proxyPort, servers);
          await tcpEcho(proxyPort, servers);
        });

        test('UDP passes by either server', async () => {
          await udpEcho(proxyPort, servers);
          await udpEcho(proxyPort, servers);
        });
      });
    }
  }
}
