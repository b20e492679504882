import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { systemRandom } from '../../../../src/core/random.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { MuxClient } from '../../../../src/proxy/mux/client.js';
import { encodeFrameHeader, writeFrame } from '../../../../src/proxy/mux/frame.js';
import { GlobalIds } from '../../../../src/proxy/mux/global-id.js';
import type { MuxSettings } from '../../../../src/proxy/mux/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { settle } from '../../../helper/scripted-link.js';

const web = at('example.com', 443);
const globalIds = new GlobalIds(nodeCrypto, systemRandom);

function start(settings: Partial<MuxSettings> = {}, xudp = false, bufferBytes = 64 * 1024) {
  const clock = new FakeClock();
  const outbound = new FakeOutbound();
  const log = new MemoryLogger();
  let lastId = 0;
  const client = new MuxClient({
    outbound,
    clock,
    log,
    nextId: () => {
      lastId += 1;
      return lastId;
    },
    bufferBytes: () => bufferBytes,
    globalIds,
    settings: { concurrency: 8, udpConcurrency: 0, udp443: undefined, ...settings },
    xudp,
  });
  return { clock, outbound, log, client };
}

type Started = ReturnType<typeof start>;

async function connect({ client }: Started): Promise<{ link: Link; sink: CollectSink }> {
  const link = await client.open(contextFor(web));
  return { link, sink: CollectSink.on(link) };
}

/** Ends the client and checks that nothing is left behind. */
async function finish({ client, clock, outbound }: Started): Promise<void> {
  await client.close();
  await settle();
  assert.equal(clock.pendingTimers, 0);
  assert.equal(client.carriers, 0);
  assert.equal(outbound.closed, true);
  assert.ok(outbound.links.every((link) => link.gone));
}

function keep(id: number, data: Uint8Array | string): Uint8Array {
  const payload = typeof data === 'string' ? Buffer.from(data) : data;
  const out = new Uint8Array(8 + payload.length);
  writeFrame(encodeFrameHeader({ id, status: 'keep' }, true), payload, out, 0);
  return out;
}

const end = (id: number, error = false): Uint8Array => encodeFrameHeader({ id, status: 'end', error }, false);

test('the first data go with New, as in the vector, on a carrier to v1.mux.cool:9527', async () => {
  const started = start();
  const { link } = await connect(started);
  link.write(Buffer.from('GET'));
  const [carrier] = started.outbound.links;
  assert.equal(carrier?.outputHex, '0014000101010101bb020b6578616d706c652e636f6d0003474554');
  carrier?.clear();
  link.write(Buffer.from('hello'));
  assert.equal(carrier?.outputHex, '000400010201000568656c6c6f');
  assert.deepEqual(started.outbound.contexts[0]?.destination, at('v1.mux.cool', 9527));
  await finish(started);
});

test('New goes alone if there are no data within 100 ms', async () => {
  const started = start();
  const { link } = await connect(started);
  const [carrier] = started.outbound.links;
  started.clock.advance(99);
  assert.equal(carrier?.outputHex, '');
  started.clock.advance(1);
  assert.equal(carrier?.outputHex, '0014000101000101bb020b6578616d706c652e636f6d');
  carrier?.clear();
  link.write(Buffer.from('hello'));
  assert.equal(carrier?.outputHex, '000400010201000568656c6c6f');
  await finish(started);
});

test('a half-close is not told to the peer; the response still arrives; End follows with close', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  const [carrier] = started.outbound.links;
  link.write(Buffer.from('GET'));
  carrier?.clear();
  link.end();
  link.write(Buffer.from('late'));
  assert.equal(carrier?.outputHex, '');
  carrier?.deliver(keep(1, 'response'));
  assert.equal(sink.text, 'response');
  link.close();
  assert.equal(carrier?.outputHex, '000400010300');
  await settle();
  assert.equal(sink.closes, 1);
  assert.equal(sink.error, undefined);
  await finish(started);
});

test('a half-close before any data sends New at once', async () => {
  const started = start();
  const { link } = await connect(started);
  link.end();
  assert.match(started.outbound.links[0]!.outputHex, /^001400010100/);
  await finish(started);
});

test('End of the peer delivers what is held, then the end, then the close', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  const [carrier] = started.outbound.links;
  link.write(Buffer.from('GET'));
  link.pause();
  carrier?.deliver(Buffer.concat([keep(1, 'one'), keep(1, 'two'), end(1)]));
  await settle();
  assert.equal(sink.text, '');
  assert.equal(sink.closes, 0);
  link.resume();
  await settle();
  assert.equal(sink.text, 'onetwo');
  assert.equal(sink.ended, 1);
  assert.equal(sink.closes, 1);
  assert.equal(sink.error, undefined);
  await finish(started);
});

