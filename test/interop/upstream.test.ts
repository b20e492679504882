/** SOCKS and HTTP between tsray and V2Ray, each in both roles: outbound of one, inbound of the other. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound } from '../helper/configs.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { skipWithout } from '../helper/peer.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const account = { user: 'ann', pass: 'secret-word' };

const inbound = (tag: string, protocol: string, port: number, settings: object): object => ({
  tag,
  protocol,
  listen: '127.0.0.1',
  port,
  settings,
});

const outbound = (tag: string, protocol: string, port: number, users: readonly object[] = []): object => ({
  tag,
  protocol,
  settings: { servers: [{ address: '127.0.0.1', port, users }] },
});

/** The four proxies of the far side. */
function farSide(open: number, closed: number, http: number, httpClosed: number): object {
  const password = { auth: 'password', accounts: [account], udp: true };
  return {
    inbounds: [
      inbound('socks', 'socks', open, { udp: true }),
      inbound('socks-password', 'socks', closed, password),
      inbound('http', 'http', http, {}),
      inbound('http-password', 'http', httpClosed, { accounts: [account] }),
    ],
    outbounds: [freedomOutbound],
  };
}

/** The way through each: name, whether it carries datagrams, and how its outbound is made. */
const ways = [
  { name: 'socks', udp: true, make: (port: number) => outbound('up', 'socks', port) },
  {
    name: 'socks with a password',
    udp: true,
    make: (port: number) => outbound('up', 'socks', port, [account]),
  },
  { name: 'http', udp: false, make: (port: number) => outbound('up', 'http', port) },
  {
    name: 'http with a password',
    udp: false,
    make: (port: number) => outbound('up', 'http', port, [account]),
  },
] as const;

describe('SOCKS and HTTP with V2Ray', { skip: skipWithout('v2ray') }, () => {
  let servers: EchoServers;
  before(async () => {
    servers = await startEchoServers();
  });
  after(() => servers.close());

  for (const [index, way] of ways.entries()) {
    describe(way.name, () => {
      let ports: readonly number[];
      let near: TsrayProcess | V2ray;
      let far: TsrayProcess | V2ray;

      for (const role of ['outbound', 'inbound'] as const) {
        describe(`tsray has the ${role}`, () => {
          before(async () => {
            ports = await freePorts(5);
            const [entry = 0, a = 0, b = 0, c = 0, d = 0] = ports;
            const farConfig = farSide(a, b, c, d);
            const nearConfig = {
              inbounds: [socksInbound(entry)],
              outbounds: [way.make(ports[index + 1]!)],
            };
            far = role === 'outbound' ? await startV2ray(farConfig) : await startTsrayProcess(farConfig);
            near = role === 'outbound' ? await startTsrayProcess(nearConfig) : await startV2ray(nearConfig);
          });
          after(async () => {
            await near.close();
            await far.close();
          });

          test('TCP in all sizes', () => tcpEcho(ports[0]!, servers));

          if (way.udp) test('UDP in all sizes', () => udpEcho(ports[0]!, servers));
        });
      }
    });
  }

  test('a password that is wrong: the client is refused, and the log says where to look', async () => {
    const [entry = 0, a = 0, b = 0, c = 0, d = 0, httpEntry = 0] = await freePorts(6);
    const far = await startV2ray(farSide(a, b, c, d));
    const wrong = { ...account, pass: 'other-word' };
    const near = await startTsrayProcess({
      inbounds: [socksInbound(entry)],
      outbounds: [outbound('up', 'socks', b, [wrong])],
    });
    const nearHttp = await startTsrayProcess({
      inbounds: [socksInbound(httpEntry)],
      outbounds: [outbound('up', 'http', d, [wrong])],
    });
    try {
      const target = { host: '127.0.0.1', port: servers.tcp.port };
      await assert.rejects(socksConnect(entry, target), /SOCKS reply 1/);
      await assert.rejects(socksConnect(httpEntry, target), /SOCKS reply 1/);
      await near.process.line(/ERR_UPSTREAM.*refused the user and password.*"pass"/);
      await nearHttp.process.line(/ERR_UPSTREAM.*407.*users/);
      assert.doesNotMatch(near.log + nearHttp.log, /-word/);
    } finally {
      await Promise.all([near.close(), nearHttp.close()]);
      await far.close();
    }
  });

  test('a target that the upstream cannot reach: V2Ray says yes first and then ends', async () => {
    const [entry = 0, a = 0, b = 0, c = 0, d = 0] = await freePorts(5);
    const far = await startV2ray(farSide(a, b, c, d));
    const near = await startTsrayProcess({
      inbounds: [socksInbound(entry)],
      outbounds: [outbound('up', 'socks', a)],
    });
    try {
      const socket = await socksConnect(entry, { host: '127.0.0.1', port: await closedPort() });
      const ended = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      socket.end();
      await ended;
    } finally {
      await near.close();
      await far.close();
    }
  });
});
