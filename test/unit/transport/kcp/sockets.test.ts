/** mKCP over real UDP sockets on loopback: links, dialer, listener, and peers that misbehave. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Accepted, Listener } from '../../../../src/contract/transport.js';
import { type Clock, systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { systemRandom } from '../../../../src/core/random.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createKcpDialer } from '../../../../src/transport/kcp/dial.js';
import { createKcpListen } from '../../../../src/transport/kcp/listen.js';
import { createProtection } from '../../../../src/transport/kcp/protection.js';
import { SegmentReader, segmentCommand } from '../../../../src/transport/kcp/segment.js';
import type { KcpSettings } from '../../../../src/transport/kcp/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { eventually } from '../../../helper/eventually.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { kcpDefaults } from '../../../helper/kcp.js';
import { PlainSealer } from '../../../helper/kcp-sealer.js';
import { countResources, nothingLeft, type Resources } from '../../../helper/leaks.js';
import { payload, sha256 } from '../../../helper/payload.js';

interface Setup {
  readonly settings?: Partial<KcpSettings>;
  readonly clock?: Clock;
  readonly maxSessions?: number;
  readonly host?: string;
  /** Clients are not let in. */
  readonly strangers?: boolean;
}

function deps(clock: Clock = systemClock) {
  return {
    clock,
    random: systemRandom,
    crypto: nodeCrypto,
    resolver: { resolve: () => Promise.resolve([parseAddress('127.0.0.1')]) },
  };
}

function dialerOf({ settings, clock }: Setup = {}) {
  return createKcpDialer({ ...kcpDefaults, ...settings }, deps(clock));
}

/** A listener and what it has accepted. */
async function listenOf({ settings, clock, maxSessions, host = '127.0.0.1', strangers }: Setup = {}) {
  const accepted: Accepted[] = [];
  const waiting: ((each: Accepted) => void)[] = [];
  const listen = createKcpListen(
    { ...kcpDefaults, ...settings },
    { ...deps(clock), ...(maxSessions === undefined ? {} : { maxSessions }) },
  );
  const listener = await listen(host, 0, (each) => {
    if (strangers !== true) each.admit();
    accepted.push(each);
    waiting.shift()?.(each);
  });
  return {
    listener,
    accepted,
    next: (): Promise<Accepted> => new Promise((resolve) => waiting.push(resolve)),
  };
}

function to(listener: { readonly port: number }, host = '127.0.0.1'): Destination {
  return { network: 'tcp', address: parseAddress(host), port: listener.port };
}

/** Sends back what comes. */
function echo(link: Link): void {
  link.start({
    data(bytes) {
      if (!link.write(bytes)) link.pause();
    },
    end: () => link.close(),
    drain: () => link.resume(),
    closed: () => undefined,
  });
}

/** A client and a server link, joined: the server has the client's `hello`. */
async function joined(setup: Setup = {}) {
  const { listener, next } = await listenOf(setup);
  const dialer = dialerOf(setup);
  const arrival = next();
  const client = await dialer.dial(to(listener));
  const clientSink = CollectSink.on(client);
  client.write(Buffer.from('hello'));
  const { link: server } = await arrival;
  const serverSink = CollectSink.on(server);
  await serverSink.until((sink) => sink.text === 'hello');
  return {
    client,
    clientSink,
    server,
    serverSink,
    listener,
    async close(): Promise<void> {
      await listener.close();
      client.destroy();
      await dialer.close();
    },
  };
}

let resources: Resources;
before(() => {
  resources = countResources();
});
after(() => nothingLeft(resources));

