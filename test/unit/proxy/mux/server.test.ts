import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnContext } from '../../../../src/contract/conn-context.js';
import type { ConnectionLimits } from '../../../../src/contract/connection-limits.js';
import type { PacketCone, PacketQuery } from '../../../../src/contract/dispatcher.js';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { createMuxDispatcher } from '../../../../src/proxy/mux/dispatcher.js';
import { encodeFrameHeader, type FrameFields, writeFrame } from '../../../../src/proxy/mux/frame.js';
import { MuxServer } from '../../../../src/proxy/mux/server.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher, type FakePacketRoute } from '../../../helper/fake-dispatcher.js';
import { at } from '../../../helper/fake-listen.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

const web = at('192.0.2.1', 80);
const dns = at('8.8.8.8', 53, 'udp');
const other = at('1.1.1.1', 443, 'udp');
const muxed = at('v1.mux.cool', 9527);
const user = { email: 'love@example.com', level: 3 };

/** `full cone`: all packets of a source may share a route. */
class ConeDispatcher extends FakeDispatcher {
  #cone: PacketCone | undefined;
  readonly coned: ConnContext[] = [];

  constructor(fullCone: boolean) {
    super();
    if (fullCone) {
      this.#cone = {
        openPackets: (context) => {
          this.coned.push(context);
          return this.openPackets(context);
        },
      };
    }
  }

  coneFor(_query: PacketQuery): PacketCone | undefined {
    return this.#cone;
  }
}

function start(fullCone = true, limits?: ConnectionLimits) {
  const clock = new FakeClock();
  const dispatcher = new ConeDispatcher(fullCone);
  let lastId = 100;
  const server = new MuxServer({
    clock,
    limits,
    policy: { forLevel: () => ({ ...defaultLevelPolicy, bufferBytes: 64 * 1024 }) },
    nextId: () => {
      lastId += 1;
      return lastId;
    },
  });
  const serve = (email = user.email) => {
    const link = new ScriptedLink();
    const context = contextFor(muxed, { user: { ...user, email }, inboundTag: 'in' });
    return { link, done: server.serve(context, link, dispatcher) };
  };
  return { clock, dispatcher, server, serve, ...serve() };
}

type Started = ReturnType<typeof start>;

async function finish({ server, clock, link }: Pick<Started, 'server' | 'clock' | 'link'>): Promise<void> {
  link.goAway();
  await settle();
  server.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
}

function frame(fields: FrameFields, data?: string): Uint8Array {
  const header = encodeFrameHeader(fields, data !== undefined);
  if (data === undefined) return header;
  const out = new Uint8Array(header.length + 2 + data.length);
  writeFrame(header, Buffer.from(data), out, 0);
  return out;
}

const open = (id: number, target: Destination, data?: string, globalId?: Uint8Array): Uint8Array =>
  frame({ id, status: 'new', target, ...(globalId === undefined ? {} : { globalId }) }, data);

test('a session is dispatched as a connection of its own, with what its carrier has', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web, 'GET'));
  const [opening] = dispatcher.opens;
  assert.deepEqual(opening?.context.destination, web);
  assert.equal(opening?.context.sourceText, 'tcp:192.0.2.7:1234');
  assert.equal(opening?.context.inboundTag, 'in');
  assert.deepEqual(opening?.context.user, user);
  assert.equal(opening?.context.id, 101);
  const route = opening!.accept();
  await settle();
  assert.equal(route.sink?.text, 'GET');
  link.deliver(frame({ id: 1, status: 'keep' }, ' /'));
  assert.equal(route.sink?.text, 'GET /');
  route.link?.write(Buffer.from('200'));
  assert.equal(link.outputHex, '0004000102010003323030');
  await finish(started);
});

test('a carrier over mKCP gives its sessions no UDP source, which would be one for all of them', async () => {
  const started = start();
  const { server, dispatcher } = started;
  const link = new ScriptedLink();
  const done = server.serve(contextFor(muxed, { source: at('192.0.2.7', 1234, 'udp') }), link, dispatcher);
  link.deliver(open(1, dns, 'query'));
  assert.equal(dispatcher.packetOpens[0]?.context.source.network, 'tcp');
  assert.equal(dispatcher.packetOpens[0]?.context.sourceText, 'udp:192.0.2.7:1234');
  link.goAway();
  await done;
  await finish(started);
});

