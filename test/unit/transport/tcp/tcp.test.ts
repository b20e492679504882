import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Accepted, Listener } from '../../../../src/contract/transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { SocketLink, socketHighWaterBytes } from '../../../../src/transport/socket/socket-link.js';
import { createTcpDialer } from '../../../../src/transport/tcp/dial.js';
import { createTcpListen } from '../../../../src/transport/tcp/listen.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const dialer = createTcpDialer({ clock: systemClock });

function to(port: number, host = '127.0.0.1'): Destination {
  return { network: 'tcp', address: parseAddress(host), port };
}

async function pair(adoptSockets: boolean): Promise<{ near: Link; far: Accepted; listener: Listener }> {
  let accepted: ((value: Accepted) => void) | undefined;
  const arrival = new Promise<Accepted>((resolve) => {
    accepted = resolve;
  });
  const listener = await createTcpListen({ adoptSockets })('127.0.0.1', 0, (a) => accepted!(a));
  const near = await dialer.dial(to(listener.port));
  return { near, far: await arrival, listener };
}

for (const adoptSockets of [true, false]) {
  const how = adoptSockets ? 'with the shared read buffer' : "with 'data' events";

  test(`carries bytes both ways and half-closes, ${how}`, async () => {
    const { near, far, listener } = await pair(adoptSockets);
    const nearSink = CollectSink.on(near);
    const farSink = CollectSink.on(far.link);
    assert.equal(far.source.address.host, '127.0.0.1');
    assert.equal(far.local.port, listener.port);
    near.write(Buffer.from('hello'));
    near.end();
    await farSink.until((s) => s.ended === 1);
    assert.equal(farSink.text, 'hello');
    far.link.write(Buffer.from('and back'));
    far.link.end();
    await nearSink.until((s) => s.closes === 1);
    assert.equal(nearSink.text, 'and back');
    assert.equal(nearSink.error, undefined);
    await farSink.until((s) => s.closes === 1);
    await listener.drain();
  });

  test(`holds back while the reader is paused and loses nothing, ${how}`, async () => {
    const { near, far, listener } = await pair(adoptSockets);
    const nearSink = CollectSink.on(near);
    far.link.pause();
    const farSink = CollectSink.on(far.link);
    const block = Buffer.alloc(300_000, 7);
    let blocks = 0;
    let open = true;
    while (open) {
      open = near.write(block);
      blocks += 1;
      await new Promise(setImmediate);
    }
    far.link.resume();
    await nearSink.until((s) => s.drains > 0);
    await farSink.until((s) => s.bytes.length === blocks * block.length);
    near.destroy();
    await farSink.until((s) => s.ended === 1);
    far.link.close();
    await farSink.until((s) => s.closes === 1);
    await listener.drain();
  });

  test(`destroyed for a reason with a queue that nobody reads, it is gone at once, ${how}`, async () => {
    const { near, far, listener } = await pair(adoptSockets);
    const nearSink = CollectSink.on(near);
    far.link.pause();
    const farSink = CollectSink.on(far.link);
    const block = Buffer.alloc(300_000, 7);
    while (near.write(block)) await new Promise(setImmediate);
    near.destroy(new TsrayError('ERR_IDLE_TIMEOUT', 'quiet'));
    await nearSink.until((s) => s.closes === 1);
    assert.equal(nearSink.error?.code, 'ERR_IDLE_TIMEOUT');
    far.link.resume();
    await farSink.until((s) => s.ended === 1 || s.closes === 1);
    far.link.destroy();
    await listener.drain();
  });

  test(`destroyed for a reason behind its own end, it is gone at once, ${how}`, async () => {
    const { near, far, listener } = await pair(adoptSockets);
    const nearSink = CollectSink.on(near);
    const farSink = CollectSink.on(far.link);
    near.end();
    near.destroy(new TsrayError('ERR_IDLE_TIMEOUT', 'quiet'));
    await nearSink.until((s) => s.closes === 1);
    await farSink.until((s) => s.ended === 1 || s.closes === 1);
    far.link.close();
    await farSink.until((s) => s.closes === 1);
    await listener.drain();
  });

  test(`a destroyed listener ends its links, ${how}`, async () => {
    const { near, far, listener } = await pair(adoptSockets);
    const nearSink = CollectSink.on(near);
    const farSink = CollectSink.on(far.link);
    await listener.close();
    await farSink.until((s) => s.closes === 1);
    await nearSink.until((s) => s.ended === 1 || s.closes === 1);
    near.destroy();
    await nearSink.until((s) => s.closes === 1);
  });
}