describe('a link', () => {
  test('carries megabytes both ways at once', async () => {
    const { listener, next } = await listenOf();
    const dialer = dialerOf();
    void next().then(({ link }) => echo(link));
    const link = await dialer.dial(to(listener));
    const sink = CollectSink.on(link);
    const data = payload(3_000_000);
    let at = 0;
    while (at < data.length) {
      const drains = sink.drains;
      const open = link.write(data.subarray(at, at + 50_000));
      at += 50_000;
      if (!open) await sink.until((each) => each.drains > drains);
    }
    let total = 0;
    await sink.until((each) => {
      total = each.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      return total >= data.length;
    });
    assert.equal(sha256(...sink.chunks), sha256(data));
    await listener.close();
    link.destroy();
    await dialer.close();
  });

  test('close lets what was written arrive; the peer sees the end and is closed once it ends as well', async () => {
    const pair = await joined();
    const data = payload(200_000);
    pair.client.write(data);
    pair.client.close();
    await pair.serverSink.until((sink) => sink.ended === 1);
    assert.equal(sha256(pair.serverSink.bytes.subarray(5)), sha256(data));
    await pair.clientSink.until((sink) => sink.closes === 1);
    assert.equal(pair.clientSink.error, undefined);
    assert.equal(pair.serverSink.closes, 0);
    pair.server.end();
    await pair.serverSink.until((sink) => sink.closes === 1);
    assert.equal(pair.serverSink.error, undefined);
    await pair.close();
  });

  test('end leaves the downlink open, and what is written behind it goes nowhere', async () => {
    const pair = await joined();
    pair.client.end();
    assert.equal(pair.client.write(Buffer.from('not sent')), true);
    pair.server.write(Buffer.from('still here'));
    await pair.clientSink.until((sink) => sink.text === 'still here');
    assert.equal(pair.serverSink.ended, 0);
    assert.equal(pair.serverSink.text, 'hello');
    await pair.close();
  });

  test('writing to a peer that has closed is told as a reset', async () => {
    const pair = await joined();
    pair.client.close();
    await pair.serverSink.until((sink) => sink.ended === 1);
    assert.equal(pair.server.write(Buffer.from('too late')), true);
    await pair.serverSink.until((sink) => sink.closes === 1);
    assert.equal(pair.serverSink.error?.code, 'ERR_RESET');
    await pair.close();
  });

  test('destroy tells its reason here, and ends the connection there', async () => {
    const pair = await joined();
    pair.client.write(payload(500_000));
    pair.client.destroy(new TsrayError('ERR_ABORTED', 'enough'));
    await pair.clientSink.until((sink) => sink.closes === 1);
    assert.equal(pair.clientSink.error?.code, 'ERR_ABORTED');
    await pair.serverSink.until((sink) => sink.ended === 1 || sink.closes === 1);
    await pair.close();
  });

  test('a reader that stops makes the writer wait, without growing memory; it goes on when the reader does', async () => {
    const pair = await joined();
    pair.server.pause();
    const piece = payload(64_000);
    let written = 0;
    while (pair.client.write(piece)) written += piece.length;
    written += piece.length;
    assert.ok(written < 3_000_000, `${written} bytes queued`);
    // The peer's window fills; then nothing moves.
    await new Promise((resolve) => setImmediate(resolve));
    const before = pair.serverSink.bytes.length;
    assert.equal(before, 5);
    pair.server.resume();
    await pair.clientSink.until((sink) => sink.drains === 1);
    await pair.serverSink.until((sink) => sink.bytes.length === 5 + written);
    await pair.close();
  });

  test('what comes before start is kept, even if its sender goes away meanwhile, and delivered then', async () => {
    const { listener, next } = await listenOf();
    const dialer = dialerOf();
    const arrival = next();
    const client = await dialer.dial(to(listener));
    const clientSink = CollectSink.on(client);
    client.write(Buffer.from('early'));
    const { link } = await arrival;
    // Nobody sends it again from here on: what `start` delivers was there before.
    client.destroy();
    await clientSink.until((each) => each.closes === 1);
    await dialer.close();
    const sink = CollectSink.on(link);
    assert.equal(sink.received, 0, 'not from within start');
    await sink.until((each) => each.text === 'early');
    await listener.close();
  });

  test('IPv6, and IPv4 on a listener for both', async () => {
    for (const [listenHost, dialHost, source] of [
      ['::1', '::1', '::1'],
      ['::', '127.0.0.1', '127.0.0.1'],
      ['0.0.0.0', '::1', '::1'],
      ['0.0.0.0', '127.0.0.1', '127.0.0.1'],
    ] as const) {
      const { listener, next } = await listenOf({ host: listenHost });
      const dialer = dialerOf();
      const arrival = next();
      const client = await dialer.dial(to(listener, dialHost));
      const sink = CollectSink.on(client);
      client.write(Buffer.from('x'));
      const accepted = await arrival;
      assert.equal(accepted.source.address.host, source);
      assert.equal(accepted.local.port, listener.port);
      echo(accepted.link);
      await sink.until((each) => each.text === 'x');
      await listener.close();
      client.destroy();
      await dialer.close();
    }
  });

  test('a name is resolved by the resolver that was given', async () => {
    const { listener, next } = await listenOf();
    const dialer = dialerOf();
    void next().then(({ link }) => echo(link));
    const link = await dialer.dial(to(listener, 'server.example'));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('x'));
    await sink.until((each) => each.text === 'x');
    await listener.close();
    link.destroy();
    await dialer.close();
  });
});

