/**
 * The checks that every transport must pass, as a table: a row gives the `streamSettings` of a VMess client and of its
 * server, and is run with V2Ray 4.34 on either side, and tsray with tsray.
 */
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import {
  type EchoServers,
  echoOn,
  manyAtOnce,
  startEchoServers,
  swallowedByV2ray,
  tcpEcho,
  udpEcho,
} from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startTsray } from '../helper/tsray.js';
import { startV2ray } from '../helper/v2ray.js';

export interface TransportRow {
  readonly name: string;
  /** `streamSettings` of the VMess outbound. */
  readonly client: object;
  /** `streamSettings` of the VMess inbound. */
  readonly server: object;
  /** Sides on which V2Ray 4.34 can stand in; both if absent. */
  readonly v2ray?: readonly ('client' | 'server')[];
  /** More keys of the VMess inbound, such as `listen`. */
  readonly inbound?: object;
  /** More keys of the VMess outbound, such as `mux`. */
  readonly outbound?: object;
  /** Server address for the client; 127.0.0.1 if absent. */
  readonly address?: string;
}

/** Two programs joined by one transport. */
type Pairing = 'tsray client, V2Ray server' | 'V2Ray client, tsray server' | 'tsray on both sides';

const largeBytes = 24 * 1024 * 1024;

function pairingsOf(row: TransportRow): readonly Pairing[] {
  const sides = row.v2ray ?? ['client', 'server'];
  return [
    ...(sides.includes('server') ? (['tsray client, V2Ray server'] as const) : []),
    ...(sides.includes('client') ? (['V2Ray client, tsray server'] as const) : []),
    'tsray on both sides',
  ];
}

interface Closable {
  close(): Promise<void>;
}

function start(program: 'tsray' | 'V2Ray', config: object): Promise<Closable> {
  return program === 'tsray' ? startTsray(config) : startV2ray({ log: { loglevel: 'warning' }, ...config });
}

/** Starts both programs of `pairing`; gives the SOCKS port of the client. */
export async function startPairing(
  row: TransportRow,
  pairing: Pairing,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const [serverPort = 0, socksPort = 0] = await freePorts(2);
  const server = {
    inbounds: [{ ...vmessInbound(serverPort), ...row.inbound, streamSettings: row.server }],
    outbounds: [freedomOutbound],
  };
  const outbound = vmessOutbound(serverPort, 'aead', 'aes-128-gcm') as {
    settings: { vnext: [{ address: string }] };
  };
  if (row.address !== undefined) outbound.settings.vnext[0].address = row.address;
  const client = {
    inbounds: [socksInbound(socksPort)],
    outbounds: [{ ...outbound, ...row.outbound, streamSettings: row.client }],
  };
  const started = await start(pairing === 'tsray client, V2Ray server' ? 'V2Ray' : 'tsray', server);
  try {
    const second = await start(pairing === 'V2Ray client, tsray server' ? 'V2Ray' : 'tsray', client);
    return {
      port: socksPort,
      async close() {
        await second.close();
        await started.close();
      },
    };
  } catch (error) {
    await started.close();
    throw error;
  }
}

/**
 * How many of 60 connections V2Ray may leave without an answer. Its mKCP client does so to one in 800 that are opened in
 * crowds, in front of V2Ray's server more often than of tsray's; between two tsrays it was not seen.
 */
function silentConnections(row: TransportRow, pairing: Pairing): number {
  if (pairing === 'tsray client, V2Ray server') return swallowedByV2ray;
  const { network } = row.client as { readonly network?: string };
  return pairing === 'V2Ray client, tsray server' && network === 'kcp' ? 2 : 0;
}

/** Defines the tests of all rows; call it from a test file. */
export function describeTransports(rows: readonly TransportRow[]): void {
  for (const row of rows) {
    for (const pairing of pairingsOf(row)) {
      const mayBeSilent = silentConnections(row, pairing);
      const skip = pairing === 'tsray on both sides' ? false : skipWithout('v2ray');
      describe(`${row.name}: ${pairing}`, { skip }, () => {
        let servers: EchoServers;
        let pair: { readonly port: number; close(): Promise<void> };

        before(async () => {
          servers = await startEchoServers();
          pair = await startPairing(row, pairing);
        });
        after(async () => {
          await pair?.close();
          await servers.close();
        });

        test('TCP echoes messages of every size', () => tcpEcho(pair.port, servers));
        test('UDP echoes datagrams of every size', () => udpEcho(pair.port, servers));
        test('60 connections at once', () => manyAtOnce(pair.port, servers, 60, 100_000, mayBeSilent));
        test('24 MiB each way', async () => {
          const target = { host: '127.0.0.1', port: servers.tcp.port };
          const socket = await socksConnect(pair.port, target);
          await echoOn(socket, payload(largeBytes));
          socket.destroy();
        });
      });
    }
  }
}
