/** Mux between two tsrays when something goes wrong: cuts, garbage, silence, readers that stop, a server that restarts. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { endingNames, startCutter } from '../helper/cutter.js';
import { type EchoServers, echoOn, manyAtOnce, startEchoServers } from '../helper/exchange.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { residentBytes } from '../helper/memory.js';
import { payload } from '../helper/payload.js';
import { freePorts } from '../helper/ports.js';
import { socksAssociate, socksConnect } from '../helper/socks-client.js';
import { startSilent, startSource, startTcpServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

const mebibyte = 1024 * 1024;
/** Short enough that silence is noticed within the test. */
const policy = { levels: { 0: { handshake: 1, connIdle: 2, uplinkOnly: 1, downlinkOnly: 1 } } };

function muxedClient(port: number, more: object = {}): object {
  const outbound = { ...vmessOutbound(port, 'aead', 'aes-128-gcm'), mux: { enabled: true, concurrency: 8 } };
  return { inbounds: [socksInbound(0)], outbounds: [outbound], ...more };
}

/** Closed, in whatever way; our half follows the other. */
function gone(socket: Socket): Promise<void> {
  socket.on('end', () => socket.end());
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

describe('mux', () => {
  let servers: EchoServers;
  let server: Tsray;

  before(async () => {
    servers = await startEchoServers();
    server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound], policy });
  });
  after(async () => {
    await server.close();
    await servers.close();
  });

  for (const ending of endingNames) {
    for (const cut of [
      { up: 0 },
      { up: 30 },
      { up: 120 },
      { up: 5_000 },
      { up: 200_000 },
      { down: 1 },
      { down: 50 },
      { down: 5_000 },
      { down: 200_000 },
    ]) {
      test(`a carrier that ${ending} after ${JSON.stringify(cut)} ends its sessions and leaves nothing behind`, async () => {
        const resources = countResources();
        const cutter = await startCutter(server.port('vmess'), cut, ending);
        const client = await startTsray(muxedClient(cutter.port, { policy }));
        const target = { host: '127.0.0.1', port: servers.tcp.port };
        const sockets = await Promise.all(
          Array.from({ length: 4 }, () => socksConnect(client.port('socks'), target).catch(() => undefined)),
        );
        for (const socket of sockets) {
          socket?.resume();
          socket?.write(payload(400_000));
          socket?.end();
        }
        await Promise.all(sockets.map((socket) => socket && gone(socket)));
        await client.close();
        await cutter.close();
        await nothingLeft(resources);
      });
    }
  }

  test('a server that goes away in mid-transfer and comes back: sessions break, the next ones work', async () => {
    const [port = 0] = await freePorts(1);
    const config = { inbounds: [vmessInbound(port)], outbounds: [freedomOutbound] };
    const resources = countResources();
    let far = await startTsray(config);
    const client = await startTsray(muxedClient(port));
    const source = await startSource(1024 * mebibyte);
    const sockets = await Promise.all(
      [1, 2, 3].map(() => socksConnect(client.port('socks'), { host: '127.0.0.1', port: source.port })),
    );
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'data')));
    await Promise.all([far.close(), ...sockets.map(gone)]);
    far = await startTsray(config);
    await manyAtOnce(client.port('socks'), servers, 20, 1_000);
    await client.close();
    await far.close();
    await source.close();
    await nothingLeft(resources);
  });

  test('a server that answers with garbage breaks the sessions', async () => {
    const garbage = await startTcpServer((socket) => {
      socket.on('data', () => socket.write(payload(1_000)));
    });
    const resources = countResources();
    const client = await startTsray(muxedClient(garbage.port));
    const target = { host: '127.0.0.1', port: servers.tcp.port };
    const sockets = await Promise.all([1, 2].map(() => socksConnect(client.port('socks'), target)));
    for (const socket of sockets) socket.resume().write('x');
    await Promise.all(sockets.map(gone));
    await client.close();
    garbage.resetAll();
    await nothingLeft(resources);
    await garbage.close();
  });

  test('a server that is silent: sessions end by connIdle, and new ones get another carrier', async () => {
    const silent = await startSilent();
    const resources = countResources();
    const client = await startTsray(muxedClient(silent.port, { policy }));
    const target = { host: '127.0.0.1', port: servers.tcp.port };
    const sockets = await Promise.all([1, 2].map(() => socksConnect(client.port('socks'), target)));
    for (const socket of sockets) socket.resume().write('x');
    await Promise.all(sockets.map(gone));
    await client.close();
    silent.resetAll();
    await nothingLeft(resources);
    await silent.close();
  });

  test('a client that is silent, or ends in the middle of a frame, leaves nothing at the server', async () => {
    // Mux over a SOCKS connection: the frames can be written by hand.
    const proxy = await startTsray({ inbounds: [socksInbound(0)], outbounds: [freedomOutbound], policy });
    const resources = countResources();
    const frame = (port: number): Buffer =>
      Buffer.from([0, 12, 0, 1, 1, 1, 1, port >> 8, port & 255, 1, 127, 0, 0, 1, 0, 2, 0x68, 0x69]);
    const wire = frame(servers.tcp.port);
    const lengths = Array.from({ length: wire.length + 1 }, (_, index) => index);
    const ended = lengths.map(async (length) => {
      const socket = await socksConnect(proxy.port('socks'), { host: 'v1.mux.cool', port: 9527 });
      socket.write(wire.subarray(0, length));
      if (length % 2 === 0) socket.end();
      await gone(socket.resume());
    });
    await Promise.all(ended);
    await nothingLeft(resources);
    await proxy.close();
  });

  test('mux through any inbound: frames over a SOCKS connection reach the target and are answered', async () => {
    const proxy = await startTsray({ inbounds: [socksInbound(0)], outbounds: [freedomOutbound] });
    const { port } = servers.tcp;
    const socket = await socksConnect(proxy.port('socks'), { host: 'v1.mux.cool', port: 1 });
    socket.write(
      Buffer.from([0, 12, 0, 1, 1, 1, 1, port >> 8, port & 255, 1, 127, 0, 0, 1, 0, 2, 0x68, 0x69]),
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(answer.toString('hex'), '00040001020100026869');
    socket.destroy();
    await proxy.close();
  });

  for (const side of ['reader', 'target'] as const) {
    test(`24 MiB each way on the carrier whose other session has a ${side} that stands still; memory stays flat`, async () => {
      const [serverPort = 0, port = 0] = await freePorts(2);
      const far = await startTsrayProcess({
        inbounds: [vmessInbound(serverPort)],
        outbounds: [freedomOutbound],
      });
      const client = await startTsrayProcess({
        ...muxedClient(serverPort),
        inbounds: [socksInbound(port)],
      });
      const endless = await startSource(1024 * mebibyte);
      const silent = await startSilent();
      try {
        // Sessions that are open on the carrier before the other comes. Warm, before memory is looked at.
        const target = { host: '127.0.0.1', port: servers.tcp.port };
        const moving = await Promise.all([1, 2].map(() => socksConnect(port, target)));
        await Promise.all(moving.map((socket) => echoOn(socket, payload(mebibyte))));
        const pids = [client.process.pid, far.process.pid];
        const earlier = pids.map(residentBytes);
        const stuck = await socksConnect(port, {
          host: '127.0.0.1',
          port: side === 'reader' ? endless.port : silent.port,
        });
        stuck.pause();
        if (side === 'target') stuck.write(payload(64 * mebibyte));
        const cut = gone(stuck);
        await Promise.all(moving.map((socket) => echoOn(socket, payload(24 * mebibyte))));
        for (const socket of moving) socket.destroy();
        // It is told that it was given up.
        stuck.resume();
        await cut;
        for (const [index, pid] of pids.entries()) {
          const grown = (residentBytes(pid) - (earlier[index] ?? 0)) / mebibyte;
          assert.ok(grown < 48, `process ${index} grew by ${Math.round(grown)} MiB`);
        }
      } finally {
        await client.close();
        await far.close();
        for (const one of [endless, silent]) await one.close();
      }
    });
  }
});

