/** QUIC that goes wrong: servers that are not there, do not answer, die, and networks that lose and spoil. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { CollectSink } from '../helper/collect-sink.js';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { echoOn } from '../helper/exchange.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { payload, sha256 } from '../helper/payload.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { withoutQuic } from '../helper/quic.js';
import { ending, plainQuic, quicDialer, quicServer } from '../helper/quic-pair.js';
import { seededRandom } from '../helper/seeded-random.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho, startSource, type TestServer } from '../helper/tcp-servers.js';
import { echoLink, loopback } from '../helper/transport.js';
import { startTsray } from '../helper/tsray.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { type Meddle, startUdpBetween } from '../helper/udp-between.js';

const sealed = { ...plainQuic, security: 'aes-128-gcm', key: 'a key' } as const;
const deadlineMs = 400;

/** A UDP socket that answers as `answer` says. */
async function startStranger(answer: (datagram: Buffer) => Buffer | undefined): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (datagram, { port }) => {
    const reply = answer(datagram);
    if (reply !== undefined) socket.send(reply, port, '127.0.0.1');
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function versionNegotiation(initial: Buffer, version: number): Buffer {
  const destination = initial.subarray(6, 6 + initial[5]!);
  const sourceAt = 7 + destination.length;
  const source = initial.subarray(sourceAt, sourceAt + initial[sourceAt - 1]!);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(version);
  return Buffer.concat([
    Buffer.of(0x80, 0, 0, 0, 0, source.length),
    source,
    Buffer.of(destination.length),
    destination,
    tail,
  ]);
}

/**
 * Resolves when a datagram is lost half a second after the call or later. So seldom, the first connection has room for all
 * streams that are tried.
 */
async function lostLater(lost: EventEmitter): Promise<void> {
  const startMs = performance.now();
  do await once(lost, 'datagram');
  while (performance.now() - startMs < 500);
}

describe('dialing QUIC', { skip: withoutQuic }, () => {
  test('a port where nobody listens is refused at once', async () => {
    const before = countResources();
    const dialer = quicDialer();
    await assert.rejects(dialer.dial(loopback(await closedPort())), { code: 'ERR_DIAL_REFUSED' });
    await dialer.close();
    await nothingLeft(before);
  });

  const strangers: readonly [string, (datagram: Buffer) => Buffer | undefined, string, RegExp][] = [
    ['a server that says nothing', () => undefined, 'ERR_DIAL_TIMEOUT', /did not answer within 0.4 s/],
    ['a server that sends garbage', () => payload(1200), 'ERR_HANDSHAKE_TIMEOUT', /did not finish/],
    [
      'a server that sends everything back',
      (datagram) => datagram,
      'ERR_HANDSHAKE_TIMEOUT',
      /did not finish/,
    ],
    [
      'a server of another version',
      (datagram) => versionNegotiation(datagram, 0xff00_001d),
      'ERR_PROTOCOL',
      /another version of QUIC/,
    ],
  ];
  for (const [name, answer, code, message] of strangers) {
    test(`${name}: ${code} in time, and nothing stays`, async () => {
      const before = countResources();
      const stranger = await startStranger(answer);
      const dialer = quicDialer({ timeoutMs: deadlineMs });
      const startMs = performance.now();
      const both = [0, 1].map(() =>
        assert.rejects(dialer.dial(loopback(stranger.address().port)), { code, message }),
      );
      await Promise.all(both);
      assert.ok(performance.now() - startMs < 4_000);
      stranger.close();
      await nothingLeft(before);
      await dialer.close();
    });
  }

  test('an aborted dial rejects at once; the handshake goes on for others', async () => {
    const server = await quicServer();
    const dialer = quicDialer();
    const aborter = new AbortController();
    const given = dialer.dial(loopback(server.port), { signal: aborter.signal });
    const kept = dialer.dial(loopback(server.port));
    aborter.abort();
    await assert.rejects(given, { code: 'ERR_ABORTED' });
    (await kept).destroy();
    await dialer.close();
    await server.listener.close();
  });

  test('a closed dialer ends its links and refuses', async () => {
    const before = countResources();
    const server = await quicServer();
    const dialer = quicDialer();
    const sink = CollectSink.on(await dialer.dial(loopback(server.port)));
    await dialer.close();
    assert.equal((await ending(sink))?.code, 'ERR_CLOSED');
    await assert.rejects(dialer.dial(loopback(server.port)), { code: 'ERR_CLOSED' });
    await server.listener.close();
    await nothingLeft(before);
  });

  test('another key looks like silence to both sides', async () => {
    const server = await quicServer({ settings: sealed });
    const between = await startUdpBetween(server.port, (datagram) => [datagram]);
    const dialer = quicDialer({ settings: { ...sealed, key: 'another' }, timeoutMs: deadlineMs });
    await assert.rejects(dialer.dial(loopback(between.port)), { code: 'ERR_DIAL_TIMEOUT' });
    assert.ok(between.counts.up > 0);
    assert.equal(between.counts.down, 0);
    await dialer.close();
    await between.close();
    await server.listener.close();
  });

  test('the connection is cut after any number of datagrams: an error in time, then a new connection works', async () => {
    const before = countResources();
    const server = await quicServer({ limits: { handshakeMs: deadlineMs } });
    for (const side of ['up', 'down'] as const) {
      for (let cut = 0; cut < 5; cut += 1) {
        let open = false;
        const meddle: Meddle = (datagram, direction, index) =>
          open || direction !== side || index < cut ? [datagram] : [];
        const between = await startUdpBetween(server.port, meddle);
        const dialer = quicDialer({ timeoutMs: deadlineMs });
        await dialer.dial(loopback(between.port)).then(
          (link) => link.destroy(),
          (error: { readonly code: string }) => assert.match(error.code, /^ERR_(DIAL|HANDSHAKE)_TIMEOUT$/),
        );
        open = true;
        const link = await dialer.dial(loopback(between.port));
        link.destroy();
        await dialer.close();
        await between.close();
      }
    }
    await server.listener.close();
    await nothingLeft(before);
  });

  test('every tenth datagram is lost, another doubled, spoilt, or overtaken: all bytes arrive', async () => {
    const server = await quicServer();
    const held: Record<'up' | 'down', Buffer[]> = { up: [], down: [] };
    const between = await startUdpBetween(server.port, (datagram, direction, index) => {
      const late = held[direction];
      if (index < 4) return [datagram];
      if (index % 10 === 0) return [];
      if (index % 10 === 3) return [datagram, datagram];
      if (index % 10 === 5) {
        const spoilt = Buffer.from(datagram);
        spoilt[spoilt.length - 1]! ^= 0xff;
        return [spoilt];
      }
      if (index % 10 === 7) {
        late.push(datagram);
        return [];
      }
      return [datagram, ...late.splice(0)];
    });
    const dialer = quicDialer();
    const link = await dialer.dial(loopback(between.port));
    const sink = CollectSink.on(link);
    const bytes = payload(500_000);
    link.write(bytes);
    link.end();
    echoLink((await server.next()).link);
    await sink.until(({ ended }) => ended === 1);
    assert.equal(sha256(sink.bytes), sha256(bytes));
    await dialer.close();
    await between.close();
    await server.listener.close();
  });

  test('64 links at once over a path that loses a tenth all get their bytes', async () => {
    const random = seededRandom(7);
    const server = await quicServer();
    const between = await startUdpBetween(server.port, (datagram, _direction, index) =>
      index < 8 || random.fraction() > 0.1 ? [datagram] : [],
    );
    const dialer = quicDialer();
    const serving = (async () => {
      for (let count = 0; count < 64; count += 1) echoLink((await server.next()).link);
    })();
    const bytes = payload(30_000);
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        const link = await dialer.dial(loopback(between.port));
        const sink = CollectSink.on(link);
        link.write(bytes);
        link.end();
        await sink.until(({ closes }) => closes === 1);
        assert.equal(sha256(sink.bytes), sha256(bytes));
      }),
    );
    await serving;
    await dialer.close();
    await between.close();
    await server.listener.close();
  });
});

