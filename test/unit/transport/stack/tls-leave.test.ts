/** TLS clients that leave in their handshake: nothing of them stays, on every carrier. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { createKcpDialer } from '../../../../src/transport/kcp/dial.js';
import { createStreamListen } from '../../../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { anyTls, grpcSettings, h2Settings } from '../../../helper/http2-settings.js';
import { kcpDefaults } from '../../../helper/kcp.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { loopback, TestListener, transportDeps } from '../../../helper/stack.js';
import { httpUpgradeSettings, wsSettings } from '../../../helper/upgrade-settings.js';

const secured = (settings: StreamSettings): StreamSettings => ({ ...settings, tls: anyTls() });
const carriers: readonly (readonly [string, StreamSettings])[] = [
  ['tcp', secured(plainTcp)],
  ['ws', secured(wsSettings())],
  ['httpupgrade', secured(httpUpgradeSettings())],
  ['http', h2Settings({}, anyTls())],
  ['grpc', grpcSettings({}, anyTls())],
];

/** The first bytes of a client's handshake. */
async function clientHello(): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost' });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

const hello = await clientHello();
const beginnings: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['the beginning of a record', Buffer.from('1603010200', 'hex')],
  ['half a ClientHello', hello.subarray(0, hello.length >> 1)],
  ['a ClientHello', hello],
];

for (const [name, settings] of carriers) {
  for (const [what, bytes] of beginnings) {
    test(`${name}: a client that sends ${what} and ends is gone at once`, async () => {
      // No deadline passes: the clock stands still.
      const clock = new FakeClock();
      const log = new MemoryLogger();
      const listener = await TestListener.open(settings, transportDeps({ clock, log }));
      const client = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('error', () => undefined);
      client.resume();
      await once(client, 'connect');
      client.write(bytes);
      client.end();
      await once(client, 'end');
      client.destroy();
      // Resolves once no connection is left.
      await listener.drain();
      assert.equal(listener.unclaimed, 0);
      assert.equal(clock.pendingTimers, 0);
    });
  }
}

test('kcp: a client that leaves in its TLS handshake is gone at once', async () => {
  const settings = secured({
    network: 'kcp',
    kcp: { ...kcpDefaults, ttiMs: 10 },
    sockopt: { acceptProxyProtocol: false },
  });
  const log = new MemoryLogger();
  const listener = await createStreamListen(settings, transportDeps({ log }))(
    '127.0.0.1',
    0,
    () => undefined,
  );
  const dialer = createKcpDialer({ ...kcpDefaults, ttiMs: 10 }, transportDeps());
  const link = await dialer.dial(loopback(listener.port));
  const sink = CollectSink.on(link);
  link.write(hello.subarray(0, 100));
  link.close();
  await sink.until((one) => one.closes > 0);
  await listener.drain();
  await dialer.close();
});

test('a client that goes on with its handshake after others have left is served', async () => {
  const certificate = anyTls();
  const listener = await TestListener.open({ ...plainTcp, tls: certificate });
  for (let count = 0; count < 20; count += 1) {
    const stranger = net.connect(listener.port, '127.0.0.1');
    stranger.on('error', () => undefined);
    stranger.end(hello);
  }
  const client = tls.connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(client, 'secureConnect');
  client.end('hello');
  const { link } = await listener.next();
  const sink = CollectSink.on(link);
  await sink.until((one) => one.ended > 0);
  assert.equal(sink.text, 'hello');
  link.close();
  await sink.until((one) => one.closes > 0);
  await listener.drain();
});