/** Datagrams that a peer of the listener gets. */
async function stranger(listener: Listener) {
  const socket = dgram.createSocket('udp4');
  const answers: Buffer[] = [];
  socket.on('message', (bytes) => answers.push(bytes));
  socket.connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  return {
    answers,
    send: (bytes: Uint8Array): Promise<void> => new Promise((resolve) => socket.send(bytes, () => resolve())),
    close: (): Promise<void> => new Promise((resolve) => socket.close(() => resolve())),
  };
}

describe('a listener', () => {
  test('answers garbage and other seeds with silence, and keeps nothing of them', async () => {
    const { listener, accepted, next } = await listenOf({ settings: { seed: 'right' } });
    const peer = await stranger(listener);
    for (let length = 0; length < 200; length += 7) await peer.send(payload(length));
    const dialer = dialerOf({ settings: { seed: 'wrong' } });
    const wrong = await dialer.dial(to(listener));
    wrong.write(Buffer.from('hello'));
    const plain = dialerOf();
    const unsealed = await plain.dial(to(listener));
    unsealed.write(Buffer.from('hello'));
    // A right one behind them shows that those before were looked at.
    const right = dialerOf({ settings: { seed: 'right' } });
    const arrival = next();
    const client = await right.dial(to(listener));
    client.write(Buffer.from('hello'));
    await arrival;
    assert.equal(accepted.length, 1);
    assert.deepEqual(peer.answers, []);
    for (const link of [wrong, unsealed, client]) link.destroy();
    await Promise.all([dialer.close(), plain.close(), right.close()]);
    await peer.close();
    await listener.close();
  });

  test('reads no datagrams larger than any mtu allows, which would hold more memory than the windows count', async () => {
    const { listener, accepted, next } = await listenOf();
    const peer = await stranger(listener);
    await peer.send(new PlainSealer(1).padded({ number: 0, sendingNext: 0 }, 2049));
    await peer.send(new PlainSealer(2).padded({ number: 0, sendingNext: 0 }, 60_000));
    const arrival = next();
    await peer.send(new PlainSealer(3).padded({ number: 0, sendingNext: 0 }, 2048));
    const sink = CollectSink.on((await arrival).link);
    await sink.until((each) => each.text === 'x');
    assert.equal(accepted.length, 1);
    await peer.close();
    await listener.close();
  });

  test('opens no session for segments of an older connection, and says that it is over', async () => {
    const { listener, accepted, next } = await listenOf();
    const peer = await stranger(listener);
    const sealer = new PlainSealer();
    await peer.send(sealer.terminate());
    // The peer knows that something was acknowledged: no client says so in its first datagram.
    await peer.send(sealer.data({ number: 5, sendingNext: 5 }));
    await eventually('an answer', () => peer.answers.length > 0);
    const protection = createProtection(undefined, nodeCrypto, systemRandom);
    const reader = new SegmentReader();
    reader.reset(protection.open(peer.answers[0]!, 0)!);
    assert.ok(reader.next());
    assert.equal(reader.command, segmentCommand.terminate);
    assert.equal(reader.conversation, 1);
    const arrival = next();
    await peer.send(sealer.data({ number: 0, sendingNext: 0 }));
    await arrival;
    assert.equal(accepted.length, 1);
    await peer.close();
    await listener.close();
  });

  test('keeps sessions apart by address, port and conversation', async () => {
    const { listener, accepted } = await listenOf();
    const first = await stranger(listener);
    const second = await stranger(listener);
    for (const peer of [first, second]) {
      for (const conversation of [1, 2]) {
        const sealer = new PlainSealer(conversation);
        await peer.send(sealer.data({ number: 0, sendingNext: 0 }));
        await peer.send(sealer.data({ number: 1, sendingNext: 0 }));
      }
    }
    await eventually('four sessions', () => accepted.length === 4);
    const sinks = accepted.map(({ link }) => CollectSink.on(link));
    await Promise.all(sinks.map((sink) => sink.until((each) => each.text === 'xx')));
    await first.close();
    await second.close();
    await listener.close();
  });

  test('ignores what would open more sessions than allowed', async () => {
    const { listener, accepted } = await listenOf({ maxSessions: 2 });
    const peer = await stranger(listener);
    for (let conversation = 1; conversation <= 5; conversation += 1) {
      await peer.send(new PlainSealer(conversation).data({ number: 0, sendingNext: 0 }));
    }
    await peer.send(new PlainSealer(2).data({ number: 1, sendingNext: 0 }));
    await eventually('both sessions', () => accepted.length === 2);
    const sink = CollectSink.on(accepted[1]!.link);
    await sink.until((each) => each.text === 'xx');
    assert.equal(accepted.length, 2);
    await peer.close();
    await listener.close();
  });

  test('drain accepts no more and waits for the links; close destroys them', async () => {
    const pair = await joined();
    let drained = false;
    const draining = pair.listener.drain().then(() => {
      drained = true;
    });
    const dialer = dialerOf();
    const refused = await dialer.dial(to(pair.listener));
    refused.write(Buffer.from('hello'));
    pair.client.write(Buffer.from(' again'));
    await pair.serverSink.until((sink) => sink.text === 'hello again');
    assert.equal(drained, false);
    await pair.listener.close();
    await draining;
    await pair.serverSink.until((sink) => sink.closes === 1);
    assert.equal(pair.serverSink.error, undefined);
    await pair.clientSink.until((sink) => sink.ended === 1 || sink.closes === 1);
    refused.destroy();
    await dialer.close();
    await pair.close();
    await pair.listener.drain();
  });

  test('a port in use is told as such', async () => {
    const { listener } = await listenOf();
    const listen = createKcpListen(kcpDefaults, deps());
    await assert.rejects(
      listen('127.0.0.1', listener.port, () => undefined),
      {
        code: 'ERR_LISTEN',
        message: `cannot listen on 127.0.0.1:${listener.port} (UDP): the port is in use`,
      },
    );
    await listener.close();
  });
});

