/** Reverse proxies with V2Ray, each side in both roles: a client reaches a target that only the bridge's side reaches. */
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { eventually } from '../helper/eventually.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { startV2ray } from '../helper/v2ray.js';

const domain = 'tunnel.example';
const blackhole = { tag: 'refused', protocol: 'blackhole' };

/** Clients come by SOCKS, bridges by VMess; whatever is no bridge goes through one. */
function portalSide(entry: number, server: number): object {
  return {
    reverse: { portals: [{ tag: 'portal', domain }] },
    inbounds: [socksInbound(entry, 'client'), vmessInbound(server)],
    outbounds: [blackhole],
    routing: {
      rules: [
        { type: 'field', inboundTag: ['client'], outboundTag: 'portal' },
        { type: 'field', domain: [`full:${domain}`], outboundTag: 'portal' },
      ],
    },
  };
}

function bridgeSide(server: number): object {
  return {
    reverse: { bridges: [{ tag: 'bridge', domain }] },
    outbounds: [blackhole, freedomOutbound, vmessOutbound(server, 'aead', 'auto', 'tunnel')],
    routing: {
      rules: [
        { type: 'field', inboundTag: ['bridge'], domain: [`full:${domain}`], outboundTag: 'tunnel' },
        { type: 'field', inboundTag: ['bridge'], outboundTag: 'direct' },
      ],
    },
  };
}

async function works(entry: number, servers: EchoServers): Promise<boolean> {
  try {
    await tcpEcho(entry, servers);
    return true;
  } catch {
    return false;
  }
}

interface Side {
  readonly log: string;
  close(): Promise<void>;
}

describe('reverse', { skip: skipWithout('v2ray') }, () => {
  const pairs = [
    { name: 'tsray is bridge and portal', portal: startTsrayProcess, bridge: startTsrayProcess },
    { name: 'tsray is the bridge, V2Ray the portal', portal: startV2ray, bridge: startTsrayProcess },
    { name: 'tsray is the portal, V2Ray the bridge', portal: startTsrayProcess, bridge: startV2ray },
  ] as const;
  let servers: EchoServers;
  before(async () => {
    servers = await startEchoServers();
  });
  after(() => servers.close());

  for (const pair of pairs) {
    describe(pair.name, () => {
      let portal: Side;
      let bridge: Side;
      let entry = 0;

      before(async () => {
        const [client = 0, server = 0] = await freePorts(2);
        entry = client;
        portal = await pair.portal(portalSide(client, server));
        bridge = await pair.bridge(bridgeSide(server));
        // A portal refuses what comes before its first bridge.
        await eventually('the way through the bridge is open', () => works(entry, servers), 30_000);
      });
      after(async () => {
        await bridge.close();
        await portal.close();
      });

      test('TCP in all sizes, ten times over one carrier', async () => {
        for (let round = 0; round < 10; round += 1) await tcpEcho(entry, servers);
      });

      test('UDP', () => udpEcho(entry, servers));

      test('many connections at once', async () => {
        await Promise.all(Array.from({ length: 40 }, () => tcpEcho(entry, servers)));
      });
    });
  }

  test('a bridge that comes back is used again', async () => {
    const [entry = 0, server = 0] = await freePorts(2);
    const portal = await startTsrayProcess(portalSide(entry, server));
    try {
      for (let life = 0; life < 2; life += 1) {
        const bridge = await startTsrayProcess(bridgeSide(server));
        await eventually('the way through the bridge is open', () => works(entry, servers), 30_000);
        await bridge.close();
        await eventually('the portal has noticed', async () => !(await works(entry, servers)), 30_000);
      }
    } finally {
      await portal.close();
    }
  });
});