test('a client that opens sessions without end and reads no answer is given up', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web, 'GET'));
  const route = dispatcher.opens[0]!.accept();
  await settle();
  link.accepts = false;
  route.link?.write(Buffer.from('more than the client reads'));
  for (let id = 2; id < 20_000 && !link.destroyed; id += 1) link.deliver(open(id, web));
  assert.equal(link.error?.code, 'ERR_LIMIT');
  assert.ok(link.output.length < 100_000);
  assert.equal((await started.done).error?.code, 'ERR_LIMIT');
  await finish(started);
});

test('the end of the response ends the session, with the target too', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web, 'GET'));
  const route = dispatcher.opens[0]!.accept();
  await settle();
  route.link?.end();
  assert.equal(link.outputHex, '000400010300');
  await settle();
  assert.equal(route.sink?.closes, 1);
  assert.equal(route.sink?.error, undefined);
  await finish(started);
});

test('End of the client delivers what came before it', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(Buffer.concat([open(1, web, 'GET'), frame({ id: 1, status: 'end' })]));
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.sink?.text, 'GET');
  assert.equal(route.sink?.ended, 1);
  assert.equal(route.sink?.closes, 1);
  assert.equal(link.outputHex, '');
  await finish(started);
});

test('a target that cannot be reached is told as End with Error', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web, 'GET'));
  dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  await settle();
  assert.equal(link.outputHex, '000400010302');
  await finish(started);
});

test('a client that closes a session while it opens stops the opening', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web));
  assert.equal(dispatcher.opens[0]?.context.signal?.aborted, false);
  link.deliver(frame({ id: 1, status: 'end' }));
  assert.equal(dispatcher.opens[0]?.context.signal?.aborted, true);
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.discarded, true);
  await finish(started);
});

test('an id that is opened again replaces the session', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(open(1, web, 'a'));
  const first = dispatcher.opens[0]!.accept();
  await settle();
  link.deliver(open(1, web, 'b'));
  const second = dispatcher.opens[1]!.accept();
  await settle();
  assert.equal(first.sink?.error?.code, 'ERR_RESET');
  assert.equal(second.sink?.text, 'b');
  assert.equal(link.outputHex, '');
  await finish(started);
});

test('no more than 1024 sessions are open at once on a carrier', async () => {
  const started = start();
  const { link, dispatcher } = started;
  for (let id = 1; id <= 1024; id += 1) link.deliver(open(id, web));
  link.deliver(open(1025, web, 'x'));
  await allOpened();
  assert.equal(dispatcher.opens.length, 1024);
  assert.equal(link.outputHex, '000404010302');
  link.deliver(frame({ id: 7, status: 'end' }));
  link.deliver(open(1026, web));
  assert.equal(dispatcher.opens.length, 1025);
  await finish(started);
});

test('the carrier that goes away takes its sessions with it', async () => {
  const started = start();
  const { link, dispatcher, done } = started;
  link.deliver(open(1, web, 'GET'));
  link.deliver(open(2, web, 'GET'));
  const route = dispatcher.opens[0]!.accept();
  await settle();
  link.goAway(new TsrayError('ERR_RESET', 'the peer reset the connection'));
  await settle();
  assert.equal(route.sink?.error?.code, 'ERR_RESET');
  assert.equal(dispatcher.opens[1]?.context.signal?.aborted, true);
  assert.equal((await done).error?.code, 'ERR_RESET');
  await finish(started);
});

for (const [name, wire] of [
  ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['garbage behind a session', Buffer.concat([open(1, web, 'GET'), Buffer.from('000400010900', 'hex')])],
] as const) {
  test(`${name} ends the carrier`, async () => {
    const started = start();
    started.link.deliver(wire);
    assert.equal(started.link.destroyed, true);
    assert.equal((await started.done).error?.code, 'ERR_PROTOCOL');
    await finish(started);
  });
}

