import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { TsrayError } from '../../../../src/core/errors.js';
import type { SockoptSettings } from '../../../../src/transport/socket/sockopt.js';
import { createStreamDialer } from '../../../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { makeCertificate } from '../../../helper/certificates.js';
import { runChild } from '../../../helper/child.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { skipWithout } from '../../../helper/peer.js';
import {
  inline,
  loopback,
  stackPair,
  TestListener,
  tlsOverTcp,
  transportDeps,
} from '../../../helper/stack.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-listen-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const sockopt: SockoptSettings = { acceptProxyProtocol: false };
const unixAt = (path: string, more: object = {}): StreamSettings => ({
  network: 'domainsocket',
  unix: { path, abstract: false, padding: false, ...more },
  sockopt,
});
const proxied = (settings: StreamSettings): StreamSettings => ({
  ...settings,
  sockopt: { acceptProxyProtocol: true },
});
const certificate = makeCertificate();

async function exchange(client: StreamSettings, server: StreamSettings, listen?: string): Promise<string> {
  const { near, far, listener } = await stackPair(client, server, listen === undefined ? {} : { listen });
  const nearSink = CollectSink.on(near);
  const farSink = CollectSink.on(far.link);
  near.write(Buffer.from('question'));
  near.end();
  await farSink.until((s) => s.ended === 1);
  far.link.write(Buffer.from(`answer to ${farSink.text}`));
  far.link.end();
  await nearSink.until((s) => s.closes === 1);
  await farSink.until((s) => s.closes === 1);
  await listener.drain();
  return nearSink.text;
}

test('Unix sockets: a path, a padded abstract name, and an inbound that listens on a path', async () => {
  const path = join(folder, 'a.sock');
  assert.equal(await exchange(unixAt(path), unixAt(path)), 'answer to question');
  assert.equal(existsSync(path), false);
  assert.equal(existsSync(`${path}.lock`), false);
  assert.equal(await exchange(unixAt(path), plainTcp, path), 'answer to question');
  if (process.platform !== 'linux') return;
  const name = { path: `tsray-${process.pid}`, abstract: true, padding: true };
  assert.equal(await exchange(unixAt('', name), unixAt('', name)), 'answer to question');
  assert.equal(await exchange(unixAt('', name), plainTcp, `@@${name.path}`), 'answer to question');
});

test('Unix sockets: abstract names without padding work, or are refused with the way out', {
  skip: process.platform === 'linux' ? false : 'Linux only',
}, async () => {
  const exact = unixAt(`exact-${process.pid}`, { abstract: true });
  try {
    assert.equal(await exchange(exact, exact), 'answer to question');
  } catch (error) {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_CONFIG_UNSUPPORTED');
    assert.match(error.hint ?? '', /padding/);
  }
});

test('Unix sockets: the address is the path, clients have none of their own', async () => {
  const path = join(folder, 'address.sock');
  const { near, far, listener } = await stackPair(unixAt(path), unixAt(path));
  assert.equal(listener.address, path);
  assert.equal(listener.port, 0);
  assert.deepEqual([far.source.address.host, far.source.port], ['0.0.0.0', 0]);
  assert.equal(readFileSync(`${path}.lock`, 'utf8'), `${process.pid}\n`);
  near.destroy();
  await listener.close();
});

test('Unix sockets: what a killed program left behind is replaced', async () => {
  const path = join(folder, 'left.sock');
  // A child that listens and dies without cleaning up.
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await runChild(process.execPath, ['-e', script]);
  assert.equal(existsSync(path), true);
  writeFileSync(`${path}.lock`, '999999999\n');
  assert.equal(await exchange(unixAt(path), unixAt(path)), 'answer to question');
});

test('Unix sockets: what somebody else uses is not taken away', async () => {
  const path = join(folder, 'taken.sock');
  const server = net.createServer().listen(path);
  await once(server, 'listening');
  await assert.rejects(TestListener.open(unixAt(path)), { code: 'ERR_LISTEN' });
  assert.equal(existsSync(path), true);
  server.close();
  await once(server, 'close');
  const first = await TestListener.open(unixAt(path));
  await assert.rejects(TestListener.open(unixAt(path)), { code: 'ERR_LISTEN' });
  assert.equal(readFileSync(`${path}.lock`, 'utf8'), `${process.pid}\n`);
  // The one that runs keeps its lock... and its socket.
  const link = await createStreamDialer(unixAt(path), transportDeps()).dial(loopback(1));
  link.destroy();
  await first.close();
  writeFileSync(path, 'a file');
  await assert.rejects(TestListener.open(unixAt(path)), (error) => {
    assert.ok(error instanceof TsrayError);
    assert.match(error.message, /there is a file of that name/);
    return true;
  });
  // A lock of a process that lives: our parent.
  const locked = join(folder, 'locked.sock');
  writeFileSync(`${locked}.lock`, `${process.ppid}\n`);
  await assert.rejects(TestListener.open(unixAt(locked)), { code: 'ERR_LISTEN' });
});

test('Unix sockets: the lock of a program long gone is taken over, though its id is another’s by now', async () => {
  const path = join(folder, 'stale.sock');
  const longAgo = Date.now() / 1000 - 60;
  writeFileSync(`${path}.lock`, `${process.ppid}\n`);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  assert.equal(await exchange(unixAt(path), unixAt(path)), 'answer to question');
  // And if its socket is there, somebody listens all the same.
  writeFileSync(`${path}.lock`, `${process.ppid}\n`);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  const server = net.createServer().listen(path);
  await once(server, 'listening');
  await assert.rejects(TestListener.open(unixAt(path)), { code: 'ERR_LISTEN' });
  assert.equal(readFileSync(`${path}.lock`, 'utf8'), `${process.ppid}\n`);
  server.close();
  await once(server, 'close');
});

