/** The library's server: users that come and go, events with byte counts, targets served in the program. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  type Client,
  type ClosedConnection,
  type ConnectionInfo,
  createClient,
  createServer,
  generateId,
  type Server,
  type ServerOptions,
} from '../../../src/index.js';
import { eventually } from '../../helper/eventually.js';
import { countResources, nothingLeft } from '../../helper/leaks.js';
import { payload } from '../../helper/payload.js';
import { startEcho, startUdpEcho, type TestServer } from '../../helper/tcp-servers.js';

const ann = { id: generateId(), email: 'ann@example.com' };
const bob = { id: generateId(), email: 'bob@example.com' };

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

/** Resolves when the stream has ended, in whatever way. */
function over(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.once(event, () => resolve());
  });
}

describe('createServer', () => {
  let echo: TestServer;
  const open: { close(): Promise<unknown> }[] = [];

  async function start(options: Partial<ServerOptions> = {}): Promise<Server> {
    const server = createServer({ users: [ann, bob], listen: { host: '127.0.0.1', port: 0 }, ...options });
    open.push(server);
    await server.start();
    return server;
  }
  function clientOf(server: Server, id: string, more: object = {}): Client {
    const client = createClient({
      protocol: 'vmess',
      settings: { vnext: [{ address: '127.0.0.1', port: server.port, users: [{ id }] }] },
      ...more,
    });
    open.push(client);
    return client;
  }

  beforeEach(async () => {
    echo = await startEcho();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    await echo.close();
  });

  test('tells of each connection, and of its bytes when it has ended', async () => {
    const server = await start();
    const opened: ConnectionInfo[] = [];
    server.on('connection', (connection) => opened.push(connection));
    const closed = once(server, 'close') as Promise<[ClosedConnection]>;
    const stream = await clientOf(server, ann.id).connect({ host: 'localhost', port: echo.port });
    stream.end(payload(10_000));
    stream.resume();
    const [end] = await closed;
    assert.deepEqual(opened.length, 1);
    assert.equal(opened[0]!.user, ann.email);
    assert.deepEqual(opened[0]!.target, { host: 'localhost', port: echo.port });
    assert.equal(opened[0]!.network, 'tcp');
    assert.equal(end.id, opened[0]!.id);
    assert.equal(end.uplinkBytes, 10_000);
    assert.equal(end.downlinkBytes, 10_000);
    assert.equal(end.error, undefined);
    assert.equal(server.connections, 0);
  });

  for (const mux of [false, true]) {
    test(`a removed user's connections end at once, others go on${mux ? ' (Mux)' : ''}`, async () => {
      const server = await start();
      const more = mux ? { mux: { enabled: true, concurrency: 8 } } : {};
      const annClient = clientOf(server, ann.id, more);
      const target = { host: '127.0.0.1', port: echo.port };
      const annStreams = [await annClient.connect(target), await annClient.connect(target)];
      const bobStream = await clientOf(server, bob.id, more).connect(target);
      for (const stream of [...annStreams, bobStream]) {
        stream.on('error', () => undefined);
        stream.write('x');
        await once(stream, 'data');
      }
      assert.equal(server.connections, 3);
      const gone = annStreams.map(over);
      const told = once(server, 'close') as Promise<[ClosedConnection]>;
      for (const stream of annStreams) stream.resume();
      assert.equal(server.users.remove('ANN@example.com'), true);
      await Promise.all(gone);
      const [{ error, user }] = await told;
      assert.equal(user, ann.email);
      assert.equal(error?.code, 'ERR_AUTH');
      await eventually('both are gone', () => server.connections === 1);
      bobStream.write('y');
      assert.equal(String((await once(bobStream, 'data'))[0]), 'y');
      assert.equal(server.users.remove(ann.email), false);
      assert.deepEqual(
        server.users.list().map(({ email }) => email),
        [bob.email],
      );
      const refused = await annClient.connect(target);
      refused.on('error', () => undefined);
      const reported = once(server, 'refused');
      refused.write('x');
      await reported;
    });
  }

  test('an added user gets in at once', async () => {
    const server = await start({ users: [] });
    const client = clientOf(server, ann.id);
    const added = server.users.add({ id: ann.id });
    assert.equal(added.email, 'user-1');
    const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
    stream.end('hi');
    assert.equal(await textOf(stream), 'hi');
  });

  test('users with a bad ID, or an ID or email in use, are refused', async () => {
    const server = await start();
    assert.throws(() => server.users.add({ id: '0123-'.repeat(8) }), { code: 'ERR_CONFIG_VALUE' });
    assert.throws(() => server.users.add({ id: ann.id, email: 'new' }), { code: 'ERR_CONFIG_CONFLICT' });
    const again = { id: generateId(), email: 'Ann@example.com' };
    assert.throws(() => server.users.add(again), { code: 'ERR_CONFIG_CONFLICT' });
    assert.throws(() => server.users.add({ id: generateId(), level: 256 }), { code: 'ERR_CONFIG_VALUE' });
    assert.equal(server.users.size, 2);
    server.users.remove(ann.email);
    assert.equal(server.users.add({ ...ann, email: 'new' }).email, 'new');
  });

  test('a stranger is reported and gets nothing', async () => {
    const server = await start();
    const refused = once(server, 'refused');
    const stream = await clientOf(server, generateId()).connect({ host: '127.0.0.1', port: echo.port });
    stream.on('error', () => undefined);
    stream.write('x');
    const [{ reason }] = (await refused) as [{ reason: string }];
    assert.match(reason, /ERR_AUTH/);
    assert.equal(server.connections, 0);
  });

  test('a handler serves targets in the program', async () => {
    const server = await start({
      handler: ({ host, port }, stream, { user }) => {
        if (host !== 'hello.internal') return false;
        stream.end(`${user} asks for ${host}:${port}`);
        stream.resume();
        return true;
      },
    });
    const client = clientOf(server, ann.id);
    const answered = await client.connect({ host: 'hello.internal', port: 80 });
    answered.write('x');
    assert.equal(await textOf(answered), 'ann@example.com asks for hello.internal:80');
    const outside = await client.connect({ host: '127.0.0.1', port: echo.port });
    outside.end('out');
    assert.equal(await textOf(outside), 'out');
  });

  test('a handler that fails ends its connection and nothing else', async () => {
    const messages: string[] = [];
    const server = await start({
      onLog: ({ message }) => messages.push(message),
      handler: async ({ port }, stream) => {
        stream.resume();
        if (port === 1) throw new Error('out of order');
        stream.end('fine');
      },
    });
    const client = clientOf(server, ann.id);
    const closed = once(server, 'close') as Promise<[ClosedConnection]>;
    const bad = await client.connect({ host: 'any', port: 1 });
    bad.on('error', () => undefined);
    bad.write('x');
    bad.resume();
    const [{ error }] = await closed;
    assert.match(String(error?.message), /out of order/);
    assert.ok(messages.some((message) => message.includes('out of order')));
    const good = await client.connect({ host: 'any', port: 2 });
    good.end();
    assert.equal(await textOf(good), 'fine');
  });

  test('a handler keeps datagrams in, unless they are let through', async () => {
    const udp = await startUdpEcho();
    const handler = (): boolean => false;
    for (const datagrams of [false, true]) {
      const server = await start({ handler, ...(datagrams ? { datagrams } : {}) });
      const closed = once(server, 'close') as Promise<[ClosedConnection]>;
      const socket = clientOf(server, ann.id).datagram();
      socket.on('error', () => undefined);
      socket.send('ping', udp.port, '127.0.0.1');
      if (datagrams) {
        assert.equal(String((await once(socket, 'message'))[0]), 'ping');
      } else {
        assert.equal((await closed)[0].error?.code, 'ERR_BLOCKED');
      }
      socket.close();
    }
    assert.equal(udp.accepted, 1);
    await udp.close();
  });

  test('a datagram handler serves some targets, and leaves others to the outbound', async () => {
    const udp = await startUdpEcho();
    const server = await start({
      datagramHandler: ({ host }, datagrams, { user }) => {
        if (host !== 'hello.internal') return false;
        datagrams.send(`welcome ${user}`);
        datagrams.on('message', (message, target) => {
          if (message.length === 0) datagrams.close();
          else datagrams.send(Buffer.concat([message, Buffer.from(` at ${target.host}:${target.port}`)]));
        });
        return true;
      },
    });
    const closed = once(server, 'close') as Promise<[ClosedConnection]>;
    for (const packetEncoding of ['none', 'xudp']) {
      const socket = clientOf(server, ann.id, {
        settings: {
          vnext: [{ address: '127.0.0.1', port: server.port, users: [{ id: ann.id }] }],
          packetEncoding,
        },
      }).datagram();
      const messages: string[] = [];
      socket.on('message', (message) => messages.push(message.toString()));
      socket.send('ping', 53, 'hello.internal');
      socket.send('pong', 53, 'hello.internal');
      socket.send('out', udp.port, '127.0.0.1');
      await eventually('four answers', () => messages.length === 4);
      assert.deepEqual(
        messages.filter((message) => message !== 'out'),
        ['welcome ann@example.com', 'ping at hello.internal:53', 'pong at hello.internal:53'],
      );
      assert.ok(messages.includes('out'));
      socket.close();
    }
    const [{ downlinkBytes, error, network, uplinkBytes }] = await closed;
    assert.equal(error, undefined);
    assert.equal(network, 'udp');
    assert.ok(uplinkBytes > 0 && downlinkBytes > 0);
    assert.equal(udp.accepted, 2);
    await udp.close();
  });

  test('a session of datagrams ends: by its handler, with its user, and when its handler fails', async () => {
    const ends: string[] = [];
    const server = await start({
      datagramHandler: async ({ port }, datagrams) => {
        datagrams.on('close', (error) => ends.push(`${port} ${error?.code}`));
        if (port === 3) throw new Error('out of order');
        datagrams.on('message', (message) => {
          if (String(message) === 'bye') datagrams.close();
          else assert.equal(datagrams.send(Buffer.alloc(65_508)), false);
          datagrams.send(message);
        });
      },
    });
    const socket = clientOf(server, ann.id).datagram();
    socket.on('error', () => undefined);
    for (const port of [1, 2, 3]) socket.send('x', port, 'any.internal');
    await eventually('two sessions', () => server.connections === 2);
    socket.send('bye', 1, 'any.internal');
    await eventually('one session', () => server.connections === 1);
    server.users.remove(ann.email);
    await eventually('no session', () => server.connections === 0);
    assert.deepEqual(ends, ['3 ERR_INTERNAL', '1 undefined', '2 ERR_AUTH']);
    socket.close();
  });

  test('close() ends live connections and leaves no handle', async () => {
    const before = countResources();
    const server = await start();
    const client = clientOf(server, ann.id);
    const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
    stream.on('error', () => undefined);
    stream.write('x');
    await once(stream, 'data');
    await server.close();
    await eventually('no connection left', () => server.connections === 0);
    await client.close();
    await eventually('the target sees the end', () => echo.open === 0);
    await assert.rejects(server.start(), { code: 'ERR_CLOSED' });
    await nothingLeft(before);
  });

  test('live connections have their time, which a signal or another close() ends', async () => {
    const ends: readonly ((server: Server, aborter: AbortController) => unknown)[] = [
      (_server, aborter) => aborter.abort(),
      (server) => server.close(),
      () => undefined,
    ];
    for (const [index, hurry] of ends.entries()) {
      const server = await start();
      const stream = await clientOf(server, ann.id).connect({ host: '127.0.0.1', port: echo.port });
      stream.on('error', () => undefined);
      stream.write('x');
      await once(stream, 'data');
      const aborter = new AbortController();
      let closed = false;
      const closing = server.close({ graceMs: 60_000, signal: aborter.signal }).then(() => {
        closed = true;
      });
      stream.write('y');
      assert.equal(String((await once(stream, 'data'))[0]), 'y', 'it goes on');
      assert.equal(closed, false);
      hurry(server, aborter);
      // The last one ends by itself.
      if (index === 2) stream.end();
      await closing;
      assert.equal(server.connections, 0);
    }
  });

  test('a server that could not listen may try again', async () => {
    const first = await start();
    const second = createServer({ listen: { host: '127.0.0.1', port: first.port } });
    open.push(second);
    await assert.rejects(second.start(), { code: 'ERR_LISTEN' });
    await first.close();
    await second.start();
    assert.ok(second.port > 0);
  });

  test('disposing of a connection, a socket, a client and a server ends them', async () => {
    const server = await start();
    const client = clientOf(server, ann.id);
    const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
    const socket = client.datagram();
    await stream[Symbol.asyncDispose]();
    assert.equal(stream.destroyed, true);
    await socket[Symbol.asyncDispose]();
    assert.throws(() => socket.send('x', 1, '127.0.0.1'), { code: 'ERR_CLOSED' });
    await client[Symbol.asyncDispose]();
    await assert.rejects(client.connect({ host: '127.0.0.1', port: 1 }), { code: 'ERR_CLOSED' });
    await server[Symbol.asyncDispose]();
    await assert.rejects(server.start(), { code: 'ERR_CLOSED' });
  });

  test('options that cannot work are refused with a code and the place', () => {
    assert.throws(() => createServer({ listen: { port: 70_000 } }), {
      code: 'ERR_CONFIG_VALUE',
      message: /^port: expected/,
    });
    assert.throws(() => createServer({ listen: { port: 0 }, stream: { network: 'xhttp' as 'tcp' } }), {
      code: 'ERR_CONFIG_UNSUPPORTED',
    });
  });
});