test('a carrier cut in the middle of a frame ends with its sessions; one that ends without sessions just closes', async () => {
  const cut = start();
  cut.link.deliver(open(1, web, 'GET').subarray(0, 17));
  cut.link.deliverEnd();
  assert.equal((await cut.done).error?.code, 'ERR_TRUNCATED');
  await finish(cut);
  const clean = start();
  clean.link.deliverEnd();
  assert.equal((await clean.done).error, undefined);
  assert.equal(clean.link.closed, true);
  await finish(clean);
});

test('silence ends the carrier after connIdle', async () => {
  const started = start();
  const { link, clock, done } = started;
  clock.advance(299_999);
  link.deliver(frame({ id: 0, status: 'keepAlive' }));
  clock.advance(299_999);
  assert.equal(link.closed, false);
  clock.advance(1);
  assert.equal(link.closed, true);
  assert.equal((await done).error, undefined);
  await finish(started);
});

test('a target that stands still is cut off so that other sessions go on', async () => {
  const started = start();
  const { link, clock, dispatcher } = started;
  link.deliver(open(1, web, 'x'));
  link.deliver(open(2, web, 'y'));
  const stalled = dispatcher.opens[0]!.accept();
  const moving = dispatcher.opens[1]!.accept();
  await settle();
  stalled.link?.pause();
  for (let sent = 0; sent <= 64; sent += 8) link.deliver(frame({ id: 1, status: 'keep' }, 'z'.repeat(8192)));
  assert.equal(link.paused, true);
  clock.advance(2_500);
  await settle();
  assert.equal(stalled.sink?.error?.code, 'ERR_LIMIT');
  assert.equal(link.paused, false);
  link.deliver(frame({ id: 2, status: 'keep' }, 'on'));
  assert.equal(moving.sink?.text, 'yon');
  await finish(started);
});

/** A server's carrier with `count` sessions to as many targets. */
/** Sessions are opened over several turns of the event loop, 16 in each. */
async function allOpened(): Promise<void> {
  for (let turn = 0; turn <= 1024 / 16; turn += 1) await new Promise(setImmediate);
}

async function withSessions(count: number) {
  const started = start();
  const { link, dispatcher } = started;
  for (let id = 1; id <= count; id += 1) link.deliver(open(id, web, 'x'));
  await allOpened();
  const routes = dispatcher.opens.map((each) => each.accept());
  await settle();
  return { ...started, routes };
}

test('one target that stands still, with 1,023 others: they go on, and what is held stays within bounds', async () => {
  const started = await withSessions(1024);
  const { link, clock, routes } = started;
  const [stuck, ...moving] = routes;
  stuck!.link?.pause();
  const piece = 'z'.repeat(8192);
  let heldBytes = 0;
  // The client sends to all of them in turn for as long as the carrier is read.
  for (let round = 0; !link.paused; round += 1) {
    link.deliver(frame({ id: 1, status: 'keep' }, piece));
    heldBytes += piece.length;
    for (let id = 2; id <= 1024; id += 1) link.deliver(frame({ id, status: 'keep' }, `${round};`));
  }
  assert.ok(heldBytes <= 64 * 1024 + piece.length, `held ${heldBytes}`);
  const text = `x${Array.from({ length: heldBytes / piece.length }, (_, round) => `${round};`).join('')}`;
  for (const route of moving) assert.equal(route.sink?.text, text);
  clock.advance(2_500);
  await settle();
  assert.equal(stuck!.sink?.error?.code, 'ERR_LIMIT');
  assert.equal(link.paused, false);
  for (let id = 2; id <= 1024; id += 1) link.deliver(frame({ id, status: 'keep' }, 'on'));
  for (const route of moving) {
    assert.equal(route.sink?.text, `${text}on`);
    assert.equal(route.sink?.closes, 0);
  }
  await finish(started);
});