describe('a QUIC listener', { skip: withoutQuic }, () => {
  /** Sends `datagrams` and returns how many answers came. */
  async function visit(port: number, datagrams: readonly Buffer[]): Promise<number> {
    let answers = 0;
    const socket = dgram.createSocket('udp4');
    socket.on('message', () => {
      answers += 1;
    });
    for (const datagram of datagrams) {
      await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve));
    }
    const dialer = quicDialer();
    // By then it has seen all of them.
    (await dialer.dial(loopback(port))).destroy();
    await dialer.close();
    socket.close();
    return answers;
  }

  const initial = (version: number): Buffer => {
    const packet = Buffer.from(payload(1252));
    packet[0] = 0xc3;
    packet.writeUInt32BE(version, 1);
    packet[5] = 8;
    packet[14] = 8;
    return packet;
  };

  test('says nothing to garbage, and keeps nothing of it', async () => {
    const server = await quicServer();
    const garbage = [
      Buffer.alloc(0),
      Buffer.of(0x40),
      Buffer.alloc(1252),
      Buffer.from(payload(1252)),
      ...[0, 7, 30, 200].map((length) => initial(1).subarray(0, length)),
      // Looks like a client's first packet, and is not genuine; more of them than handshakes are allowed.
      ...Array.from({ length: 10 }, () => initial(1)),
    ];
    assert.equal(await visit(server.port, garbage), 0);
    await server.listener.close();
  });

  test('tells a client of another version which one it speaks', async () => {
    const server = await quicServer();
    assert.equal(await visit(server.port, [initial(0x1a2a_3a4a)]), 1);
    assert.equal(await visit(server.port, [initial(0x1a2a_3a4a).subarray(0, 600)]), 0);
    await server.listener.close();
  });

  test('under a key, everything else draws no answer', async () => {
    const server = await quicServer({ settings: sealed });
    const socket = dgram.createSocket('udp4');
    socket.on('message', () => assert.fail('it answered'));
    for (const datagram of [initial(1), initial(2), Buffer.alloc(3)]) {
      await new Promise((resolve) => socket.send(datagram, server.port, '127.0.0.1', resolve));
    }
    const dialer = quicDialer({ settings: sealed });
    (await dialer.dial(loopback(server.port))).destroy();
    await dialer.close();
    socket.close();
    await server.listener.close();
  });

  for (const { name, settings } of [
    { name: 'plain', settings: plainQuic },
    { name: 'sealed', settings: sealed },
  ]) {
    test(`${name}: many handshakes that stay half done keep nobody out, and are forgotten at their deadline`, async () => {
      const server = await quicServer({ settings, limits: { retryFrom: 3, handshakeMs: deadlineMs } });
      // Clients that never hear an answer.
      const between = await startUdpBetween(server.port, (datagram, direction) =>
        direction === 'up' ? [datagram] : [],
      );
      const stuck = Array.from({ length: 5 }, () => quicDialer({ settings, timeoutMs: 150 }));
      await Promise.all(
        stuck.map((dialer) =>
          assert.rejects(dialer.dial(loopback(between.port)), { code: 'ERR_DIAL_TIMEOUT' }),
        ),
      );
      const dialer = quicDialer({ settings, timeoutMs: 5_000 });
      const link = await dialer.dial(loopback(server.port));
      const sink = CollectSink.on(link);
      link.write(Buffer.from('hello'));
      echoLink((await server.next()).link);
      await sink.until((each) => each.text === 'hello');
      link.destroy();
      for (const each of [...stuck, dialer]) await each.close();
      await between.close();
      await server.listener.close();
    });
  }

  test('close ends every link and connection; drain waits for the last link', async () => {
    const before = countResources();
    const first = await quicServer();
    const dialer = quicDialer();
    const link = await dialer.dial(loopback(first.port));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('x'));
    const farSink = CollectSink.on((await first.next()).link);
    await first.listener.close();
    assert.equal(await ending(farSink), undefined);
    assert.equal((await ending(sink))?.code, 'ERR_RESET');

    const second = await quicServer();
    const kept = await dialer.dial(loopback(second.port));
    const keptSink = CollectSink.on(kept);
    kept.write(Buffer.from('x'));
    echoLink((await second.next()).link);
    await keptSink.until(({ received }) => received === 1);
    let drained = false;
    const draining = second.listener.drain().then(() => {
      drained = true;
    });
    kept.write(Buffer.from('still there'));
    await keptSink.until(({ received }) => received === 12);
    assert.equal(drained, false);
    kept.end();
    assert.equal(await ending(keptSink), undefined);
    await draining;
    await dialer.close();
    await nothingLeft(before);
  });

  test('a port in use is ERR_LISTEN', async () => {
    const server = await quicServer();
    await assert.rejects(quicServer({ port: server.port }), { code: 'ERR_LISTEN' });
    await server.listener.close();
  });
});

