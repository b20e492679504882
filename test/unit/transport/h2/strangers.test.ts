/** HTTP/2 connections of clients that nobody has let in: nothing of them stays. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { after, describe, test } from 'node:test';
import tls from 'node:tls';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import {
  emptySettings,
  frame,
  frameTypes,
  headersFrame,
  preface,
  settingsAck,
  u32,
} from '../../../helper/http2-frames.js';
import { anyTls, grpcSettings, h2Settings } from '../../../helper/http2-settings.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { startTransportServer, transportDeps } from '../../../helper/transport.js';

const paths: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  http: { ':method': 'PUT', ':scheme': 'http', ':authority': 'a.example', ':path': '/tunnel' },
  grpc: {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'a.example',
    ':path': '/GunService/Tun',
    'content-type': 'application/grpc',
  },
};
const kinds: readonly (readonly [string, keyof typeof paths, StreamSettings])[] = [
  ['http', 'http', h2Settings()],
  ['http under TLS', 'http', h2Settings({}, anyTls())],
  ['grpc', 'grpc', grpcSettings()],
  ['grpc under TLS', 'grpc', grpcSettings({}, anyTls())],
];

const before = countResources();
after(() => nothingLeft(before));

async function connect(port: number, settings: StreamSettings): Promise<Duplex> {
  const secured = settings.tls !== undefined;
  const socket = secured
    ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, secured ? 'secureConnect' : 'connect');
  return socket;
}

/** Connection errors (RFC 9113 section 5.4.1). */
const errors: Readonly<Record<string, Buffer>> = {
  'DATA on stream 0': frame(frameTypes.data, 0, 0, Buffer.alloc(5)),
  'a frame that is too long': Buffer.from('ffffff000000000001', 'hex'),
  'WINDOW_UPDATE by zero': frame(frameTypes.windowUpdate, 0, 0, u32(0)),
  'SETTINGS of a wrong length': frame(frameTypes.settings, 0, 0, Buffer.alloc(5)),
  'headers that cannot be decoded': frame(1, 4, 3, Buffer.alloc(20, 0xff)),
};

for (const [name, kind, settings] of kinds) {
  describe(name, { timeout: 30_000 }, () => {
    for (const [what, bytes] of Object.entries(errors)) {
      for (const path of [paths[kind]!, { ...paths[kind]!, ':path': '/nothing' }]) {
        test(`${what} behind a request for ${path[':path']}, then the end: nothing stays`, async () => {
          const server = await startTransportServer(settings, transportDeps(), () => undefined, true);
          const client = await connect(server.port, settings);
          client.write(Buffer.concat([preface, emptySettings, headersFrame(1, path), bytes]));
          client.end();
          await server.listener.drain();
          client.destroy();
        });
      }
    }

    test('a connection on which nobody was let in ends at the deadline, whatever it asks for', async () => {
      const clock = new FakeClock();
      const server = await startTransportServer(settings, transportDeps({ clock }), () => undefined, true);
      const client = await connect(server.port, settings);
      const gone = once(client, 'close');
      client.write(Buffer.concat([preface, emptySettings, settingsAck, headersFrame(1, paths[kind]!)]));
      while (server.accepted < 1) await new Promise(setImmediate);
      client.on('end', () => client.end());
      clock.advance(60_000);
      await gone;
      await server.listener.drain();
    });

    test('one on which a user was let in goes on', async () => {
      const clock = new FakeClock();
      const server = await startTransportServer(settings, transportDeps({ clock }));
      const client = await connect(server.port, settings);
      client.write(Buffer.concat([preface, emptySettings, settingsAck, headersFrame(1, paths[kind]!)]));
      await server.next();
      clock.advance(70_000);
      client.write(headersFrame(3, paths[kind]!));
      await server.next();
      assert.equal(client.destroyed, false);
      client.destroy();
      await server.listener.close();
    });

    test('a rapid reset ends with the connection', async () => {
      const server = await startTransportServer(settings, transportDeps(), () => undefined, true);
      const client = await connect(server.port, settings);
      const gone = once(client, 'close');
      client.on('end', () => client.end());
      client.write(Buffer.concat([preface, emptySettings]));
      for (let index = 0; index < 300; index += 1) {
        const id = index * 2 + 1;
        client.write(Buffer.concat([headersFrame(id, paths[kind]!), frame(frameTypes.reset, 0, id, u32(8))]));
      }
      await gone;
      assert.ok(server.accepted <= 256);
      await server.listener.drain();
    });
  });
}
