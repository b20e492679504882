/** V2Ray 4.34's client in front of tsray's server: every security it has × header kind × padding, over TCP and UDP. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type ClientLane,
  freedomOutbound,
  headerKinds,
  v2rayClient,
  v2raySecurities,
  vmessInbound,
} from '../helper/configs.js';
import { type EchoServers, manyAtOnce, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { payload, payloadSha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { readAll, socksConnect } from '../helper/socks-client.js';
import { startSink } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const combinations = headerKinds.flatMap((kind) => v2raySecurities.map((security) => ({ kind, security })));

async function lanes(): Promise<readonly ClientLane[]> {
  const first = await freePortRange(combinations.length);
  return combinations.map(({ kind, security }, index) => ({
    name: `${security}-${kind}`,
    port: first + index,
    kind,
    security,
  }));
}

describe('V2Ray client, tsray server', { skip: skipWithout('v2ray') }, () => {
  let servers: EchoServers;
  let server: Tsray;

  before(async () => {
    servers = await startEchoServers();
    server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
  });
  after(async () => {
    await server.close();
    await servers.close();
  });

  for (const padding of [false, true]) {
    describe(`padding flag ${padding ? 'set' : 'not set'}`, () => {
      let client: V2ray;
      let all: readonly ClientLane[];
      before(async () => {
        all = await lanes();
        client = await startV2ray(
          v2rayClient(all, server.port('vmess')),
          padding ? { 'v2ray.vmess.padding': '1' } : {},
        );
      });
      after(() => client.close());

      for (const [index, { kind, security }] of combinations.entries()) {
        const port = (): number => all[index]?.port ?? 0;
        test(`${security}, ${kind} header: TCP echoes messages of every size`, () =>
          tcpEcho(port(), servers));
        test(`${security}, ${kind} header: UDP echoes datagrams of every size`, () =>
          udpEcho(port(), servers));
        test(`${security}, ${kind} header: a half-close reaches the target`, async () => {
          const sink = await startSink();
          try {
            const socket = await socksConnect(port(), { host: '127.0.0.1', port: sink.port });
            socket.end(payload(50_000));
            const answer = await readAll(socket);
            assert.equal(answer.toString(), `50000 ${payloadSha256(50_000)}\n`);
          } finally {
            await sink.close();
          }
        });
      }

      for (const kind of headerKinds) {
        test(`200 connections at once, ${kind} header`, () => {
          const lane = all.find((entry) => entry.kind === kind && entry.security === 'aes-128-gcm');
          return manyAtOnce(lane?.port ?? 0, servers, 200, 100_000);
        });
      }
    });
  }
});