test('Unix sockets: a lock that another program took over while connections ended is left alone', async () => {
  const path = join(folder, 'successor.sock');
  const { near, listener } = await stackPair(unixAt(path), unixAt(path));
  const drained = listener.drain();
  writeFileSync(`${path}.lock`, '999999999\n');
  near.destroy();
  await listener.close();
  await drained;
  assert.equal(readFileSync(`${path}.lock`, 'utf8'), '999999999\n');
});

test('Unix sockets: nobody there, no such folder, a name too long', async () => {
  const dialer = createStreamDialer(unixAt(join(folder, 'nobody.sock')), transportDeps());
  await assert.rejects(dialer.dial(loopback(1)), { code: 'ERR_DIAL_REFUSED' });
  await assert.rejects(TestListener.open(unixAt(join(folder, 'no', 'folder.sock'))), (error) => {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_LISTEN');
    assert.match(error.message, /no such folder/);
    return true;
  });
  const long = unixAt(`/tmp/${'x'.repeat(103)}`);
  await assert.rejects(TestListener.open(long), { code: 'ERR_CONFIG_VALUE' });
  assert.throws(() => createStreamDialer(long, transportDeps()), { code: 'ERR_CONFIG_VALUE' });
});

/** What the listener says of a raw client that sends `bytes`. */
async function proxiedClient(settings: StreamSettings, header: string) {
  const listener = await TestListener.open(proxied(settings));
  const socket = net.connect({ port: listener.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(header);
  return { listener, socket };
}

const header = 'PROXY TCP4 192.0.2.7 198.51.100.1 4242 443\r\n';

test('PROXY protocol: tells the client, and what follows it in the same packet arrives', async () => {
  const { listener, socket } = await proxiedClient(plainTcp, `${header}first bytes`);
  const { link, source, local } = await listener.next();
  assert.deepEqual([source.address.host, source.port], ['192.0.2.7', 4242]);
  assert.deepEqual([local.address.host, local.port], ['198.51.100.1', 443]);
  const sink = CollectSink.on(link);
  await sink.until((s) => s.text === 'first bytes');
  socket.write(' and more');
  await sink.until((s) => s.text === 'first bytes and more');
  socket.destroy();
  await listener.close();
});

test('PROXY protocol: in front of TLS, even if the ClientHello comes with it', async () => {
  const settings = tlsOverTcp({ certificates: [inline(certificate)] });
  const listener = await TestListener.open(proxied(settings));
  // A pair of sockets with a relay between that puts the header in front of the first bytes, in one packet.
  const relay = net.createServer((client) => {
    const server = net.connect(listener.port, '127.0.0.1');
    client.once('data', (hello) => {
      server.write(Buffer.concat([Buffer.from(header), hello]));
      client.pipe(server);
    });
    server.pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as net.AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(client, 'secureConnect');
  const { link, source } = await listener.next();
  assert.equal(source.address.host, '192.0.2.7');
  const sink = CollectSink.on(link);
  client.write('through');
  await sink.until((s) => s.text === 'through');
  client.destroy();
  await listener.close();
  relay.close();
});

for (const [name, settings] of [
  ['plain', plainTcp],
  ['under TLS', tlsOverTcp({ certificates: [inline(certificate)] })],
] as const) {
  test(`PROXY protocol, ${name}: a connection without header is refused, and one that says nothing cut off`, async () => {
    const { listener, socket } = await proxiedClient(settings, 'GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    socket.on('error', () => undefined);
    await once(socket, 'close');
    assert.equal(listener.unclaimed, 0);
    await listener.drain();

    const clock = new FakeClock();
    const log = new MemoryLogger();
    const slow = await TestListener.open(proxied(settings), transportDeps({ clock, log }));
    const silent = net.connect(slow.port, '127.0.0.1').resume();
    while (clock.pendingTimers === 0) await new Promise(setImmediate);
    clock.advance(60_000);
    await once(silent, 'close');
    assert.equal(slow.unclaimed, 0);
    assert.equal(clock.pendingTimers, 0);
    assert.match(log.text, /did not finish its handshake/);
    await slow.drain();
  });
}

test('keep-alive: set on both sides', { skip: skipWithout('ss') }, async () => {
  const kept: StreamSettings = { ...plainTcp, sockopt: { acceptProxyProtocol: false, keepAliveMs: 75_000 } };
  const { near, listener } = await stackPair(kept, kept);
  const { output } = await runChild('ss', [
    '-tnoH',
    'sport',
    '=',
    `:${listener.port}`,
    'or',
    'dport',
    '=',
    `:${listener.port}`,
  ]);
  const timers = output.match(/timer:\(keepalive,1min1[0-9]sec/g);
  assert.equal(timers?.length, 2, output);
  near.destroy();
  await listener.close();
});

test('a transport that cannot go through another outbound never goes past it', () => {
  const through = { dial: () => assert.fail('dialed'), close: () => Promise.resolve() };
  assert.throws(() => createStreamDialer(unixAt('/a'), { ...transportDeps(), through }), {
    code: 'ERR_CONFIG_UNSUPPORTED',
  });
});
