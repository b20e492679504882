import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import type { BindPackets } from '../../../../src/contract/transport.js';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import type { PacketLink, PacketSink } from '../../../../src/core/stream/link.js';
import { createFreedomOutbound, type FreedomDeps } from '../../../../src/proxy/freedom/outbound.js';
import type { FreedomSettings } from '../../../../src/proxy/freedom/settings.js';
import { bindPackets } from '../../../../src/transport/udp/bind.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { ScriptedDialer, TableResolver } from '../../../helper/scripted-dialer.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const udp = (host: string, port = 53): Destination => destinationOf('udp', host, port);

/** A socket that records what it is asked to send. */
class FakeSocket implements PacketLink {
  readonly family: string;
  readonly sent: string[] = [];
  sink: PacketSink | undefined;
  closed = false;

  constructor(family: string) {
    this.family = family;
  }

  start(sink: PacketSink): void {
    this.sink = sink;
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    this.sent.push(`${Buffer.from(bytes)} > ${remote.address.host} ${remote.port}`);
    return true;
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    if (this.closed) return;
    this.closed = true;
    queueMicrotask(() => this.sink?.closed(error));
  }
}

function setUp(settings: Partial<FreedomSettings> = {}, deps: Partial<FreedomDeps> = {}) {
  const clock = new FakeClock();
  const resolver = new TableResolver({
    'a.example': ['2001:4860::1', '8.8.8.8'],
    'six.example': ['2001:4860::6'],
    'inside.example': ['10.0.0.1'],
  });
  const sockets: FakeSocket[] = [];
  const bind: BindPackets = (family) => {
    const link = new FakeSocket(family);
    sockets.push(link);
    return Promise.resolve({
      link,
      local: udp('0.0.0.0', 1000),
      counters: { received: 0, sent: 0, dropped: 0, errors: 0 },
    });
  };
  const outbound = createFreedomOutbound({
    tag: 'direct',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false, ...settings },
    dialer: new ScriptedDialer(),
    bindPackets: bind,
    resolver,
    clock,
    ...deps,
  });
  const received: string[] = [];
  const closes: (TsrayError | undefined)[] = [];
  const open = async (destination: Destination): Promise<PacketLink> => {
    const link = await outbound.openPackets(contextFor(destination));
    link.start({
      packet: (bytes, remote) => {
        received.push(`${Buffer.from(bytes)} < ${remote.address.host} ${remote.port}`);
      },
      closed: (error) => closes.push(error),
    });
    return link;
  };
  return { clock, resolver, sockets, outbound, open, received, closes };
}

test('one socket for each family, opened when needed; replies carry their real source', async () => {
  const { open, sockets, received, closes } = setUp();
  const link = await open(udp('8.8.8.8'));
  link.send(Buffer.from('1'), udp('8.8.8.8'));
  link.send(Buffer.from('2'), udp('9.9.9.9', 123));
  assert.deepEqual(
    sockets.map(({ family }) => family),
    ['udp4'],
  );
  link.send(Buffer.from('3'), udp('2001:4860::1'));
  link.send(Buffer.from('4'), udp('2001:4860::2'));
  await settled();
  assert.deepEqual(
    sockets.map(({ family, sent }) => [family, ...sent]),
    [
      ['udp4', '1 > 8.8.8.8 53', '2 > 9.9.9.9 123'],
      ['udp6', '3 > 2001:4860::1 53', '4 > 2001:4860::2 53'],
    ],
  );
  sockets[1]!.sink!.packet(Buffer.from('reply'), udp('2001:4860::9', 99));
  assert.deepEqual(received, ['reply < 2001:4860::9 99']);
  link.close();
  link.destroy();
  await settled();
  assert.ok(sockets.every(({ closed }) => closed));
  assert.deepEqual(closes, [undefined]);
});

test('a name is resolved once, IPv4 preferred, and its packets keep their order', async () => {
  const { open, resolver, sockets } = setUp();
  const link = await open(udp('a.example'));
  for (const text of ['1', '2']) link.send(Buffer.from(text), udp('a.example'));
  for (const text of ['3', '4']) link.send(Buffer.from(text), udp('six.example'));
  await settled();
  link.send(Buffer.from('5'), udp('six.example', 54));
  assert.deepEqual(resolver.asked, ['any a.example', 'any six.example']);
  assert.deepEqual(
    sockets.map(({ sent }) => sent),
    [
      ['1 > 8.8.8.8 53', '2 > 8.8.8.8 53'],
      ['3 > 2001:4860::6 53', '4 > 2001:4860::6 53', '5 > 2001:4860::6 54'],
    ],
  );
  link.close();
});

test('lent bytes that have to wait are copied', async () => {
  const { open, sockets } = setUp();
  const link = await open(udp('0.0.0.0', 0));
  const lent = Buffer.from('keep');
  link.send(lent, udp('a.example'));
  lent.fill(0);
  await settled();
  assert.deepEqual(sockets[0]!.sent, ['keep > 8.8.8.8 53']);
  link.close();
});

test('opening tells of a name without address, of a refused one, and of a socket that cannot be had', async () => {
  const { open } = setUp();
  await assert.rejects(open(udp('no.example')), { code: 'ERR_DNS' });
  const blocking = setUp({ blockPrivate: true });
  await assert.rejects(blocking.open(udp('inside.example')), { code: 'ERR_BLOCKED' });
  await assert.rejects(blocking.open(udp('192.168.1.1')), { code: 'ERR_BLOCKED' });
  assert.equal(blocking.sockets.length, 0);
  const none = setUp({}, { bindPackets: () => Promise.reject(new TsrayError('ERR_LISTEN', 'no socket')) });
  await assert.rejects(none.open(udp('8.8.8.8')), { code: 'ERR_LISTEN' });
});

