/** 200 connections whose reader stops: the source is paused and memory stays flat, in both directions. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { echoOn } from '../helper/exchange.js';
import { residentBytes } from '../helper/memory.js';
import { freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho, startTcpServer, type TestServer } from '../helper/tcp-servers.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';

const connections = 200;
const piece = Buffer.alloc(64 * 1024, 'x');
const oneByte = Buffer.of(1);
/** More than this for each stopped connection and process would be an unbounded queue. */
const allowedBytes = connections * 512 * 1024;

/** Writes without end, at the reader's pace; `counter` sees what the kernel took. */
function pump(socket: Socket, counter: { bytes: number }): void {
  const push = (): void => {
    while (!socket.destroyed && socket.write(piece)) counter.bytes += piece.length;
    counter.bytes += piece.length;
  };
  socket.on('drain', push);
  push();
}

/** In a row, through both processes: each has turned its loop several times for every one of them. */
const echoes = 200;

/** Resolves with the count once it has stood still while `probe` echoed; fails when it runs on beyond `limit`. */
async function standstill(
  counter: { readonly bytes: number },
  limit: number,
  probe: Socket,
): Promise<number> {
  for (let last = -1; ; ) {
    if (counter.bytes === last) return last;
    last = counter.bytes;
    assert.ok(last < limit, `${last} bytes left the source although nobody reads`);
    for (let echo = 0; echo < echoes; echo += 1) await echoOn(probe, oneByte);
  }
}

describe('200 stopped readers', { skip: process.platform === 'linux' ? false : 'reads /proc' }, () => {
  let server: TsrayProcess;
  let client: TsrayProcess;
  let proxyPort: number;
  let echo: TestServer;
  /** A connection of its own through both processes. */
  let probe: Socket;

  before(async () => {
    const [vmess = 0, proxy = 0] = await freePorts(2);
    proxyPort = proxy;
    server = await startTsrayProcess({ inbounds: [vmessInbound(vmess)], outbounds: [freedomOutbound] });
    client = await startTsrayProcess({
      inbounds: [socksInbound(proxyPort)],
      outbounds: [vmessOutbound(vmess, 'aead', 'aes-128-gcm')],
    });
    echo = await startEcho();
    probe = await socksConnect(proxyPort, { host: '127.0.0.1', port: echo.port });
  });
  after(async () => {
    probe.destroy();
    await echo.close();
    await client.close();
    await server.close();
  });

  async function stalled(target: TestServer, counter: { bytes: number }, upload: boolean): Promise<void> {
    const before = [residentBytes(client.process.pid), residentBytes(server.process.pid)] as const;
    const sockets = await Promise.all(
      Array.from({ length: connections }, () =>
        socksConnect(proxyPort, { host: '127.0.0.1', port: target.port }),
      ),
    );
    try {
      for (const socket of sockets) {
        socket.pause();
        if (upload) pump(socket, counter);
      }
      // The kernel's own buffers on the way hold some megabytes for each connection; the data could run on for ever.
      await standstill(counter, connections * 64 * 1024 * 1024, probe);
      for (const [index, pid] of [client.process.pid, server.process.pid].entries()) {
        const grown = residentBytes(pid) - (before[index] ?? 0);
        assert.ok(
          grown < allowedBytes,
          `the ${index === 0 ? 'client' : 'server'} grew by ${Math.round(grown / 1024 / connections)} KiB per connection`,
        );
      }
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }

  test('download: a client that stops reading', async () => {
    const counter = { bytes: 0 };
    const source = await startTcpServer((socket) => pump(socket, counter));
    try {
      await stalled(source, counter, false);
    } finally {
      await source.close();
    }
  });

  test('upload: a target that stops reading', async () => {
    const counter = { bytes: 0 };
    const target = await startTcpServer((socket) => socket.pause());
    try {
      await stalled(target, counter, true);
    } finally {
      await target.close();
    }
  });
});
