import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { systemRandom } from '../../../../src/core/random.js';
import type { Link, LinkSink } from '../../../../src/core/stream/link.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import type { CryptoProvider } from '../../../../src/crypto/provider.js';
import type { SecuritySetting } from '../../../../src/proxy/vmess/settings.js';
import { randomUuid } from '../../../../src/proxy/vmess/uuid.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { settle, VmessPair } from '../../../helper/vmess-pair.js';

const securities: readonly SecuritySetting[] = [
  'aes-128-gcm',
  'chacha20-poly1305',
  'none',
  'zero',
  'auto',
  'aes-128-cfb',
];
const tcpTarget = contextFor(destinationOf('tcp', 'example.com', 443));
const udpTarget = contextFor(destinationOf('udp', '192.0.2.53', 53));

/** Counts the writes of a link, and keeps what they carried. */
class WriteTap implements Link {
  readonly inner: Link;
  readonly writes: Uint8Array[] = [];

  constructor(inner: Link) {
    this.inner = inner;
  }

  start(sink: LinkSink): void {
    this.inner.start(sink);
  }
  pause(): void {
    this.inner.pause();
  }
  resume(): void {
    this.inner.resume();
  }
  write(bytes: Uint8Array): boolean {
    this.writes.push(Uint8Array.from(bytes));
    return this.inner.write(bytes);
  }
  limitQueue(bytes: number): void {
    this.inner.limitQueue(bytes);
  }

  remainingChunks(): number {
    return this.inner.remainingChunks();
  }

  ref(): void {
    this.inner.ref();
  }

  unref(): void {
    this.inner.unref();
  }

  end(): void {
    this.inner.end();
  }
  close(): void {
    this.inner.close();
  }
  destroy(error?: TsrayError): void {
    this.inner.destroy(error);
  }
}

for (const security of securities) {
  for (const alterId of [0, 4]) {
    for (const padNone of [false, true]) {
      const name = `${security}, alterId ${alterId}${padNone ? ', padded' : ''}`;
      test(`carries a stream both ways with half-closes: ${name}`, async () => {
        const pair = new VmessPair({ security, alterId, padNone });
        const link = await pair.outbound.open(tcpTarget);
        const client = CollectSink.on(link);
        link.write(Buffer.from('question '.repeat(5000)));
        await settle();
        const [open] = pair.dispatcher.opens;
        assert.equal(pair.admitted, 1);
        assert.deepEqual(open!.context.destination, tcpTarget.destination);
        assert.equal(open!.context.user?.email, 'love@example.com');
        assert.equal(open!.context.level, 3);
        const route = open!.accept();
        await settle();
        assert.equal(route.sink!.text, 'question '.repeat(5000));
        link.end();
        await route.sink!.until((s) => s.ended === 1);
        route.link!.write(Buffer.from('answer '.repeat(5000)));
        route.link!.end();
        await client.until((s) => s.ended === 1);
        assert.equal(client.text, 'answer '.repeat(5000));
        link.close();
        route.link!.close();
        await client.until((s) => s.closes === 1);
        assert.equal(client.error, undefined);
        await settle();
        assert.equal(pair.clock.pendingTimers, 0);
      });

      test(`carries packets whole both ways: ${name}`, async () => {
        const pair = new VmessPair({ security, alterId, padNone });
        const link = await pair.outbound.openPackets(udpTarget);
        const replies: string[] = [];
        let closes = 0;
        link.start({
          packet: (bytes, remote) => {
            assert.deepEqual(remote, udpTarget.destination);
            replies.push(Buffer.from(bytes).toString());
          },
          closed: () => {
            closes += 1;
          },
        });
        assert.equal(link.send(Buffer.from('one'), udpTarget.destination), true);
        assert.equal(link.send(Buffer.from('three'), udpTarget.destination), true);
        assert.equal(link.send(Buffer.alloc(3000), udpTarget.destination), false);
        await settle();
        const route = pair.dispatcher.packetOpens[0]!.accept();
        await settle();
        assert.deepEqual(
          route.packets.map((packet) => packet.text),
          ['one', 'three'],
        );
        route.link!.send(Buffer.from('first'), udpTarget.destination);
        route.link!.send(Buffer.from('second'), udpTarget.destination);
        await settle();
        assert.deepEqual(replies, ['first', 'second']);
        link.close();
        await settle();
        await settle();
        assert.equal(closes, 1);
        assert.equal(route.closes, 1);
        assert.equal(pair.clock.pendingTimers, 0);
      });
    }
  }
}

test('header and first payload leave in one write', async () => {
  let tap: WriteTap | undefined;
  const pair = new VmessPair({
    tap: (link) => {
      tap = new WriteTap(link);
      return tap;
    },
  });
  const link = await pair.outbound.open(tcpTarget);
  CollectSink.on(link);
  link.write(Buffer.from('hello'));
  assert.equal(tap!.writes.length, 1);
  await settle();
  const route = pair.dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.sink!.text, 'hello');
  link.destroy();
});

