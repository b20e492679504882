import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import type { RedirectedPackets } from '../../../../src/contract/transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { createDokodemoInbound, type DokodemoInboundDeps } from '../../../../src/proxy/dokodemo/inbound.js';
import type { DokodemoSettings } from '../../../../src/proxy/dokodemo/settings.js';
import { createFreedomOutbound } from '../../../../src/proxy/freedom/outbound.js';
import { bindPackets } from '../../../../src/transport/udp/bind.js';
import { dispatcherTo } from '../../../helper/dispatchers.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher } from '../../../helper/fake-dispatcher.js';
import { at, FakeListen, portsOf } from '../../../helper/fake-listen.js';
import { FakeBind } from '../../../helper/fake-packets.js';
import { MemoryAccessLog, MemoryLogger } from '../../../helper/memory-log.js';
import { ScriptedDialer, TableResolver } from '../../../helper/scripted-dialer.js';
import { settle } from '../../../helper/scripted-link.js';

async function setUp(settings: Partial<DokodemoSettings> = {}, deps: Partial<DokodemoInboundDeps> = {}) {
  const dispatcher = new FakeDispatcher();
  const listen = new FakeListen();
  const bind = new FakeBind();
  const clock = new FakeClock();
  let id = 0;
  const inbound = createDokodemoInbound({
    tag: 'door',
    settings: {
      address: parseAddress('example.com'),
      port: 53,
      networks: ['tcp', 'udp'],
      userLevel: 3,
      ...settings,
    },
    place: 'door',
    openPorts: portsOf(listen.listen, '127.0.0.1', deps.ports ?? [5353]),
    host: '127.0.0.1',
    ports: [5353],
    bindPackets: bind.bind,
    dispatcher,
    clock,
    log: new MemoryLogger(),
    nextId: () => {
      id += 1;
      return id;
    },
    ...deps,
  });
  return { inbound, dispatcher, listen, bind, clock };
}

test('a connection goes to the fixed destination with the level and timeout of the settings', async () => {
  const { inbound, dispatcher, listen } = await setUp({ timeoutMs: 7000 });
  await inbound.start();
  const client = listen.connect();
  client.deliver('first');
  const { context } = dispatcher.opens[0]!;
  assert.deepEqual(context.destination, at('example.com', 53));
  assert.equal(context.sourceText, '192.0.2.7:50000');
  assert.equal(context.inboundTag, 'door');
  assert.equal(context.level, 3);
  assert.equal(context.idleMs, 7000);
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.sink!.text, 'first');
  client.deliver(' more');
  client.deliverEnd();
  assert.equal(route.sink!.text, 'first more');
  assert.equal(route.sink!.ended, 1);
  route.link!.close();
  await settle();
  assert.ok(client.closed);
});

test('a connection over mKCP, whose client has a UDP address, is a TCP connection all the same', async () => {
  const { inbound, dispatcher, listen } = await setUp();
  await inbound.start();
  listen.connect(at('192.0.2.7', 50_000, 'udp'));
  const { context } = dispatcher.opens[0]!;
  assert.deepEqual(context.destination, at('example.com', 53, 'tcp'));
  assert.deepEqual(context.source, at('192.0.2.7', 50_000, 'udp'));
});

test('without a timeout the level’s idle time holds', async () => {
  const { inbound, dispatcher, listen } = await setUp();
  await inbound.start();
  listen.connect();
  assert.equal(dispatcher.opens[0]!.context.idleMs, undefined);
});

test('a way that cannot be opened closes the client', async () => {
  const { inbound, dispatcher, listen } = await setUp();
  await inbound.start();
  const client = listen.connect();
  dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  await settle();
  assert.ok(client.closed);
});

test('a client that leaves early aborts the opening; what opens nevertheless is discarded', async () => {
  const { inbound, dispatcher, listen } = await setUp();
  await inbound.start();
  const client = listen.connect();
  const opening = dispatcher.opens[0]!;
  client.goAway();
  await settle();
  assert.ok(opening.context.signal!.aborted);
  const route = opening.accept();
  await settle();
  assert.ok(route.discarded);
});

test('each client has one datagram session to the fixed destination; replies go back to it', async () => {
  const { inbound, dispatcher, bind } = await setUp({ timeoutMs: 7000 });
  await inbound.start();
  const socket = bind.bound[0]!.link;
  const [one, two] = [at('192.0.2.1', 1000, 'udp'), at('192.0.2.2', 1000, 'udp')];
  socket.deliver(Buffer.from('a'), one);
  socket.deliver(Buffer.from('b'), two);
  socket.deliver(Buffer.from('c'), one);
  assert.equal(dispatcher.packetOpens.length, 2);
  const { context } = dispatcher.packetOpens[0]!;
  assert.deepEqual(context.destination, at('example.com', 53, 'udp'));
  assert.equal(context.sourceText, '192.0.2.1:1000');
  assert.equal(context.idleMs, 7000);
  const route = dispatcher.packetOpens[0]!.accept();
  await settle();
  socket.deliver(Buffer.from('d'), one);
  assert.deepEqual(
    route.packets.map(({ text, remote }) => [text, remote.address.host]),
    [
      ['a', 'example.com'],
      ['c', 'example.com'],
      ['d', 'example.com'],
    ],
  );
  route.link!.send(Buffer.from('reply'), at('198.51.100.1', 53, 'udp'));
  assert.deepEqual(socket.sent, [{ hex: Buffer.from('reply').toString('hex'), remote: one }]);
  await inbound.close();
  await settle();
  assert.equal(route.closes, 1);
  assert.ok(dispatcher.packetOpens[1]!.context.signal!.aborted);
});

