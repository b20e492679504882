import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Link } from '../../../../src/core/stream/link.js';
import { releaseScratch, takeScratch } from '../../../../src/core/stream/scratch.js';
import type { WsSettings } from '../../../../src/transport/ws/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { eventually } from '../../../helper/eventually.js';
import { anyTls } from '../../../helper/http2-settings.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { payload, sha256 } from '../../../helper/payload.js';
import { startTcpServer } from '../../../helper/tcp-servers.js';
import { loopback, startTransportServer, transportDialer, writeAll } from '../../../helper/transport.js';
import { earlyDataForms, httpUpgradeSettings, wsSettings } from '../../../helper/upgrade-settings.js';

type Settings = Parameters<typeof transportDialer>[0];

interface Pair {
  readonly near: Link;
  readonly far: Link;
  readonly nearSink: CollectSink;
  readonly farSink: CollectSink;
}

/** Both ends of a connection; the first bytes are sent, and read at the far end. */
async function withPair(settings: Settings, use: (pair: Pair) => Promise<void>): Promise<void> {
  const before = countResources();
  const server = await startTransportServer(settings);
  const dialer = transportDialer(settings);
  const near = await dialer.dial(loopback(server.port));
  const nearSink = CollectSink.on(near);
  near.write(Buffer.from('hello'));
  const { link: far } = await server.next();
  const farSink = CollectSink.on(far);
  await farSink.until((s) => s.text === 'hello');
  farSink.chunks.length = 0;
  farSink.received = 0;
  await use({ near, far, nearSink, farSink });
  near.destroy();
  await dialer.close();
  await server.listener.close();
  await nothingLeft(before);
}

const settings: Readonly<Record<string, Settings>> = {
  ws: wsSettings(),
  ...Object.fromEntries(
    Object.entries(earlyDataForms).map(([form, more]: [string, Partial<WsSettings>]) => [
      `ws, early data by ${form}`,
      wsSettings(more),
    ]),
  ),
  httpupgrade: httpUpgradeSettings(),
  'httpupgrade, early data by header': httpUpgradeSettings({
    earlyDataHeaderName: 'X-Early',
    maxEarlyData: 3,
  }),
};

const mebibytes = 4 * 1024 * 1024;

/** Waits for the sink's next drain. */
function drained(sink: CollectSink): () => Promise<void> {
  return async () => {
    await sink.until((s) => s.drains > 0);
    sink.drains = 0;
  };
}