test('without a first payload the header leaves alone after 100 ms, not before', async () => {
  let tap: WriteTap | undefined;
  const pair = new VmessPair({
    tap: (link) => {
      tap = new WriteTap(link);
      return tap;
    },
  });
  const link = await pair.outbound.open(tcpTarget);
  CollectSink.on(link);
  pair.clock.advance(99);
  assert.equal(tap!.writes.length, 0);
  pair.clock.advance(1);
  assert.equal(tap!.writes.length, 1);
  await settle();
  assert.equal(pair.dispatcher.opens.length, 1);
  link.destroy();
});

test('an unknown user gets not one byte, and the client an error it understands', async () => {
  const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  assert.equal(pair.dispatcher.opens.length, 0);
  assert.equal(pair.accessLog.records[0]?.status, 'rejected');
  pair.clock.advance(60_000);
  await client.until((s) => s.closes === 1);
  assert.equal(client.bytes.length, 0);
  assert.equal(client.error?.code, 'ERR_SERVER_SILENT');
  assert.match(client.error?.hint ?? '', /unknown to it.*120 s.*UTC[+-]\d\d:\d\d/);
  assert.equal(pair.clock.pendingTimers, 0);
});

test('a server that is silent after the end of a request leaves the same error, once the wait was given up', async () => {
  const cases = [
    { writes: true, waitMs: 1000, expected: 'ERR_SERVER_SILENT' },
    // Closed at once: nobody waited.
    { writes: true, waitMs: 0, expected: undefined },
    // A connection that was opened for later, as browsers do.
    { writes: false, waitMs: 1000, expected: undefined },
  ] as const;
  for (const { expected, waitMs, writes } of cases) {
    const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
    const link = await pair.outbound.open(tcpTarget);
    const client = CollectSink.on(link);
    if (writes) link.write(Buffer.from('hello'));
    link.end();
    pair.clock.advance(waitMs);
    link.close();
    await client.until((s) => s.closes === 1);
    assert.equal(client.error?.code, expected);
    if (expected !== undefined) {
      assert.match(client.error?.message ?? '', /gave no answer within 1 s after the request had ended/);
      assert.match(client.error?.hint ?? '', /unknown to it.*downlinkOnly.*120 s.*UTC[+-]\d\d:\d\d/);
    }
  }
});

test('before the server has answered, an error of the carrier’s own goes before the guess at ID and clock', async () => {
  const refused = new TsrayError('ERR_UPSTREAM', 'status 404', { hint: 'Compare the paths.' });
  const closed = new TsrayError('ERR_CLOSED', 'closed within the upgrade', { hint: 'Does it speak ws?' });
  const broken = new TsrayError('ERR_PROTOCOL', 'no WebSocket');
  for (const [error, code] of [
    [refused, refused.code],
    [closed, closed.code],
    [broken, broken.code],
    [new TsrayError('ERR_RESET', 'reset'), 'ERR_SERVER_SILENT'],
    [new TsrayError('ERR_CLOSED', 'closed'), 'ERR_SERVER_SILENT'],
    [undefined, 'ERR_SERVER_SILENT'],
  ] as const) {
    const pair = new VmessPair();
    const link = await pair.outbound.open(tcpTarget);
    const client = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    pair.carriers[0]!.client.destroy(error);
    await client.until((s) => s.closes === 1);
    assert.equal(client.error?.code, code);
    assert.ok(client.error?.hint !== undefined || error === broken);
  }
});

test('a refused connection swallows its drain length and then closes', async () => {
  const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.alloc(10_000));
  await client.until((s) => s.closes === 1);
  assert.equal(client.bytes.length, 0);
  assert.equal(pair.clock.pendingTimers, 0);
});

test('a client that sends nothing is closed at the handshake deadline', async () => {
  const pair = new VmessPair({ tap: (link) => link });
  const opening = pair.outbound.open(tcpTarget);
  const link = await opening;
  const carrier = CollectSink.on(pair.carriers[0]!.client);
  pair.clock.advance(59_999);
  assert.equal(carrier.closes, 0);
  pair.clock.advance(1);
  await carrier.until((s) => s.closes === 1);
  assert.equal(carrier.bytes.length, 0);
  link.destroy();
});

test('a target that cannot be reached ends the stream in order, not with an error', async () => {
  const pair = new VmessPair();
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  pair.dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  await client.until((s) => s.ended === 1);
  assert.equal(client.error, undefined);
  link.close();
  await client.until((s) => s.closes === 1);
});

