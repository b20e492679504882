/** Mux.Cool with V2Ray 4.34 on the other side, both roles: TCP and UDP, many sessions, large transfers, a stalled reader. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, users, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { type EchoServers, manyAtOnce, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { payload, payloadPieces, payloadSha256, sha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { readAll, socksAssociate, socksConnect } from '../helper/socks-client.js';
import { startSilent, startSource } from '../helper/tcp-servers.js';
import { startTsray } from '../helper/tsray.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { startV2ray } from '../helper/v2ray.js';

interface Peer {
  readonly log: string;
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
const largeBytes = 24 * mebibyte;

function muxed(outbound: object, concurrency: number): object {
  return { ...outbound, mux: { enabled: true, concurrency } };
}

async function downloads(port: number, bytes: number): Promise<void> {
  const source = await startSource(bytes);
  try {
    const socket = await socksConnect(port, { host: '127.0.0.1', port: source.port });
    assert.equal(sha256(await readAll(socket)), payloadSha256(bytes));
  } finally {
    await source.close();
  }
}

/** Mux has no half-close, so the end of an upload cannot be told by one: the target counts instead. */
async function uploads(port: number, bytes: number, servers: EchoServers): Promise<void> {
  const socket = await socksConnect(port, { host: '127.0.0.1', port: servers.tcp.port });
  const received: Buffer[] = [];
  let count = 0;
  const all = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      count += chunk.length;
      if (count === bytes) resolve();
    });
    socket.once('close', () => reject(new Error(`closed after ${count} bytes`)));
  });
  for (const piece of payloadPieces(bytes)) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  await all;
  assert.equal(sha256(...received), payloadSha256(bytes));
  socket.destroy();
}

const roles = [
  {
    name: 'tsray client, V2Ray server',
    client: (config: object): Promise<Peer> => startTsrayProcess(config),
    server: (config: object): Promise<Peer> => startV2ray(config),
  },
  {
    name: 'V2Ray client, tsray server',
    client: (config: object): Promise<Peer> => startV2ray(config),
    server: (config: object): Promise<Peer> => startTsrayProcess(config),
  },
  {
    name: 'tsray on both sides',
    client: (config: object): Promise<Peer> => startTsrayProcess(config),
    server: (config: object): Promise<Peer> => startTsrayProcess(config),
  },
] as const;

for (const role of roles) {
  describe(`mux: ${role.name}`, { skip: skipWithout('v2ray') }, () => {
    for (const concurrency of [1, 8, 1024]) {
      describe(`concurrency ${concurrency}`, () => {
        let servers: EchoServers;
        let server: Peer;
        let client: Peer;
        let port: number;

        before(async () => {
          servers = await startEchoServers();
          const [serverPort = 0, clientPort = 0] = await freePorts(2);
          port = clientPort;
          server = await role.server({
            log: { loglevel: 'warning' },
            inbounds: [vmessInbound(serverPort)],
            outbounds: [freedomOutbound],
          });
          client = await role.client({
            inbounds: [socksInbound(port)],
            outbounds: [muxed(vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), concurrency)],
          });
        });
        after(async () => {
          await client.close();
          await server.close();
          await servers.close();
        });

        test('TCP echoes messages of every size', () => tcpEcho(port, servers));
        test('UDP echoes datagrams of every size', () => udpEcho(port, servers));
        test('60 sessions at once', () => manyAtOnce(port, servers, 60, 100_000));
        test('200 sessions one after another: more than a carrier carries', async () => {
          for (let round = 0; round < 10; round += 1) await manyAtOnce(port, servers, 20, 100);
        });
        test('the server logs a line for each session, with its user', () => {
          assert.match(
            server.log,
            new RegExp(`tcp:127\\.0\\.0\\.1:\\d+ accepted tcp:127\\.0\\.0\\.1:${servers.tcp.port} `),
          );
          assert.match(
            server.log,
            new RegExp(`accepted udp:127\\.0\\.0\\.1:${servers.udp.port} .*email: ${users.aead.email}`),
          );
        });
        test('24 MiB each way', async () => {
          await Promise.all([downloads(port, largeBytes), uploads(port, largeBytes, servers)]);
        });
      });
    }

    if (role.name.startsWith('tsray')) {
      test('24 MiB each way while the reader of another session on the carrier stands still', async () => {
        const servers = await startEchoServers();
        const [serverPort = 0, port = 0] = await freePorts(2);
        const server = await role.server({
          inbounds: [vmessInbound(serverPort)],
          outbounds: [freedomOutbound],
        });
        const client = await role.client({
          inbounds: [socksInbound(port)],
          outbounds: [muxed(vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), 8)],
        });
        const source = await startSource(64 * mebibyte);
        try {
          const stalled = await socksConnect(port, { host: '127.0.0.1', port: source.port });
          stalled.pause();
          await Promise.all([downloads(port, largeBytes), uploads(port, largeBytes, servers)]);
          stalled.destroy();
        } finally {
          await client.close();
          await server.close();
          await source.close();
          await servers.close();
        }
      });
    }

    if (!role.name.endsWith('V2Ray server')) {
      test('24 MiB each way while the target of another session stands still', async () => {
        const servers = await startEchoServers();
        const [serverPort = 0, port = 0] = await freePorts(2);
        const server = await role.server({
          inbounds: [vmessInbound(serverPort)],
          outbounds: [freedomOutbound],
        });
        const client = await role.client({
          inbounds: [socksInbound(port)],
          outbounds: [muxed(vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), 8)],
        });
        const silent = await startSilent();
        try {
          const stalled = await socksConnect(port, { host: '127.0.0.1', port: silent.port });
          stalled.write(payload(32 * mebibyte));
          await Promise.all([downloads(port, largeBytes), uploads(port, largeBytes, servers)]);
          stalled.destroy();
        } finally {
          await client.close();
          await server.close();
          await silent.close();
          await servers.close();
        }
      });
    }
  });
}

describe('XUDP: tsray client, V2Ray server, which knows nothing of it', {
  skip: skipWithout('v2ray'),
}, () => {
  let servers: EchoServers;
  let server: Peer;
  let serverPort: number;

  before(async () => {
    servers = await startEchoServers();
    [serverPort = 0] = await freePorts(1);
    server = await startV2ray({ inbounds: [vmessInbound(serverPort)], outbounds: [freedomOutbound] });
  });
  after(async () => {
    await server.close();
    await servers.close();
  });

  for (const mux of [undefined, { enabled: true }, { enabled: true, concurrency: -1, xudpConcurrency: 4 }]) {
    test(`answers without addresses come from the first destination; mux ${JSON.stringify(mux)}`, async () => {
      const plain = vmessOutbound(serverPort, 'aead', 'aes-128-gcm') as { readonly settings: object };
      const client = await startTsray({
        inbounds: [socksInbound(0)],
        outbounds: [
          {
            ...plain,
            settings: { ...plain.settings, packetEncoding: 'xudp' },
            ...(mux === undefined ? {} : { mux }),
          },
        ],
      });
      try {
        await udpEcho(client.port('socks'), servers);
        const association = await socksAssociate(client.port('socks'));
        try {
          const target = { host: '127.0.0.1', port: servers.udp.port };
          association.send(target, Buffer.from('hello'));
          const { host, port, data } = await association.receiveFrom();
          assert.deepEqual({ host, port }, target);
          assert.equal(data.toString(), 'hello');
        } finally {
          association.close();
        }
      } finally {
        await client.close();
      }
    });
  }
});