test('listens for the networks it was told to', async () => {
  for (const [networks, tcp, udp] of [
    [['tcp'], 1, 0],
    [['udp'], 0, 1],
    [['tcp', 'udp'], 1, 1],
  ] as const) {
    const { inbound, listen, bind } = await setUp({ networks });
    await inbound.start();
    assert.equal(listen.open.length, tcp);
    assert.equal(bind.bound.length, udp);
    assert.equal(inbound.addresses.length, tcp + udp);
    await inbound.close();
    await inbound.close();
    assert.equal(listen.open.length, 0);
    assert.ok(bind.bound.every(({ link }) => link.gone));
  }
});

test('if one port cannot be had, none stays open', async () => {
  const udp = await setUp();
  udp.bind.error = new TsrayError('ERR_LISTEN', 'the port is in use');
  await assert.rejects(udp.inbound.start(), { code: 'ERR_LISTEN' });
  assert.deepEqual(udp.listen.open, []);
  const tcp = await setUp({}, { ports: [5353, 5354] });
  tcp.listen.failOn = { port: 5354, error: new TsrayError('ERR_LISTEN', 'the port is in use') };
  await assert.rejects(tcp.inbound.start(), { code: 'ERR_LISTEN' });
  assert.deepEqual(tcp.listen.open, []);
  assert.equal(tcp.bind.bound.length, 0);
});

test('all addresses of both families where none is chosen, IPv4 alone on a machine without IPv6', async () => {
  const { inbound, bind } = await setUp({ networks: ['udp'] }, { host: '0.0.0.0' });
  await inbound.start();
  assert.deepEqual(
    bind.bound.map(({ family, options }) => [family, options.dualStack]),
    [['udp6', true]],
  );
  await inbound.close();
  const asked: string[] = [];
  const old = await setUp(
    { networks: ['udp'] },
    {
      host: '::',
      bindPackets: (family, options) => {
        asked.push(family);
        if (family === 'udp4') return new FakeBind().bind(family, options);
        const cause = Object.assign(new Error('bind'), { code: 'EAFNOSUPPORT' });
        return Promise.reject(new TsrayError('ERR_LISTEN', 'no IPv6', { cause }));
      },
    },
  );
  await old.inbound.start();
  assert.deepEqual(asked, ['udp6', 'udp4']);
  await old.inbound.close();
});

test('draining ends datagram sessions and waits for connections', async () => {
  const { inbound, dispatcher, bind } = await setUp();
  await inbound.start();
  bind.bound[0]!.link.deliver(Buffer.from('x'), at('192.0.2.1', 1, 'udp'));
  await inbound.drain();
  assert.ok(dispatcher.packetOpens[0]!.context.signal!.aborted);
  assert.ok(bind.bound[0]!.link.gone);
});

test('datagrams through dispatcher and freedom over real sockets', async () => {
  const echo = dgram.createSocket('udp4');
  echo.on('message', (bytes, remote) => echo.send(bytes, remote.port, remote.address));
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  const freedom = createFreedomOutbound({
    tag: 'direct',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false },
    dialer: new ScriptedDialer(),
    bindPackets,
    resolver: new TableResolver({ 'echo.example': ['127.0.0.1'] }),
    clock: systemClock,
  });
  const accessLog = new MemoryAccessLog();
  const { inbound } = await setUp(
    { address: parseAddress('echo.example'), port: echo.address().port, networks: ['udp'] },
    {
      ports: [0],
      bindPackets,
      clock: systemClock,
      dispatcher: dispatcherTo([freedom], { accessLog }),
    },
  );
  await inbound.start();
  const port = Number(inbound.addresses[0]!.split(':').at(-1));
  const client = dgram.createSocket('udp4');
  client.bind(0, '127.0.0.1');
  for (const size of [1, 1400, 65_507]) {
    const payload = Buffer.alloc(size, size % 251);
    const answer = once(client, 'message') as Promise<[Buffer, dgram.RemoteInfo]>;
    client.send(payload, port, '127.0.0.1');
    const [bytes, remote] = await answer;
    assert.ok(bytes.equals(payload), `${size} bytes`);
    assert.equal(remote.port, port);
  }
  assert.equal(accessLog.records.length, 1);
  assert.equal(accessLog.records[0]!.to, `udp:echo.example:${echo.address().port}`);
  client.close();
  echo.close();
  await inbound.close();
});

test('datagrams that the firewall led here go where they were to go, others to the address or nowhere', async () => {
  for (const address of [parseAddress('example.com'), undefined]) {
    let receive: Parameters<RedirectedPackets['start']>[0] | undefined;
    const { inbound, dispatcher } = await setUp(
      { address, followRedirect: true, networks: ['udp'] } as Partial<DokodemoSettings>,
      {
        bindRedirected: (_host, port) => ({
          local: at('127.0.0.1', port, 'udp'),
          start: (received) => {
            receive = received;
          },
          send: () => true,
          close: () => undefined,
        }),
      },
    );
    await inbound.start();
    assert.deepEqual(inbound.addresses, ['udp:127.0.0.1:5353']);
    receive?.(Buffer.from('one'), at('192.0.2.7', 5, 'udp'), at('198.51.100.8', 81, 'udp'));
    receive?.(Buffer.from('two'), at('192.0.2.7', 5, 'udp'), undefined);
    const led = at('198.51.100.8', 81, 'udp');
    const opened = dispatcher.packetOpens.map(({ context }) => context.destination);
    assert.deepEqual(opened, address === undefined ? [led] : [led, at('example.com', 53, 'udp')]);
    await inbound.close();
  }
});