test('blockPrivate looks at every packet', async () => {
  const { open, sockets } = setUp({ blockPrivate: true });
  const link = await open(udp('8.8.8.8'));
  assert.equal(link.send(Buffer.from('1'), udp('127.0.0.1')), false);
  assert.equal(link.send(Buffer.from('2'), udp('::ffff:10.0.0.1')), false);
  link.send(Buffer.from('3'), udp('inside.example'));
  await settled();
  assert.equal(link.send(Buffer.from('4'), udp('8.8.8.8')), true);
  assert.equal(link.send(Buffer.from('5'), udp('127.0.0.1')), false);
  assert.deepEqual(
    sockets.map(({ sent }) => sent),
    [['4 > 8.8.8.8 53']],
  );
  link.close();
});

test('redirect applies to every packet', async () => {
  const { open, sockets } = setUp({ redirect: { host: '9.9.9.9' } });
  const link = await open(udp('no.example'));
  link.send(Buffer.from('1'), udp('8.8.8.8', 5353));
  link.send(Buffer.from('2'), udp('no.example', 53));
  assert.deepEqual(sockets[0]!.sent, ['1 > 9.9.9.9 5353', '2 > 9.9.9.9 53']);
  link.close();
});

test('what waits for a name is bounded', async () => {
  const { open, sockets } = setUp();
  const link = await open(udp('0.0.0.0', 0));
  let accepted = 0;
  for (let i = 0; i < 1000; i += 1) if (link.send(Buffer.from('x'), udp('a.example'))) accepted += 1;
  assert.equal(accepted, 256);
  for (let i = 0; i < 10; i += 1) assert.equal(link.send(Buffer.alloc(60_000), udp('b.example')), false);
  await settled();
  assert.equal(sockets[0]!.sent.length, 256);
  link.close();
});

test('a failed name is asked for again only after a while', async () => {
  const { clock, open, resolver, sockets } = setUp();
  const link = await open(udp('0.0.0.0', 0));
  link.send(Buffer.from('1'), udp('late.example'));
  await settled();
  assert.equal(link.send(Buffer.from('2'), udp('late.example')), false);
  assert.equal(resolver.asked.length, 1);
  resolver.table.set('late.example', [udp('8.8.8.8').address]);
  clock.advance(5000);
  assert.equal(link.send(Buffer.from('3'), udp('late.example')), true);
  await settled();
  assert.deepEqual(sockets[0]!.sent, ['3 > 8.8.8.8 53']);
  link.close();
});

test('many names do not grow the session', async () => {
  const { open, resolver } = setUp();
  const link = await open(udp('a.example'));
  for (let i = 0; i < 300; i += 1) {
    link.send(Buffer.from('x'), udp(`no${i}.example`));
    await settled();
  }
  // The oldest gave way: it is asked for again.
  link.send(Buffer.from('x'), udp('a.example'));
  await settled();
  assert.equal(resolver.asked.filter((name) => name === 'any a.example').length, 2);
  link.close();
});

test('closed while a socket is being opened: the socket is closed, and then the end is told', async () => {
  let give: ((socket: FakeSocket) => void) | undefined;
  const { open, closes } = setUp(
    {},
    {
      bindPackets: (family) =>
        new Promise((resolve) => {
          give = () =>
            resolve({
              link: socket,
              local: udp('0.0.0.0', 1000),
              counters: { received: 0, sent: 0, dropped: 0, errors: 0 },
            });
          const socket = new FakeSocket(family);
          opened.push(socket);
        }),
    },
  );
  const opened: FakeSocket[] = [];
  const link = await open(udp('0.0.0.0', 0));
  link.send(Buffer.from('x'), udp('8.8.8.8'));
  link.destroy(new TsrayError('ERR_ABORTED', 'enough'));
  assert.equal(link.send(Buffer.from('x'), udp('8.8.8.8')), false);
  await settled();
  assert.equal(closes.length, 0);
  give!(opened[0]!);
  await settled();
  assert.ok(opened[0]!.closed);
  assert.deepEqual(opened[0]!.sent, []);
  assert.equal(closes[0]?.code, 'ERR_ABORTED');
});

test('through another outbound, packets are its, names and all', async () => {
  const inner = new FakeSocket('via');
  const destinations: string[] = [];
  const { open } = setUp(
    {},
    {
      via: {
        tag: 'next',
        open: () => assert.fail('no connections here'),
        openPackets: (context) => {
          destinations.push(context.destination.address.host);
          return Promise.resolve(inner);
        },
        close: () => Promise.resolve(),
      },
    },
  );
  const link = await open(udp('some.example'));
  link.send(Buffer.from('1'), udp('some.example'));
  link.send(Buffer.from('2'), udp('2001:4860::1'));
  assert.deepEqual(destinations, ['some.example']);
  assert.deepEqual(inner.sent, ['1 > some.example 53', '2 > 2001:4860::1 53']);
  link.close();
});

test('echo over real sockets', async () => {
  const server = dgram.createSocket('udp4');
  server.on('message', (bytes, remote) => server.send(bytes, remote.port, remote.address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { outbound } = setUp({}, { bindPackets });
  const target = udp('127.0.0.1', server.address().port);
  const link = await outbound.openPackets(contextFor(target));
  const reply = new Promise<string>((resolve) => {
    link.start({
      packet: (bytes, remote) => resolve(`${Buffer.from(bytes)} < ${remote.address.host} ${remote.port}`),
      closed: () => server.close(),
    });
  });
  link.send(Buffer.from('ping'), target);
  assert.equal(await reply, `ping < 127.0.0.1 ${target.port}`);
  link.close();
});