test('End with Error aborts the session; destroy tells the peer so', async () => {
  const started = start();
  const first = await connect(started);
  const second = await connect(started);
  const [carrier] = started.outbound.links;
  first.link.write(Buffer.from('a'));
  second.link.write(Buffer.from('b'));
  carrier?.clear();
  carrier?.deliver(end(1, true));
  await settle();
  assert.equal(first.sink.error?.code, 'ERR_RESET');
  second.link.destroy(new TsrayError('ERR_RESET', 'the client went away'));
  assert.equal(carrier?.outputHex, '000400020302');
  await finish(started);
});

test('a session that was never sent is not told to the peer', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  link.close();
  await settle();
  assert.equal(started.outbound.links[0]?.outputHex, '');
  assert.equal(sink.closes, 1);
  await finish(started);
});

test('data of an unknown session are answered with End and leave the others alone', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  const [carrier] = started.outbound.links;
  link.write(Buffer.from('a'));
  carrier?.clear();
  carrier?.deliver(Buffer.concat([keep(9, 'stray'), keep(1, 'mine')]));
  assert.equal(carrier?.outputHex, '000400090300');
  assert.equal(sink.text, 'mine');
  await finish(started);
});

test('New, KeepAlive and their data are ignored by a client', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  const [carrier] = started.outbound.links;
  link.write(Buffer.from('a'));
  carrier?.clear();
  const header = encodeFrameHeader({ id: 1, status: 'new', target: web }, true);
  const opened = new Uint8Array(header.length + 3);
  writeFrame(header, Buffer.from('x'), opened, 0);
  carrier?.deliver(Buffer.concat([opened, Buffer.from('00040000040100020102', 'hex'), keep(1, 'b')]));
  assert.equal(sink.text, 'b');
  assert.equal(carrier?.outputHex, '');
  await finish(started);
});

test('sessions share a carrier up to the concurrency, then there is another', async () => {
  for (const [concurrency, sessions, carriers] of [
    [1, 3, 3],
    [8, 17, 3],
    [1024, 128, 1],
  ] as const) {
    const started = start({ concurrency });
    for (let count = 0; count < sessions; count += 1) await connect(started);
    assert.equal(started.client.carriers, carriers);
    await finish(started);
  }
});

test('sessions opened at once wait for one carrier', async () => {
  const started = start();
  started.outbound.hold = true;
  const opening = Promise.all(Array.from({ length: 9 }, () => started.client.open(contextFor(web))));
  await settle();
  assert.equal(started.outbound.contexts.length, 2);
  started.outbound.proceed();
  await opening;
  assert.equal(started.outbound.links.length, 2);
  await finish(started);
});

test('a carrier takes 128 sessions in its life and closes with the last of them', async () => {
  const started = start({ concurrency: 1 });
  let last: Link | undefined;
  for (let count = 0; count < 128; count += 1) {
    last = (await connect(started)).link;
    if (count < 127) last.close();
  }
  assert.equal(started.outbound.links.length, 1);
  assert.equal(started.outbound.links[0]?.closed, false);
  last?.close();
  assert.equal(started.outbound.links[0]?.closed, true);
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  await finish(started);
});

test('a carrier takes no new sessions when the link below runs out of nonces, and is asked for it', async () => {
  const started = start();
  await connect(started);
  const [carrier] = started.outbound.links;
  for (const [remaining, links] of [
    [65_536, 1],
    [16_384, 1],
    [16_383, 2],
  ] as const) {
    Object.assign(carrier!, { remainingChunks: () => remaining });
    await connect(started);
    assert.equal(started.outbound.links.length, links, `${remaining} chunks left`);
  }
  assert.equal(carrier?.closed, false);
  await finish(started);
});

test('an idle carrier is closed by the check every 16 s', async () => {
  const started = start();
  const { link } = await connect(started);
  link.write(Buffer.from('a'));
  started.clock.advance(16_000);
  assert.equal(started.outbound.links[0]?.closed, false);
  link.close();
  started.clock.advance(15_999);
  assert.equal(started.outbound.links[0]?.closed, false);
  started.clock.advance(1);
  assert.equal(started.outbound.links[0]?.closed, true);
  await settle();
  assert.equal(started.client.carriers, 0);
  await finish(started);
});

test('a carrier that answers nothing for 10 s takes no new sessions', async () => {
  const started = start();
  const { link } = await connect(started);
  link.write(Buffer.from('a'));
  started.clock.advance(9_999);
  await connect(started);
  assert.equal(started.outbound.links.length, 1);
  started.clock.advance(1);
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  await finish(started);
});

test('a carrier that takes nothing more for 250 ms takes no new sessions until it does', async () => {
  const started = start();
  const { link } = await connect(started);
  const [carrier] = started.outbound.links;
  carrier!.accepts = false;
  link.write(Buffer.from('a'));
  started.clock.advance(249);
  await connect(started);
  assert.equal(started.outbound.links.length, 1);
  started.clock.advance(1);
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  carrier?.drain();
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  await finish(started);
});

