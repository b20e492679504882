/** What every way through a proxy must do, whatever the protocol underneath. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { payload, sha256 } from './payload.js';
import { readExactly, socksAssociate, socksConnect } from './socks-client.js';
import { startEcho, startUdpEcho, type TestServer } from './tcp-servers.js';
import type { V2ray } from './v2ray.js';

/** Around the limits of chunks and buffers of both peers. */
export const tcpSizes = [1, 15, 16, 17, 1_966, 2_048, 8_192, 16_368, 70_001] as const;
/** V2Ray keeps datagrams of up to 1967 bytes whole. */
export const udpSizes = [1, 16, 512, 1_400, 1_967] as const;

export interface EchoServers {
  readonly tcp: TestServer;
  readonly udp: TestServer;
  close(): Promise<void>;
}

export async function startEchoServers(): Promise<EchoServers> {
  const [tcp, udp] = await Promise.all([startEcho(), startUdpEcho()]);
  return {
    tcp,
    udp,
    async close() {
      await Promise.all([tcp.close(), udp.close()]);
    },
  };
}

/** Sends `data` and checks that it comes back unchanged; writing and reading overlap. */
export async function echoOn(socket: Socket, data: Buffer): Promise<void> {
  socket.write(data);
  const back = await readExactly(socket, data.length);
  assert.equal(sha256(back), sha256(data));
}

/** One connection through the SOCKS proxy, messages of all sizes one after the other. */
export async function tcpEcho(proxyPort: number, servers: EchoServers): Promise<void> {
  const socket = await socksConnect(proxyPort, { host: '127.0.0.1', port: servers.tcp.port });
  for (const size of tcpSizes) await echoOn(socket, payload(size));
  socket.destroy();
}

/** One association through the SOCKS proxy, datagrams of all sizes, each answered whole. */
export async function udpEcho(
  proxyPort: number,
  servers: EchoServers,
  sizes: readonly number[] = udpSizes,
): Promise<void> {
  const association = await socksAssociate(proxyPort);
  try {
    for (const size of sizes) {
      association.send({ host: '127.0.0.1', port: servers.udp.port }, payload(size));
      const back = await association.receive();
      assert.equal(back.length, size);
      assert.equal(sha256(back), sha256(payload(size)));
    }
  } finally {
    association.close();
  }
}

/** Told of each connection that got no answer, with their number so far; rejects where that is a fault. */
export type Excuse = (silent: number) => Promise<unknown>;

/**
 * V2Ray's filter against replays has false positives, whoever the client is: of n connections within two minutes it takes
 * about n²/8,000,000 for replays, and keeps silent to those. When they end it says so: the log of `server` must hold a
 * line for each connection that is excused.
 */
export function takenForReplays(server: V2ray): Excuse {
  const before = [...server.log.matchAll(replayLine)].length;
  return (silent) => server.process.line(/replayed request/, 5_000, before + silent);
}

const replayLine = /replayed request/g;

/**
 * `count` connections that are all open before the first byte is sent, each echoing `bytes`. One that gets no answer at
 * all fails the test, unless `excuse` takes it: then it is opened again.
 */
export async function manyAtOnce(
  proxyPort: number,
  servers: EchoServers,
  count: number,
  bytes: number,
  excuse?: Excuse,
): Promise<void> {
  const target = { host: '127.0.0.1', port: servers.tcp.port };
  const opened = await Promise.all(Array.from({ length: count }, () => socksConnect(proxyPort, target)));
  let silent = 0;
  // A first byte each, so that every connection reaches the server and is open there at the same time.
  const sockets = await Promise.all(
    opened.map(async (socket) => {
      try {
        await echoOn(socket, payload(1));
        return socket;
      } catch (error) {
        socket.destroy();
        if (excuse === undefined || !String(error).includes('waited')) throw error;
        silent += 1;
        await excuse(silent).catch((cause: unknown) => {
          throw new Error(`a connection got no answer: ${String(error)}`, { cause });
        });
        const another = await socksConnect(proxyPort, target);
        await echoOn(another, payload(1));
        return another;
      }
    }),
  );
  assert.ok(servers.tcp.open >= count, `${servers.tcp.open} connections are open at the target`);
  const data = payload(bytes);
  await Promise.all(sockets.map((socket) => echoOn(socket, data)));
  for (const socket of sockets) socket.destroy();
}