test('1,023 targets that stand still hold 16 times what one may; all of them are cut off at once', async () => {
  const started = await withSessions(1024);
  const { link, clock, routes } = started;
  const [moving, ...stuck] = routes;
  for (const route of stuck) route.link?.pause();
  let heldBytes = 0;
  for (let id = 2; id <= 1024 && !link.paused; id += 1) {
    link.deliver(frame({ id, status: 'keep' }, 'z'.repeat(8192)));
    heldBytes += 8192;
  }
  assert.equal(heldBytes, 16 * 64 * 1024 + 8192);
  clock.advance(2_500);
  await settle();
  assert.equal(link.paused, false);
  // As many as it takes to hold half of it.
  assert.equal(stuck.filter((each) => each.sink?.error?.code === 'ERR_LIMIT').length, 65);
  link.deliver(frame({ id: 1, status: 'keep' }, 'on'));
  assert.equal(moving!.sink?.text, 'xon');
  await finish(started);
});

test('what sessions still hold when their client has ended them counts as well', async () => {
  const started = start();
  const { link, clock, dispatcher } = started;
  link.deliver(open(1, web, 'x'));
  const moving = dispatcher.opens[0]!.accept();
  await settle();
  let id = 1;
  while (!link.paused) {
    id += 1;
    link.deliver(open(id, web, 'x'));
    await new Promise(setImmediate);
    const route = dispatcher.opens.at(-1)!.accept();
    await settle();
    route.link?.pause();
    for (let kib = 0; kib < 64; kib += 8) link.deliver(frame({ id, status: 'keep' }, 'z'.repeat(8192)));
    link.deliver(frame({ id, status: 'end' }));
    assert.ok(id < 20, 'the carrier is read on and on');
  }
  assert.equal(id, 18);
  clock.advance(2_500);
  await settle();
  assert.equal(link.paused, false);
  link.deliver(frame({ id: 1, status: 'keep' }, 'on'));
  assert.equal(moving.sink?.text, 'xon');
  await finish(started);
});

test('sessions that hold something count as open until it is taken', async () => {
  const started = await withSessions(1023);
  const { link, dispatcher, routes } = started;
  routes[0]!.link?.pause();
  link.deliver(frame({ id: 1, status: 'keep' }, 'rest'));
  link.deliver(frame({ id: 1, status: 'end' }));
  link.deliver(open(2000, web, 'x'));
  await allOpened();
  assert.equal(dispatcher.opens.length, 1024);
  link.deliver(open(2001, web, 'x'));
  assert.equal(dispatcher.opens.length, 1024);
  routes[0]!.link?.resume();
  await settle();
  assert.equal(routes[0]!.sink?.text, 'xrest');
  assert.equal(routes[0]!.sink?.ended, 1);
  link.deliver(open(2002, web, 'x'));
  assert.equal(dispatcher.opens.length, 1025);
  await finish(started);
});

test('what arrives before a route is open is held within the same bound', async () => {
  const started = start();
  const { link, clock, dispatcher } = started;
  link.deliver(open(1, web, 'x'));
  for (let sent = 0; sent <= 64; sent += 8) link.deliver(frame({ id: 1, status: 'keep' }, 'z'.repeat(8192)));
  assert.equal(link.paused, true);
  // Alone on its carrier it is given longer.
  clock.advance(9_500);
  assert.equal(dispatcher.opens[0]?.context.signal?.aborted, false);
  clock.advance(1_000);
  assert.equal(dispatcher.opens[0]?.context.signal?.aborted, true);
  assert.equal(link.paused, false);
  await finish(started);
});

async function accepted(started: Started, index = 0): Promise<FakePacketRoute> {
  const route = started.dispatcher.packetOpens[index]!.accept();
  await settle();
  return route;
}

test('a UDP session of V2Ray goes to its destination; the answers carry their source', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(Buffer.concat([open(3, dns, 'q1'), frame({ id: 3, status: 'keep' }, 'q2')]));
  assert.deepEqual(dispatcher.packetOpens[0]?.context.destination, dns);
  assert.equal(dispatcher.packetOpens[0]?.context.sourceText, 'tcp:192.0.2.7:1234');
  const route = await accepted(started);
  assert.deepEqual(route.packets, [
    { text: 'q1', remote: dns },
    { text: 'q2', remote: dns },
  ]);
  route.link?.send(Buffer.from('a'), dns);
  assert.equal(link.outputHex, '000c000302010200350108080808000161');
  await finish(started);
});