test('a lost carrier breaks its sessions with the reason, and the next has a new one', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  link.write(Buffer.from('a'));
  started.outbound.links[0]?.goAway(new TsrayError('ERR_RESET', 'the peer reset the connection'));
  await settle();
  assert.equal(sink.error?.code, 'ERR_RESET');
  assert.equal(started.client.carriers, 0);
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  await finish(started);
});

for (const [name, cut] of [
  ['in the middle of a frame', keep(1, 'response').subarray(0, 11)],
  ['between frames', keep(1, 'response')],
] as const) {
  test(`a carrier that ends ${name} breaks its sessions`, async () => {
    const started = start();
    const { link, sink } = await connect(started);
    link.write(Buffer.from('a'));
    started.outbound.links[0]?.deliver(cut);
    started.outbound.links[0]?.deliverEnd();
    await settle();
    assert.equal(sink.error?.code, 'ERR_TRUNCATED');
    assert.equal(sink.ended, 0);
    await finish(started);
  });
}

test('garbage breaks the carrier and its sessions', async () => {
  const started = start();
  const { link, sink } = await connect(started);
  link.write(Buffer.from('a'));
  started.outbound.links[0]?.deliver('HTTP/1.1 400 Bad Request');
  await settle();
  assert.equal(sink.error?.code, 'ERR_PROTOCOL');
  assert.equal(started.outbound.links[0]?.destroyed, true);
  await finish(started);
});