describe('a dialer', () => {
  test('a machine where nobody listens refuses, within five resends', async () => {
    const { listener } = await listenOf();
    await listener.close();
    const dialer = dialerOf({ settings: { ttiMs: 10 } });
    const link = await dialer.dial(to(listener));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    await sink.until((each) => each.closes === 1);
    assert.equal(sink.error?.code, 'ERR_DIAL_REFUSED');
    await dialer.close();
  });

  test('a server that stays silent is given up after 30 s, with what to look at', async () => {
    const silent = dgram.createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const clock = new FakeClock();
    const dialer = dialerOf({ clock });
    const link = await dialer.dial(to({ port: silent.address().port }));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('hello'));
    await once(silent, 'message');
    clock.advance(29_000);
    assert.equal(sink.closes, 0);
    clock.advance(6_000);
    await sink.until((each) => each.closes === 1);
    assert.equal(sink.error?.code, 'ERR_DIAL_TIMEOUT');
    assert.match(sink.error?.hint ?? '', /seed/);
    clock.advance(10_000);
    assert.equal(clock.pendingTimers, 0);
    await dialer.close();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  });

  describe('with several addresses for a name', () => {
    const [first, second] = ['127.0.0.5', '127.0.0.6'];
    const named = (port: number): Destination => to({ port }, 'server.example');
    function dialerOfBoth(clock?: Clock) {
      return createKcpDialer(kcpDefaults, {
        ...deps(clock),
        resolver: { resolve: () => Promise.resolve([parseAddress(first), parseAddress(second)]) },
      });
    }

    test('one that refuses is left at once', async () => {
      const { listener, next } = await listenOf({ host: second });
      const dialer = dialerOfBoth();
      const arrival = next();
      const link = await dialer.dial(named(listener.port));
      const sink = CollectSink.on(link);
      const data = payload(100_000);
      link.write(data);
      link.close();
      const accepted = await arrival;
      const received = CollectSink.on(accepted.link);
      await received.until((each) => each.ended === 1);
      assert.equal(sha256(received.bytes), sha256(data));
      accepted.link.close();
      await sink.until((each) => each.closes === 1);
      await listener.close();
      await dialer.close();
    });

    test('one that is silent is left after 2 s, and comes last in the next dial', async () => {
      const { listener, next } = await listenOf({ host: second });
      const silent = dgram.createSocket('udp4');
      silent.bind(listener.port, first);
      await once(silent, 'listening');
      let strays = 0;
      silent.on('message', () => {
        strays += 1;
      });
      const clock = new FakeClock();
      const dialer = dialerOfBoth(clock);
      const arrival = next();
      const link = await dialer.dial(named(listener.port));
      const sink = CollectSink.on(link);
      link.write(Buffer.from('hello'));
      await once(silent, 'message');
      clock.advance(1_900);
      await eventually('sent again', () => strays > 1);
      clock.advance(100);
      const accepted = await eventuallyAccepted(clock, arrival);
      echo(accepted.link);
      await eventually('echoed', () => {
        clock.advance(50);
        return sink.text === 'hello';
      });
      strays = 0;
      const again = next();
      const secondLink = await dialer.dial(named(listener.port));
      secondLink.write(Buffer.from('hello'));
      const { link: other } = await eventuallyAccepted(clock, again);
      assert.equal(strays, 0);
      for (const each of [link, secondLink, accepted.link, other]) each.destroy();
      await listener.close();
      await dialer.close();
      await new Promise<void>((resolve) => silent.close(() => resolve()));
    });

    test('if the last one refuses, that is the error', async () => {
      const { listener } = await listenOf({ host: second });
      await listener.close();
      const dialer = dialerOfBoth();
      const link = await dialer.dial(named(listener.port));
      const sink = CollectSink.on(link);
      link.write(Buffer.from('hello'));
      await sink.until((each) => each.closes === 1);
      assert.equal(sink.error?.code, 'ERR_DIAL_REFUSED');
      await dialer.close();
    });

    test('one that cannot be sent to is passed over by the dial itself', async () => {
      const { listener, next } = await listenOf();
      const dialer = createKcpDialer(kcpDefaults, {
        ...deps(),
        // Nobody may send to the broadcast address without asking the kernel for it first.
        resolver: {
          resolve: () => Promise.resolve([parseAddress('255.255.255.255'), parseAddress('127.0.0.1')]),
        },
      });
      const arrival = next();
      const link = await dialer.dial(named(listener.port));
      link.write(Buffer.from('hello'));
      (await arrival).link.destroy();
      link.destroy();
      await listener.close();
      await dialer.close();
    });

    /** Lets the client's time go on until the server has its connection. */
    async function eventuallyAccepted(clock: FakeClock, arrival: Promise<Accepted>): Promise<Accepted> {
      let accepted: Accepted | undefined;
      void arrival.then((each) => {
        accepted = each;
      });
      return eventually('accepted', () => {
        clock.advance(50);
        return accepted;
      });
    }
  });

  test('an aborted dial rejects, and so does one after close', async () => {
    const dialer = dialerOf();
    const abort = new AbortController();
    abort.abort();
    await assert.rejects(dialer.dial(to({ port: 9 }), { signal: abort.signal }), { code: 'ERR_ABORTED' });
    await dialer.close();
    await assert.rejects(dialer.dial(to({ port: 9 })), { code: 'ERR_ABORTED' });
  });

  test('an address it cannot send from is told as such', async () => {
    const dialer = createKcpDialer(kcpDefaults, { ...deps(), localAddress: parseAddress('192.0.2.1') });
    await assert.rejects(dialer.dial(to({ port: 9 })), { code: 'ERR_DIAL_FAILED' });
    await dialer.close();
  });

  test('its close leaves live links alone, and ends what only waits for the peer', async () => {
    const { listener, next } = await listenOf();
    const dialer = dialerOf();
    const arrival = next();
    const link = await dialer.dial(to(listener));
    const sink = CollectSink.on(link);
    link.write(Buffer.from('x'));
    echo((await arrival).link);
    await sink.until((each) => each.text === 'x');
    await dialer.close();
    link.write(Buffer.from('y'));
    await sink.until((each) => each.text === 'xy');
    link.close();
    await sink.until((each) => each.closes === 1);
    await listener.close();
  });
});
