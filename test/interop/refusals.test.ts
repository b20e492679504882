/** What is refused, by and to the real V2Ray 4.34: unknown users, insecure bodies, legacy headers; and dead servers. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  socksInbound,
  users,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import { eventually } from '../helper/eventually.js';
import { type EchoServers, startEchoServers, tcpEcho } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { closedPort, freePortRange, freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

/** A client that knows none of the server's users. */
function strangerOutbound(port: number, alterId: number): object {
  const stranger = { id: 'b0b0b0b0-1111-4222-8333-444444444444', alterId, security: 'aes-128-gcm' };
  return {
    protocol: 'vmess',
    settings: { vnext: [{ address: '127.0.0.1', port, users: [stranger] }] },
  };
}

/** Resolves with the number of bytes that came before the end, however it came. */
function endOf(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.once('end', () => socket.destroy());
    socket.once('close', () => resolve(bytes));
  });
}

describe('refusals', { skip: skipWithout('v2ray') }, () => {
  let servers: EchoServers;
  before(async () => {
    servers = await startEchoServers();
  });
  after(() => servers.close());

  /** Sends more than V2Ray reads before it closes on a stranger; nothing must come back. */
  async function refused(proxyPort: number): Promise<void> {
    const socket = await socksConnect(proxyPort, { host: '127.0.0.1', port: servers.tcp.port });
    socket.write(payload(20_000));
    assert.equal(await endOf(socket), 0);
  }

  describe('V2Ray server', () => {
    let server: V2ray;
    let secure: V2ray;
    let port: number;
    let securePort: number;
    before(async () => {
      [port = 0, securePort = 0] = await freePorts(2);
      server = await startV2ray({ inbounds: [vmessInbound(port)], outbounds: [freedomOutbound] });
      secure = await startV2ray({
        inbounds: [vmessInbound(securePort, { disableInsecureEncryption: true })],
        outbounds: [freedomOutbound],
      });
    });
    after(async () => {
      await server.close();
      await secure.close();
    });

    async function through(outbound: object, use: (client: Tsray) => Promise<void>): Promise<void> {
      const client = await startTsray({ inbounds: [socksInbound(0)], outbounds: [outbound] });
      try {
        await use(client);
      } finally {
        await client.close();
      }
    }

    for (const alterId of [0, 4]) {
      test(`an unknown ID (alterId ${alterId}): the error names the ID and the clock`, async () => {
        await through(strangerOutbound(port, alterId), async (client) => {
          await refused(client.port('socks'));
          await eventually('the error', () => client.log.includes('ERR_SERVER_SILENT'));
          assert.match(client.log, /ID/);
          assert.match(client.log, /clock/);
          assert.match(client.log, /\b120 s/);
        });
      });
    }

    test('an unknown ID and a client that ends its half before the answer: the same warning', async () => {
      await through(strangerOutbound(port, 0), async (client) => {
        const socket = await socksConnect(client.port('socks'), {
          host: '127.0.0.1',
          port: servers.tcp.port,
        });
        socket.end('all there is');
        socket.resume();
        await eventually('the warning', () => client.log.includes('ERR_SERVER_SILENT'));
        assert.match(
          client.log,
          /\[Warning\].*gave no answer within 1 s after the request had ended.*ID.*clock/,
        );
        socket.destroy();
      });
    });

    for (const security of ['none', 'zero', 'aes-128-cfb'] as const) {
      test(`disableInsecureEncryption refuses our ${security}`, async () => {
        await through(vmessOutbound(securePort, 'aead', security), (client) => refused(client.port('socks')));
      });
    }

    test('disableInsecureEncryption takes our chacha20-poly1305', async () => {
      await through(vmessOutbound(securePort, 'aead', 'chacha20-poly1305'), (client) =>
        tcpEcho(client.port('socks'), servers),
      );
    });

    test('with v2ray.vmess.aead.disabled our client sends a legacy header by the main ID', async () => {
      const client = await startTsray(
        { inbounds: [socksInbound(0)], outbounds: [vmessOutbound(port, 'aead', 'aes-128-gcm')] },
        { vmessAeadDisabled: true },
      );
      try {
        await tcpEcho(client.port('socks'), servers);
      } finally {
        await client.close();
      }
    });

    test('a server that does not answer is passed over for the next', async () => {
      const dead = await closedPort();
      const { id, alterId } = users.aead;
      const vnext = [dead, port].map((each) => ({
        address: '127.0.0.1',
        port: each,
        users: [{ id, alterId }],
      }));
      await through({ protocol: 'vmess', settings: { vnext } }, async (client) => {
        for (let round = 0; round < 3; round += 1) await tcpEcho(client.port('socks'), servers);
      });
    });
  });

  describe('tsray server', () => {
    let open: Tsray;
    let secure: Tsray;
    let forced: Tsray;
    let client: V2ray;
    let ports: readonly number[];
    const policy = { levels: { 0: { handshake: 2 } } };

    before(async () => {
      const outbounds = [freedomOutbound];
      open = await startTsray({ policy, inbounds: [vmessInbound(0)], outbounds });
      secure = await startTsray({
        policy,
        inbounds: [vmessInbound(0, { disableInsecureEncryption: true })],
        outbounds,
      });
      forced = await startTsray(
        { policy, inbounds: [vmessInbound(0)], outbounds },
        { vmessAeadForced: true },
      );
      const lanes = [
        strangerOutbound(open.port('vmess'), 0),
        strangerOutbound(open.port('vmess'), 4),
        vmessOutbound(secure.port('vmess'), 'aead', 'none'),
        vmessOutbound(secure.port('vmess'), 'aead', 'aes-128-gcm'),
        vmessOutbound(forced.port('vmess'), 'legacy', 'aes-128-gcm'),
        vmessOutbound(forced.port('vmess'), 'aead', 'aes-128-gcm'),
      ];
      const first = await freePortRange(lanes.length);
      ports = lanes.map((_, index) => first + index);
      client = await startV2ray({
        inbounds: ports.map((port, index) => socksInbound(port, `in${index}`)),
        outbounds: lanes.map((lane, index) => ({ ...lane, tag: `out${index}` })),
        routing: {
          rules: lanes.map((_, index) => ({
            type: 'field',
            inboundTag: [`in${index}`],
            outboundTag: `out${index}`,
          })),
        },
      });
    });
    after(async () => {
      await client.close();
      await open.close();
      await secure.close();
      await forced.close();
    });

    for (const [index, kind] of headerKinds.entries()) {
      test(`an unknown ID, ${kind} header: nothing is answered, and the access log tells`, async () => {
        const before = open.log.length;
        await refused(ports[index] ?? 0);
        await eventually('the line', () => / rejected /.test(open.log.slice(before)));
      });
    }
    test('disableInsecureEncryption refuses none', () => refused(ports[2] ?? 0));
    test('disableInsecureEncryption takes aes-128-gcm', () => tcpEcho(ports[3] ?? 0, servers));
    test('with v2ray.vmess.aead.forced a legacy header is refused', () => refused(ports[4] ?? 0));
    test('with v2ray.vmess.aead.forced an AEAD header is taken', () => tcpEcho(ports[5] ?? 0, servers));
  });
});