test('a client that goes away while the target is dialed discards the route', async () => {
  const pair = new VmessPair();
  const link = await pair.outbound.open(tcpTarget);
  CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  link.destroy();
  await settle();
  const route = pair.dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.discarded, true);
  assert.equal(pair.clock.pendingTimers, 0);
});

test('a client that goes away while the target is dialed ends the dialing', async () => {
  for (const network of ['tcp', 'udp'] as const) {
    const pair = new VmessPair();
    if (network === 'tcp') {
      const link = await pair.outbound.open(tcpTarget);
      CollectSink.on(link);
      link.write(Buffer.from('hello'));
    } else {
      const link = await pair.outbound.openPackets(udpTarget);
      link.start({ packet: () => undefined, closed: () => undefined });
      link.send(Buffer.from('hello'), udpTarget.destination);
    }
    await settle();
    const { opens, packetOpens } = pair.dispatcher;
    const { signal } = (network === 'tcp' ? opens : packetOpens)[0]!.context;
    assert.equal(signal?.aborted, false);
    pair.carriers[0]!.client.destroy();
    await settle();
    assert.equal(signal?.aborted, true);
  }
});

test('a defect in one connection ends that one with ERR_INTERNAL and no other', async () => {
  let broken = false;
  const crypto: CryptoProvider = {
    ...nodeCrypto,
    aead(algorithm, key) {
      const sound = nodeCrypto.aead(algorithm, key);
      return {
        ...sound,
        seal: (...args) => sound.seal(...args),
        open: (...args) => {
          if (broken) throw new Error('out of order');
          return sound.open(...args);
        },
      };
    },
  };
  const pair = new VmessPair({ crypto });
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  const route = pair.dispatcher.opens[0]!.accept();
  await settle();
  route.link!.write(Buffer.from('fine'));
  await client.until((s) => s.text === 'fine');
  broken = true;
  route.link!.write(Buffer.from('not fine'));
  await client.until((s) => s.closes === 1);
  assert.equal(client.error?.code, 'ERR_INTERNAL');

  const second = await pair.outbound.open(tcpTarget);
  const refused = CollectSink.on(second);
  second.write(Buffer.from('hello'));
  await refused.until((s) => s.closes === 1);
  assert.match(pair.log.text, /\[error\] a connection failed unexpectedly: out of order/);

  broken = false;
  const third = await pair.outbound.open(tcpTarget);
  CollectSink.on(third);
  third.write(Buffer.from('hello'));
  await settle();
  assert.equal(pair.dispatcher.opens.length, 2);
  third.destroy();
  await settle();
  assert.equal(pair.clock.pendingTimers, 0);
});

test('garbled downlink is fatal with ERR_INTEGRITY', async () => {
  const pair = new VmessPair();
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  const route = pair.dispatcher.opens[0]!.accept();
  await settle();
  route.link!.write(Buffer.from('fine'));
  await client.until((s) => s.text === 'fine');
  pair.carriers[0]!.server.write(Buffer.alloc(70_000, 0x5a));
  await client.until((s) => s.closes === 1);
  assert.equal(client.error?.code, 'ERR_INTEGRITY');
  assert.equal(client.text, 'fine');
});

test('a connection cut inside a chunk is ERR_TRUNCATED; at a border it is an orderly end, of a server not known', async () => {
  for (const [cut, code] of [
    [Buffer.from([1]), 'ERR_TRUNCATED'],
    [Buffer.alloc(0), undefined],
  ] as const) {
    const pair = new VmessPair();
    const link = await pair.outbound.open(tcpTarget);
    const client = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    await settle();
    const route = pair.dispatcher.opens[0]!.accept();
    await settle();
    route.link!.write(Buffer.from('fine'));
    await client.until((s) => s.text === 'fine');
    if (cut.length > 0) pair.carriers[0]!.server.write(cut);
    pair.carriers[0]!.server.end();
    await client.until((s) => s.closes + s.ended > 0);
    assert.equal(client.error?.code, code);
    link.destroy();
  }
});

test('once a server has ended a stream with an end chunk, an end without one is ERR_TRUNCATED', async () => {
  const pair = new VmessPair();
  const opened = async (): Promise<{ client: CollectSink; far: Link; link: Link }> => {
    const link = await pair.outbound.open(tcpTarget);
    const client = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    await settle();
    const route = pair.dispatcher.opens.at(-1)!.accept();
    await settle();
    route.link!.write(Buffer.from('fine'));
    await client.until((s) => s.text === 'fine');
    return { client, far: route.link!, link };
  };
  const first = await opened();
  first.far.end();
  await first.client.until((s) => s.ended === 1);
  first.link.close();

  const cut = await opened();
  pair.carriers.at(-1)!.server.end();
  await cut.client.until((s) => s.closes === 1);
  assert.equal(cut.client.ended, 0);
  assert.equal(cut.client.error?.code, 'ERR_TRUNCATED');

  const orderly = await opened();
  orderly.far.end();
  await orderly.client.until((s) => s.ended === 1);
  orderly.link.close();
});