test('a carrier that cannot be opened fails all who wait for it, and only them', async () => {
  const started = start();
  started.outbound.failures.push(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  const results = await Promise.allSettled([
    started.client.open(contextFor(web)),
    started.client.open(contextFor(web)),
  ]);
  for (const result of results)
    assert.equal(result.status === 'rejected' && result.reason.code, 'ERR_DIAL_REFUSED');
  await connect(started);
  await finish(started);
});

test('whoever gives up while the carrier opens is let go; with the last of them the opening is given up', async () => {
  const started = start();
  started.outbound.hold = true;
  const first = new AbortController();
  const second = new AbortController();
  const results = Promise.allSettled(
    [first, second].map(({ signal }) => started.client.open(contextFor(web, { signal }))),
  );
  await settle();
  first.abort();
  await settle();
  assert.equal(started.outbound.contexts[0]?.signal?.aborted, false);
  second.abort();
  for (const result of await results) {
    assert.equal(result.status === 'rejected' && result.reason.code, 'ERR_ABORTED');
  }
  assert.equal(started.outbound.contexts[0]?.signal?.aborted, true);
  await settle();
  assert.equal(started.client.carriers, 0);
  started.outbound.proceed();
  await finish(started);
});

test('a full carrier blocks every session; when it drains they go on in the order they were stopped', async () => {
  const started = start();
  const order: number[] = [];
  const links: Link[] = [];
  const [carrier] = await (async () => {
    for (let index = 0; index < 3; index += 1) {
      const link = await started.client.open(contextFor(web));
      links.push(link);
      link.start({
        data: () => undefined,
        end: () => undefined,
        closed: () => undefined,
        drain: () => {
          order.push(index);
          if (order.length <= 2) started.outbound.links[0]!.accepts = false;
          link.write(Buffer.from('more'));
        },
      });
    }
    return started.outbound.links;
  })();
  carrier!.accepts = false;
  for (const link of links) assert.equal(link.write(Buffer.from('a')), false);
  carrier?.drain();
  assert.deepEqual(order, [0]);
  carrier?.drain();
  assert.deepEqual(order, [0, 1]);
  carrier?.drain();
  assert.deepEqual(order, [0, 1, 2, 0, 1]);
  await finish(started);
});

test('a link that takes a later write without having told of a drain lets all go on', async () => {
  const started = start();
  const first = await connect(started);
  const second = await connect(started);
  const [carrier] = started.outbound.links;
  carrier!.accepts = false;
  assert.equal(first.link.write(Buffer.from('a')), false);
  carrier!.accepts = true;
  assert.equal(second.link.write(Buffer.from('b')), true);
  await settle();
  assert.equal(first.sink.drains, 1);
  assert.equal(second.sink.drains, 0);
  await finish(started);
});

test('a reader that stands still stops the others for two seconds, within bounds, and is then cut off', async () => {
  const limit = 64 * 1024;
  const started = start({}, false, limit);
  const stalled = await connect(started);
  const other = await connect(started);
  const [carrier] = started.outbound.links;
  stalled.link.write(Buffer.from('a'));
  other.link.write(Buffer.from('b'));
  carrier?.clear();
  stalled.link.pause();
  const piece = keep(1, new Uint8Array(8192));
  for (let sent = 0; sent < limit; sent += 8192) carrier?.deliver(piece);
  assert.equal(carrier?.paused, false);
  carrier?.deliver(piece);
  assert.equal(carrier?.paused, true);
  // New sessions go elsewhere meanwhile.
  await connect(started);
  assert.equal(started.outbound.links.length, 2);
  started.clock.advance(1_999);
  assert.equal(stalled.sink.closes, 0);
  started.clock.advance(501);
  await settle();
  assert.equal(stalled.sink.error?.code, 'ERR_LIMIT');
  assert.equal(carrier?.paused, false);
  assert.equal(carrier?.outputHex, '000400010302');
  carrier?.deliver(keep(2, 'on'));
  assert.equal(other.sink.text, 'on');
  await finish(started);
});

test('a reader that waits to write is given four seconds more: the cause may be at the other end', async () => {
  const limit = 64 * 1024;
  const started = start({}, false, limit);
  const echo = await connect(started);
  await connect(started);
  const [carrier] = started.outbound.links;
  carrier!.accepts = false;
  assert.equal(echo.link.write(Buffer.from('a')), false);
  echo.link.pause();
  for (let sent = 0; sent <= limit; sent += 8192) carrier?.deliver(keep(1, new Uint8Array(8192)));
  started.clock.advance(3_000);
  await settle();
  assert.equal(echo.sink.closes, 0);
  // From when it can write it has its two seconds.
  carrier?.drain();
  started.clock.advance(1_500);
  await settle();
  assert.equal(echo.sink.closes, 0);
  started.clock.advance(1_000);
  await settle();
  assert.equal(echo.sink.error?.code, 'ERR_LIMIT');
  await finish(started);
});

test('a reader that waits to write for ever is cut off after six seconds', async () => {
  const limit = 64 * 1024;
  const started = start({}, false, limit);
  const echo = await connect(started);
  await connect(started);
  const [carrier] = started.outbound.links;
  carrier!.accepts = false;
  echo.link.write(Buffer.from('a'));
  echo.link.pause();
  for (let sent = 0; sent <= limit; sent += 8192) carrier?.deliver(keep(1, new Uint8Array(8192)));
  started.clock.advance(5_900);
  await settle();
  assert.equal(echo.sink.closes, 0);
  started.clock.advance(600);
  await settle();
  assert.equal(echo.sink.error?.code, 'ERR_LIMIT');
  await finish(started);
});

test('a slow reader is waited for, and so is one that has the carrier for itself', async () => {
  const limit = 64 * 1024;
  const started = start({}, false, limit);
  const slow = await connect(started);
  const other = await connect(started);
  const [carrier] = started.outbound.links;
  slow.link.write(Buffer.from('a'));
  other.link.write(Buffer.from('b'));
  slow.link.pause();
  const frames = 24;
  for (let sent = 0; sent < frames; sent += 1) carrier?.deliver(keep(1, new Uint8Array(8192)));
  assert.equal(carrier?.paused, true);
  // One piece of 64 KiB each 1.9 s.
  for (let round = 0; round < 2; round += 1) {
    started.clock.advance(1_900);
    slow.link.resume();
    await Promise.resolve();
    slow.link.pause();
    await settle();
  }
  assert.equal(slow.sink.closes, 0);
  other.link.close();
  started.clock.advance(3_600_000);
  await settle();
  assert.equal(slow.sink.closes, 0);
  slow.link.resume();
  await settle();
  assert.equal(slow.sink.bytes.length, frames * 8192);
  assert.equal(carrier?.paused, false);
  await finish(started);
});

test('negative concurrency: TCP goes as it is', async () => {
  const started = start({ concurrency: undefined, udpConcurrency: undefined });
  await started.client.open(contextFor(web));
  await started.client.openPackets(contextFor(at('8.8.8.8', 53, 'udp')));
  assert.deepEqual(started.outbound.contexts[0]?.destination, web);
  assert.equal(started.outbound.packetLinks.length, 1);
  assert.equal(started.client.carriers, 0);
  started.outbound.links[0]?.close();
  await finish(started);
});

test('a carrier that goes while a connection is put on it: the connection works or is told, whenever that is', async () => {
  for (let turns = 0; turns < 16; turns += 1) {
    const started = start();
    await connect(started);
    const [first] = started.outbound.links;
    const opening = started.client.open(contextFor(web));
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    first!.goAway();
    const link = await opening;
    const sink = CollectSink.on(link);
    link.write(Buffer.from('GET'));
    await settle();
    const arrived = started.outbound.links.slice(1).some((carrier) => carrier.outputText.includes('GET'));
    assert.ok(arrived || sink.closes === 1, `after ${turns} turns the connection hangs`);
    await finish(started);
  }
});
