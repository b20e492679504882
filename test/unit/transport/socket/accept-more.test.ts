/** Many clients that come at once while the process has other things to do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, afterEach, before } from 'node:test';
import type { Accepted, Listener } from '../../../../src/contract/transport.js';
import { createTcpListen } from '../../../../src/transport/tcp/listen.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { eventually } from '../../../helper/eventually.js';
import { countResources, nothingLeft, type Resources } from '../../../helper/leaks.js';
import { nativeTest } from '../../../helper/native.js';

let resources: Resources;
before(() => {
  resources = countResources();
});
after(() => nothingLeft(resources));

const clients = 50;

const sockets: net.Socket[] = [];
let listener: Listener | undefined;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

/** Returns once the kernel has connected all of them; the listener has not had its turn yet. */
async function connectAtOnce(port: number): Promise<void> {
  sockets.push(...Array.from({ length: clients }, () => net.connect(port, '127.0.0.1')));
  for (const socket of sockets) socket.on('error', () => undefined);
  await new Promise((resolve) => process.nextTick(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

nativeTest('clients that wait are accepted together, and served like others', async () => {
  let turn = 0;
  const accepted: Accepted[] = [];
  const acceptedIn = new Set<number>();
  listener = await createTcpListen()('127.0.0.1', 0, (each) => {
    accepted.push(each);
    acceptedIn.add(turn);
  });
  await connectAtOnce(listener.port);
  for (; accepted.length < clients; turn += 1) await nextTurn();
  assert.ok(acceptedIn.size < clients / 4, `in ${acceptedIn.size} turns`);
  assert.equal(new Set(accepted.map(({ source }) => source.port)).size, clients);
  for (const { link } of accepted) {
    link.start({
      data: (bytes) => link.write(bytes),
      end: () => link.close(),
      drain: () => undefined,
      closed: () => undefined,
    });
  }
  await Promise.all(
    sockets.map(async (socket, index) => {
      socket.end(`hello ${index}`);
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      assert.equal(bytes.toString(), `hello ${index}`);
      await once(socket, 'close');
    }),
  );
});

nativeTest('drain waits for each of them', async () => {
  const accepted: Accepted[] = [];
  listener = await createTcpListen()('127.0.0.1', 0, (each) => accepted.push(each));
  await connectAtOnce(listener.port);
  await eventually('accepted', () => accepted.length === clients);
  let drained = false;
  const done = listener.drain().then(() => {
    drained = true;
  });
  const [last, ...others] = accepted;
  const sinks = others.map(({ link }) => CollectSink.on(link));
  for (const { link } of others) link.destroy();
  await Promise.all(sinks.map((each) => each.until(({ closes }) => closes === 1)));
  assert.equal(drained, false);
  last!.link.destroy();
  await done;
});

nativeTest('a listener that is closed by the first one takes no others', async () => {
  let count = 0;
  let closing: Promise<void> | undefined;
  const server = await createTcpListen()('127.0.0.1', 0, ({ link }) => {
    count += 1;
    link.destroy();
    closing = server.close();
  });
  listener = server;
  await connectAtOnce(server.port);
  await eventually('accepted', () => closing !== undefined);
  await closing;
  assert.equal(count, 1);
});

nativeTest('a descriptor on which nobody listens gives none', (addon) => {
  assert.equal(addon.accept(0x7fff_ffff), -1);
  assert.throws(() => addon.accept(-1), RangeError);
  assert.throws(() => addon.accept('1' as unknown as number), RangeError);
});