const streamSettings = {
  network: 'quic',
  quicSettings: { security: 'aes-128-gcm', key: 'a key', header: { type: 'srtp' } },
};

describe('a QUIC server that is killed in the middle of a transfer', { skip: withoutQuic }, () => {
  let source: TestServer;
  let echo: TestServer;
  before(async () => {
    source = await startSource(512 * 1024 * 1024);
    echo = await startEcho();
  });
  after(async () => {
    await source.close();
    await echo.close();
  });

  test('and comes back: the old connection ends soon, the next one works', async () => {
    const before = countResources();
    const [serverPort = 0] = await freePorts(1);
    const serverConfig = {
      inbounds: [{ ...vmessInbound(serverPort), streamSettings }],
      outbounds: [freedomOutbound],
    };
    const first = await startTsrayProcess(serverConfig);
    const client = await startTsray({
      inbounds: [socksInbound(0)],
      outbounds: [{ ...vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), streamSettings }],
    });
    const socket = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: source.port });
    await once(socket, 'data');
    socket.on('error', () => undefined);
    // An end or a reset.
    const closed = new Promise<void>((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
    socket.resume();
    const startMs = performance.now();
    first.process.kill('SIGKILL');
    await first.process.exit;
    await closed;
    assert.ok(performance.now() - startMs < 10_000, 'well before 30 s of silence');
    socket.destroy();
    const second = await startTsrayProcess(serverConfig);
    const again = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: echo.port });
    await echoOn(again, payload(100_000));
    again.destroy();
    await client.close();
    await second.close();
    await first.close();
    await nothingLeft(before);
  });

  test('and falls silent without a word: new connections are made within seconds', async () => {
    const server = await quicServer();
    let cut = false;
    const lost = new EventEmitter();
    // Only the first connection's datagrams are lost.
    const between = await startUdpBetween(server.port, (datagram, _direction, _index, client) => {
      if (!cut || client !== 0) return [datagram];
      lost.emit('datagram');
      return [];
    });
    const dialer = quicDialer();
    const link = await dialer.dial(loopback(between.port));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('x'));
    echoLink((await server.next()).link);
    await sink.until(({ received }) => received === 1);
    cut = true;
    link.write(payload(5_000));
    const second = server.next();
    const startMs = performance.now();
    for (let made = false; !made; ) {
      const next = await dialer.dial(loopback(between.port));
      next.write(Buffer.from('x'));
      made = await Promise.race([second.then(() => true), lostLater(lost).then(() => false)]);
      next.destroy();
    }
    assert.ok(performance.now() - startMs < 10_000, 'within seconds');
    await dialer.close();
    await between.close();
    await server.listener.close();
  });
});