test('1,024 sessions work while another one on their carriers has a reader that stands still; memory stays within bounds', async () => {
  const servers = await startEchoServers();
  const [serverPort = 0, port = 0] = await freePorts(2);
  const far = await startTsrayProcess({
    inbounds: [vmessInbound(serverPort)],
    outbounds: [freedomOutbound],
  });
  const client = await startTsrayProcess({
    inbounds: [socksInbound(port)],
    outbounds: [
      { ...vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), mux: { enabled: true, concurrency: 1024 } },
    ],
  });
  const endless = await startSource(1024 * mebibyte);
  const sockets: Socket[] = [];
  const target = { host: '127.0.0.1', port: servers.tcp.port };
  const bytes = payload(16 * 1024);
  try {
    const warm = await socksConnect(port, target);
    sockets.push(warm);
    await echoOn(warm, payload(4 * mebibyte));
    const pids = [client.process.pid, far.process.pid];
    const earlier = pids.map(residentBytes);
    const stuck = await socksConnect(port, { host: '127.0.0.1', port: endless.port });
    sockets.push(stuck);
    stuck.pause();
    for (let opened = 0; opened < 1024; opened += 64) {
      const batch = await Promise.all(Array.from({ length: 64 }, () => socksConnect(port, target)));
      sockets.push(...batch);
      await Promise.all(batch.map((socket) => echoOn(socket, bytes)));
    }
    // All of them at once, as they stay open.
    await Promise.all(sockets.filter((each) => each !== stuck).map((socket) => echoOn(socket, bytes)));
    for (const [index, pid] of pids.entries()) {
      const grown = (residentBytes(pid) - (earlier[index] ?? 0)) / mebibyte;
      assert.ok(grown < 96, `process ${index} grew by ${Math.round(grown)} MiB`);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    await client.close();
    await far.close();
    await endless.close();
    await servers.close();
  }
});

describe('a UDP source with a Global ID', () => {
  test('keeps its address at the server when its carrier breaks', async () => {
    const server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
    const cutter = await startCutter(server.port('vmess'), {}, 'resets');
    const plain = vmessOutbound(cutter.port, 'aead', 'aes-128-gcm') as { readonly settings: object };
    const client = await startTsray({
      inbounds: [socksInbound(0)],
      outbounds: [{ ...plain, settings: { ...plain.settings, packetEncoding: 'xudp' } }],
    });
    const witness = createSocket('udp4');
    witness.on('message', (_message, { port, address }) => witness.send(String(port), port, address));
    witness.bind(0, '127.0.0.1');
    await once(witness, 'listening');
    const association = await socksAssociate(client.port('socks'));
    try {
      const ask = async (): Promise<string> => {
        association.send({ host: '127.0.0.1', port: witness.address().port }, Buffer.from('who am I?'));
        return (await association.receive(500)).toString();
      };
      const first = await ask();
      cutter.resetAll();
      // Until the client has noticed, datagrams are lost, as datagrams may be.
      let again = '';
      while (again === '') again = await ask().catch(() => '');
      assert.equal(again, first);
      assert.equal(cutter.accepted, 2);
    } finally {
      association.close();
      witness.close();
      await client.close();
      await cutter.close();
      await server.close();
    }
  });
});
