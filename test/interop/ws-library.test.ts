/** ws against another implementation of WebSocket, the library of that name, in both roles. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { CollectSink } from '../helper/collect-sink.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { payload, sha256 } from '../helper/payload.js';
import {
  echoLink,
  loopback,
  startTransportServer,
  type TransportServer,
  transportDialer,
  writeAll,
} from '../helper/transport.js';
import { wsSettings } from '../helper/upgrade-settings.js';

const sizes = [1, 125, 126, 127, 65_531, 65_532, 65_533, 65_535, 65_536, 300_000, 3_000_000];

/** The library's client to tsray's server. */
describe('the ws library as client', () => {
  let server: TransportServer;
  before(async () => {
    server = await startTransportServer(wsSettings(), undefined, echoLink);
  });
  after(() => server.listener.close());

  async function connect(options: { readonly perMessageDeflate?: boolean } = {}): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/way?any`, options);
    await once(socket, 'open');
    return socket;
  }

  /** What comes back from now on, once it is `length` bytes. */
  function collect(socket: WebSocket, length: number): Promise<Buffer> {
    return new Promise((resolve) => {
      let back = Buffer.alloc(0);
      const received = (message: RawData): void => {
        back = Buffer.concat([back, message as Buffer]);
        if (back.length < length) return;
        socket.off('message', received);
        resolve(back);
      };
      socket.on('message', received);
    });
  }

  test('echoes messages of every size', async () => {
    const socket = await connect();
    for (const size of sizes) {
      const data = payload(size);
      const back = collect(socket, size);
      socket.send(data);
      assert.equal(sha256(await back), sha256(data), `${size} bytes`);
    }
    socket.terminate();
  });

  test('echoes text and fragments, answers pings, takes no extension', async () => {
    const socket = await connect({ perMessageDeflate: true });
    assert.equal(socket.extensions, '');
    const back = collect(socket, 12);
    socket.send('text-');
    socket.send('frag', { fin: false });
    socket.ping('are you there');
    socket.send('men', { fin: true });
    const [pong] = (await once(socket, 'pong')) as [Buffer];
    assert.equal(pong.toString(), 'are you there');
    assert.equal((await back).toString(), 'text-fragmen');
    socket.terminate();
  });

  test('closes in an orderly way', async () => {
    const before = countResources();
    const socket = await connect();
    socket.close(1000, 'done');
    const [code] = (await once(socket, 'close')) as [number];
    assert.equal(code, 1000);
    await nothingLeft(before);
  });
});

describe('the ws library as server', () => {
  let server: WebSocketServer;
  const dialer = transportDialer(wsSettings());

  before(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/way', maxPayload: 65_536 });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      // In fragments of 1000 bytes.
      socket.on('message', (data: Buffer) => {
        for (let at = 0; at < data.length; at += 1000) {
          socket.send(data.subarray(at, at + 1000), { fin: at + 1000 >= data.length });
        }
        socket.ping();
      });
    });
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const port = (): number => (server.address() as AddressInfo).port;

  test('echoes writes of every size', async () => {
    const link = await dialer.dial(loopback(port()));
    const sink = CollectSink.on(link);
    let total = 0;
    for (const size of sizes) {
      const data = payload(size);
      await writeAll(link, data, size, async () => {
        await sink.until((s) => s.drains > 0);
        sink.drains = 0;
      });
      total += size;
      await sink.until((s) => s.received === total);
      assert.equal(sha256(sink.bytes), sha256(data), `${size} bytes`);
      sink.chunks.length = 0;
    }
    link.destroy();
  });

  test('sees our close as 1000, and ours its own', async () => {
    const before = countResources();
    for (const closer of ['we', 'it'] as const) {
      const link = await dialer.dial(loopback(port()));
      const sink = CollectSink.on(link);
      const [socket] = [...server.clients];
      assert.ok(socket !== undefined);
      const closed = once(socket, 'close') as Promise<[number]>;
      if (closer === 'we') link.close();
      else socket.close(1001);
      const [code] = await closed;
      assert.equal(code, closer === 'we' ? 1000 : 1001);
      await sink.until((s) => s.closes === 1);
      assert.deepEqual([sink.ended, sink.error], [closer === 'we' ? 0 : 1, undefined]);
    }
    await nothingLeft(before);
  });

  test('an error of the server is one here', async () => {
    const link = await dialer.dial(loopback(port()));
    const sink = CollectSink.on(link);
    [...server.clients][0]?.close(1011);
    await sink.until((s) => s.closes === 1);
    assert.equal(sink.error?.code, 'ERR_CLOSED');
  });

  test('a wrong path is refused', async () => {
    const other = transportDialer(wsSettings({ path: '/other' }));
    await assert.rejects(other.dial(loopback(port())), { code: 'ERR_UPSTREAM' });
  });
});