test('XUDP: every packet goes where it says, over one route if the way out is full cone', async () => {
  const started = start();
  const { link, dispatcher } = started;
  link.deliver(Buffer.concat([open(0, dns, 'q1'), frame({ id: 0, status: 'keep', target: other }, 'q2')]));
  assert.equal(dispatcher.packetOpens.length, 1);
  assert.equal(dispatcher.coned.length, 1);
  const route = await accepted(started);
  assert.deepEqual(route.packets, [
    { text: 'q1', remote: dns },
    { text: 'q2', remote: other },
  ]);
  // Somebody unasked.
  route.link?.send(Buffer.from([0x9a]), other);
  assert.equal(link.outputHex, '000c000002010201bb010101010100019a');
  await finish(started);
});

test('XUDP: a route for each destination if the way out is not full cone', async () => {
  const started = start(false);
  const { link, dispatcher } = started;
  link.deliver(Buffer.concat([open(0, dns, 'q1'), frame({ id: 0, status: 'keep', target: other }, 'q2')]));
  assert.deepEqual(
    dispatcher.packetOpens.map(({ context }) => context.destination),
    [dns, other],
  );
  await finish(started);
});

test('answers are as large as the client can read', async () => {
  for (const [id, globalId, limit] of [
    [3, undefined, 2048],
    [0, undefined, 7526],
    [3, new Uint8Array(8), 7526],
  ] as const) {
    const started = start();
    started.link.deliver(open(id, dns, 'q', globalId));
    const route = await accepted(started);
    assert.equal(route.link?.send(new Uint8Array(limit), dns), true);
    assert.equal(route.link?.send(new Uint8Array(limit + 1), dns), false);
    await finish(started);
  }
});

test('answers find no room on a full carrier', async () => {
  const started = start();
  started.link.deliver(open(3, dns, 'q'));
  const route = await accepted(started);
  started.link.accepts = false;
  assert.equal(route.link?.send(Buffer.from('a'), dns), true);
  assert.equal(route.link?.send(Buffer.from('b'), dns), false);
  started.link.drain();
  assert.equal(route.link?.send(Buffer.from('c'), dns), true);
  await finish(started);
});

test('a UDP session that is quiet for connIdle ends', async () => {
  const started = start();
  const { link, clock } = started;
  link.deliver(open(3, dns, 'q'));
  await accepted(started);
  clock.advance(200_000);
  link.deliver(frame({ id: 0, status: 'keepAlive' }));
  clock.advance(100_000);
  assert.match(link.outputHex, /000400030300$/);
  await finish(started);
});

const globalId = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

test('a source with a Global ID outlives its carrier for a minute', async () => {
  const started = start();
  const { link, clock, dispatcher, serve } = started;
  link.deliver(open(0, dns, 'q1', globalId));
  const route = await accepted(started);
  link.goAway(new TsrayError('ERR_RESET', 'the peer reset the connection'));
  await settle();
  assert.equal(route.closes, 0);
  // Nobody is there.
  assert.equal(route.link?.send(Buffer.from('lost'), dns), false);
  clock.advance(59_999);
  const next = serve();
  next.link.deliver(open(0, other, 'q2', globalId));
  await settle();
  assert.equal(dispatcher.packetOpens.length, 1);
  assert.deepEqual(route.packets.at(-1), { text: 'q2', remote: other });
  route.link?.send(Buffer.from('a'), dns);
  assert.match(next.link.outputHex, /^000c0000020102003501080808080001/);
  next.link.goAway();
  await settle();
  clock.advance(60_000);
  await settle();
  assert.equal(route.closes, 1);
  await finish(started);
});