test('an end inside the response header is ERR_TRUNCATED, also for a client that has ended its own half', async () => {
  for (const halfClosed of [false, true]) {
    const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
    const link = await pair.outbound.open(tcpTarget);
    const client = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    if (halfClosed) link.end();
    await settle();
    pair.carriers[0]!.server.write(Buffer.alloc(5));
    pair.carriers[0]!.server.end();
    await client.until((s) => s.closes + s.ended > 0);
    assert.equal(client.ended, 0);
    assert.equal(client.error?.code, 'ERR_TRUNCATED');
    assert.match(client.error?.hint ?? '', /VMess server/);
  }
});

test('an answer that is not VMess is an error that says where to look', async () => {
  const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.from('hello'));
  await settle();
  pair.carriers[0]!.server.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await client.until((s) => s.closes === 1);
  assert.equal(client.error?.code, 'ERR_INTEGRITY');
  assert.match(client.error?.message ?? '', /192\.0\.2\.1:10086/);
  assert.match(client.error?.hint ?? '', /VMess server/);
});

test('a destination that does not fit the header leaves no connection behind', async () => {
  const pair = new VmessPair();
  const host = 'x'.repeat(256);
  for (const open of [
    () => pair.outbound.open(contextFor(destinationOf('tcp', host, 443))),
    () => pair.outbound.openPackets(contextFor(destinationOf('udp', host, 443))),
  ]) {
    await assert.rejects(open(), { code: 'ERR_LIMIT' });
    const carrier = CollectSink.on(pair.carriers.pop()!.client);
    await carrier.until((s) => s.closes === 1);
  }
});

test('dials five times with waits of 0, 200, 400 and 600 ms and names every distinct cause', async () => {
  const pair = new VmessPair();
  pair.dialErrors.push(
    new TsrayError('ERR_DIAL_REFUSED', 'a refused'),
    new TsrayError('ERR_DIAL_REFUSED', 'a refused'),
    new TsrayError('ERR_DNS', 'b unknown'),
    new TsrayError('ERR_DIAL_REFUSED', 'a refused'),
    new TsrayError('ERR_DIAL_REFUSED', 'a refused'),
  );
  const failed = pair.outbound.open(tcpTarget).catch((error: unknown) => error);
  const dials: number[] = [];
  for (const waitMs of [0, 200, 400, 600]) {
    await settle();
    dials.push(pair.dialed.length);
    pair.clock.advance(waitMs);
  }
  const error = await failed;
  assert.deepEqual(dials, [2, 2, 3, 4]);
  assert.equal(pair.dialed.length, 5);
  assert.ok(error instanceof TsrayError);
  assert.match(error.message, /a refused/);
  assert.match(error.message, /b unknown/);
  assert.equal(error.message.match(/a refused/g)?.length, 1);
  assert.equal(pair.clock.pendingTimers, 0);
});

test('follows switch account to the learned server until it expires; legacy CFB there', async () => {
  const learned = randomUuid(systemRandom);
  const pair = new VmessPair({
    inbound: {
      switchAccount: () => ({
        address: undefined,
        port: 7777,
        id: learned,
        alterId: 8,
        level: 1,
        validMinutes: 2,
      }),
    },
  });
  const first = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(first);
  first.write(Buffer.from('x'));
  await settle();
  const route = pair.dispatcher.opens[0]!.accept();
  await settle();
  route.link!.write(Buffer.from('y'));
  await client.until((s) => s.text === 'y');
  first.destroy();
  const more: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const link = await pair.outbound.open(tcpTarget);
    link.destroy();
    more.push(pair.dialed[pair.dialed.length - 1]!);
  }
  assert.deepEqual(more, ['192.0.2.1:7777', '192.0.2.1:10086', '192.0.2.1:7777', '192.0.2.1:10086']);
  pair.clock.advance(120_000);
  for (let i = 0; i < 2; i += 1) (await pair.outbound.open(tcpTarget)).destroy();
  assert.deepEqual(pair.dialed.slice(-2), ['192.0.2.1:10086', '192.0.2.1:10086']);
});

test('no secret reaches a log or an error', async () => {
  const pair = new VmessPair({ clientId: randomUuid(systemRandom) });
  const link = await pair.outbound.open(tcpTarget);
  const client = CollectSink.on(link);
  link.write(Buffer.alloc(10_000));
  await client.until((s) => s.closes === 1);
  const text = `${pair.log.text}${JSON.stringify(pair.accessLog.records)}${String(client.error)}${client.error?.hint}`;
  assert.doesNotMatch(text, /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}/i);
});