test('a smaller queue limit asks the writer to wait sooner, and drains', async () => {
  const block = Buffer.alloc(8_000, 7);
  /** What the link has queued when it asks to wait, after `limit`. */
  async function queuedBytes(limit: number | undefined): Promise<number> {
    const accepting = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(accepting, 'listening');
    const arrival = once(accepting, 'connection') as Promise<[net.Socket]>;
    const { port } = accepting.address() as net.AddressInfo;
    // As the dialer makes its sockets: Node's own mark is another from 22 on.
    const options = { port, host: '127.0.0.1', highWaterMark: socketHighWaterBytes };
    const socket = net.connect(options);
    await once(socket, 'connect');
    const link = new SocketLink(socket);
    const sink = CollectSink.on(link);
    if (limit !== undefined) link.limitQueue(limit);
    let open = true;
    while (open) open = link.write(block);
    const queued = socket.writableLength;
    const [peer] = await arrival;
    peer.resume();
    await sink.until((s) => s.drains > 0);
    link.destroy();
    peer.destroy();
    accepting.close();
    await once(accepting, 'close');
    return queued;
  }
  const usual = await queuedBytes(undefined);
  assert.ok(usual >= 64 * 1024 && usual < 64 * 1024 + block.length, `${usual} bytes`);
  const limited = await queuedBytes(32 * 1024);
  assert.ok(limited >= 32 * 1024 && limited < 32 * 1024 + block.length, `${limited} bytes`);
  const least = await queuedBytes(1);
  assert.ok(least >= socketHighWaterBytes && least < socketHighWaterBytes + block.length, `${least} bytes`);
});

test('a link whose peer reset before it was started says so when started', async () => {
  const { near, far, listener } = await pair(true);
  const nearSink = CollectSink.on(near);
  near.destroy(new TsrayError('ERR_ABORTED', 'given up'));
  await nearSink.until((s) => s.closes === 1);
  const sink = CollectSink.on(far.link);
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error?.code, 'ERR_RESET');
  assert.equal(sink.ended, 0);
  await listener.drain();
});

test('a refused connection is ERR_DIAL_REFUSED and names the address', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  await assert.rejects(dialer.dial(to(port)), (error) => {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_DIAL_REFUSED');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    return true;
  });
});

test('a dial in progress can be given up and its deadline is kept', async () => {
  const clock = new FakeClock();
  const stuck = createTcpDialer({ clock });
  const listener = await createTcpListen()('127.0.0.1', 0, (a) => a.link.destroy());
  const controller = new AbortController();
  const aborted = stuck.dial(to(listener.port), { signal: controller.signal });
  controller.abort();
  await assert.rejects(aborted, (error) => error instanceof TsrayError && error.code === 'ERR_ABORTED');
  const late = stuck.dial(to(listener.port));
  clock.advance(16_000);
  await assert.rejects(late, (error) => error instanceof TsrayError && error.code === 'ERR_DIAL_TIMEOUT');
  assert.equal(clock.pendingTimers, 0);
  await listener.close();
});

test('a port in use is ERR_LISTEN with a hint', async () => {
  const listen = createTcpListen();
  const first = await listen('127.0.0.1', 0, (a) => a.link.destroy());
  await assert.rejects(
    listen('127.0.0.1', first.port, () => undefined),
    (error) => {
      assert.ok(error instanceof TsrayError);
      assert.equal(error.code, 'ERR_LISTEN');
      assert.match(error.message, /in use/);
      assert.ok(error.hint !== undefined);
      return true;
    },
  );
  await first.close();
});

test('listening on 0.0.0.0 takes IPv4 and IPv6 and reports IPv4 sources as IPv4', async () => {
  const sources: string[] = [];
  const listener = await createTcpListen()('0.0.0.0', 0, (a) => {
    sources.push(a.source.address.host);
    a.link.destroy();
  });
  for (const host of ['127.0.0.1', '::1']) {
    const sink = CollectSink.on(await dialer.dial(to(listener.port, host)));
    await sink.until((s) => s.ended + s.closes > 0);
  }
  assert.deepEqual(sources, ['127.0.0.1', '::1']);
  await listener.close();
});