for (const [name, each] of Object.entries(settings)) {
  test(`${name}: carries 4 MiB each way at once, waiting as it is asked to`, async () => {
    await withPair(each, async ({ near, far, nearSink, farSink }) => {
      const data = payload(mebibytes);
      await Promise.all([
        writeAll(near, data, 200_000, drained(nearSink)),
        writeAll(far, data, 3_000, drained(farSink)),
        nearSink.until((s) => s.received === mebibytes),
        farSink.until((s) => s.received === mebibytes),
      ]);
      assert.equal(sha256(nearSink.bytes), sha256(data));
      assert.equal(sha256(farSink.bytes), sha256(data));
    });
  });

  test(`${name}: an orderly close reaches the other end behind everything written`, async () => {
    for (const closer of ['near', 'far'] as const) {
      await withPair(each, async (pair) => {
        const otherSink = closer === 'near' ? pair.farSink : pair.nearSink;
        const ownSink = closer === 'near' ? pair.nearSink : pair.farSink;
        const data = payload(1_000_000);
        pair[closer].write(data);
        pair[closer].close();
        await otherSink.until((s) => s.ended === 1);
        assert.equal(sha256(otherSink.bytes), sha256(data));
        pair[closer === 'near' ? 'far' : 'near'].close();
        await otherSink.until((s) => s.closes === 1);
        await ownSink.until((s) => s.closes === 1);
        assert.deepEqual([ownSink.error, otherSink.error], [undefined, undefined]);
      });
    }
  });

  test(`${name}: a paused reader holds the writer back`, async () => {
    await withPair(each, async ({ near, far, nearSink, farSink }) => {
      near.pause();
      let blocks = 0;
      const block = Buffer.alloc(100_000, 7);
      while (far.write(block)) {
        blocks += 1;
        assert.ok(blocks < 1000, 'the writer is never asked to wait');
        await new Promise(setImmediate);
      }
      blocks += 1;
      const before = nearSink.received;
      await new Promise(setImmediate);
      assert.equal(nearSink.received, before);
      near.resume();
      await farSink.until((s) => s.drains === 1);
      await nearSink.until((s) => s.received === blocks * block.length);
    });
  });

  test(`${name}: what it keeps of lent bytes is its own`, async () => {
    await withPair(each, async ({ near, far, nearSink, farSink }) => {
      for (const [from, sink] of [
        [near, farSink],
        [far, nearSink],
      ] as const) {
        let sent = 0;
        let open = true;
        from === near ? far.pause() : near.pause();
        // Until after the socket is full, from memory that is overwritten at once.
        for (let round = 0; round < 60 && (open || round < 3); round += 1) {
          const scratch = takeScratch(300_000).subarray(0, round % 2 === 0 ? 300_000 : 1_000);
          scratch.fill(1);
          open = from.write(scratch);
          sent += scratch.length;
          // As the next user of a buffer that is free again would.
          releaseScratch();
          takeScratch(300_000).fill(2);
          releaseScratch();
          const other = Buffer.alloc(10_000, 1);
          from.write(other);
          other.fill(2);
          sent += other.length;
        }
        from === near ? far.resume() : near.resume();
        await sink.until((s) => s.received === sent);
        assert.equal(sink.bytes.indexOf(2), -1);
      }
    });
  });

  test(`${name}: destroying one end closes the other`, async () => {
    await withPair(each, async ({ near, far, nearSink, farSink }) => {
      const error = new TsrayError('ERR_ABORTED', 'given up');
      near.destroy(error);
      far.write(Buffer.from('into the void'));
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error, error);
      await farSink.until((s) => s.ended === 1 || s.closes === 1);
      far.close();
      await farSink.until((s) => s.closes === 1);
    });
  });

  test(`${name}: a sink that comes after the end is told`, async () => {
    await withPair(each, async ({ near, far, farSink }) => {
      near.destroy();
      far.close();
      await farSink.until((s) => s.closes === 1);
      const late = CollectSink.on(far);
      await late.until((s) => s.closes === 1);
    });
  });
}

/** A server that ends each connection at once, in its way. */
async function leaves(name: string, each: Settings, how: 'end' | 'resetAndDestroy'): Promise<void> {
  const before = countResources();
  const server = await startTcpServer((socket) => setImmediate(() => socket[how]()));
  const dialer = transportDialer(each);
  const link = await dialer.dial(loopback(server.port));
  const sink = CollectSink.on(link);
  await sink.until((s) => s.closes === 1);
  assert.deepEqual([sink.error?.code, sink.ended], ['ERR_CLOSED', 0], name);
  await eventually('our end of it', () => server.open === 0);
  await dialer.close();
  await server.close();
  await nothingLeft(before);
}

for (const [name, each] of Object.entries(settings)) {
  if (!name.includes('early')) continue;
  for (const how of ['end', 'resetAndDestroy'] as const) {
    test(`${name}: a server that leaves before the first write (${how}) is noticed`, () =>
      leaves(name, each, how));
  }
}

const secured = (each: Settings): Settings => ({ ...each, tls: anyTls() });

for (const [name, each] of Object.entries({
  ...settings,
  'ws over TLS': secured(wsSettings()),
  'ws over TLS, early data': secured(wsSettings(earlyDataForms.header)),
})) {
  test(`${name}: takes the policy’s bufferSize, and tells a writer that waits to go on`, async () => {
    await withPair(each, async ({ near, far, nearSink, farSink }) => {
      for (const [from, to, fromSink, toSink] of [
        [near, far, nearSink, farSink],
        [far, near, farSink, nearSink],
      ] as const) {
        from.limitQueue(1024);
        to.pause();
        const block = Buffer.alloc(4096, 7);
        let sent = 0;
        // Small pieces: the first that is not taken at once is the one that is refused.
        while (from.write(block)) {
          sent += block.length;
          assert.ok(sent < 100_000_000, 'the writer is never asked to wait');
          if (sent % (block.length * 64) === 0) await new Promise(setImmediate);
        }
        sent += block.length;
        to.resume();
        await fromSink.until((s) => s.drains === 1);
        await toSink.until((s) => s.received === sent);
      }
    });
  });
}