test('of the sources that one user leaves behind 64 linger', async () => {
  const started = start();
  const { link, dispatcher } = started;
  for (let n = 0; n < 100; n += 1) {
    link.deliver(open(n + 1, dns, 'q', Uint8Array.from([1, 2, 3, 4, 5, 6, 7, n])));
  }
  await settle();
  const routes = dispatcher.packetOpens.map((each) => each.accept());
  assert.equal(routes.length, 100);
  await settle();
  link.goAway();
  await settle();
  await settle();
  assert.equal(routes.filter(({ closes }) => closes === 0).length, 64);
  await finish(started);
});

test('a Global ID in use is taken over; the older session ends', async () => {
  const started = start();
  const { link, dispatcher, serve } = started;
  link.deliver(open(0, dns, 'q1', globalId));
  const route = await accepted(started);
  const next = serve();
  next.link.deliver(open(0, dns, 'q2', globalId));
  await settle();
  assert.equal(link.outputHex, '000400000300');
  assert.equal(dispatcher.packetOpens.length, 1);
  route.link?.send(Buffer.from('a'), dns);
  assert.notEqual(next.link.outputHex, '');
  // The end of the older carrier changes nothing.
  link.goAway();
  await settle();
  assert.equal(route.link?.send(Buffer.from('b'), dns), true);
  await finish({ ...started, link: next.link });
});

test('nobody takes over the source of another user, and no Global ID is none', async () => {
  const started = start();
  const { link, dispatcher, serve } = started;
  link.deliver(open(0, dns, 'q1', globalId));
  const stranger = serve('somebody@example.com');
  stranger.link.deliver(open(0, dns, 'q2', globalId));
  await settle();
  assert.equal(dispatcher.packetOpens.length, 2);
  assert.equal(link.outputHex, '');
  stranger.link.goAway();
  const zero = new Uint8Array(8);
  const first = serve();
  const second = serve();
  first.link.deliver(open(0, dns, 'q3', zero));
  second.link.deliver(open(0, dns, 'q4', zero));
  assert.equal(dispatcher.packetOpens.length, 4);
  first.link.goAway();
  second.link.goAway();
  await finish(started);
});

test('a dispatcher serves connections to v1.mux.cool itself, whatever their port, and passes the rest on', async () => {
  const started = start();
  const { server, dispatcher } = started;
  const wrapped = createMuxDispatcher(dispatcher, server);
  const route = await wrapped.open(contextFor(at('v1.mux.cool', 80)));
  const link = new ScriptedLink();
  const done = route.relay(link);
  link.deliver(open(1, muxed, 'x'));
  // Not once more: what a session is for goes out.
  assert.deepEqual(dispatcher.opens[0]?.context.destination, muxed);
  link.goAway();
  await done;
  void wrapped.open(contextFor(web));
  void wrapped.openPackets(contextFor(dns));
  assert.equal(dispatcher.opens.length, 2);
  assert.equal(dispatcher.packetOpens.length, 1);
  await finish(started);
});

test('a user without room is refused a carrier, and the sessions of one that is open; it goes on', async () => {
  let room = 1;
  let open = 0;
  const limits: ConnectionLimits = {
    hasRoom: () => open < room,
    admit: () => {
      if (open >= room) return undefined;
      open += 1;
      return {
        release: () => {
          open -= 1;
        },
      };
    },
  };
  const started = start(true, limits);
  const { link, serve, dispatcher, done } = started;
  assert.equal(open, 1);
  const refused = serve();
  assert.equal((await refused.done).error?.code, 'ERR_LIMIT');
  // Its carrier is open, and each kind of session is answered with an end.
  for (const [id, network] of [
    [1, 'tcp'],
    [2, 'udp'],
  ] as const) {
    link.deliver(frame({ id, status: 'new', target: at('192.0.2.1', 80, network) }, 'x'));
    await settle();
  }
  assert.equal(dispatcher.opens.length + dispatcher.packetOpens.length, 0);
  room = 10;
  link.deliver(frame({ id: 3, status: 'new', target: at('192.0.2.1', 80, 'tcp') }, 'x'));
  await settle();
  assert.equal(dispatcher.opens.length, 1);
  await finish(started);
  await done;
  await settle();
  assert.equal(open, 0);
});
