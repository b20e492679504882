/** What links over HTTP/2 have in common: http and grpc. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Dialer } from '../../../../src/contract/transport.js';
import type { Link } from '../../../../src/core/stream/link.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { anyTls, grpcSettings, h2Settings } from '../../../helper/http2-settings.js';
import { countResources, nothingLeft } from '../../../helper/leaks.js';
import { payload } from '../../../helper/payload.js';
import {
  echoLink,
  loopback,
  startTransportServer,
  type TransportServer,
  transportDialer,
} from '../../../helper/transport.js';

const transports: Readonly<Record<string, StreamSettings>> = {
  http: h2Settings(),
  grpc: grpcSettings(),
  'grpc multiMode': grpcSettings({ multiMode: true }),
  'http+tls': h2Settings({}, anyTls()),
  'grpc+tls': grpcSettings({}, anyTls()),
};

for (const [name, settings] of Object.entries(transports)) {
  describe(name, () => {
    const before = countResources();
    let server: TransportServer | undefined;
    let dialer: Dialer | undefined;

    async function open(serve?: (link: Link) => void): Promise<{ near: Link; server: TransportServer }> {
      server = await startTransportServer(settings, undefined, serve);
      dialer = transportDialer(settings);
      return { near: await dialer.dial(loopback(server.port)), server };
    }

    afterEach(async () => {
      await dialer?.close();
      await server?.listener.close();
      await nothingLeft(before);
    });

    test('carries bytes both ways and half-closes', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('hello'));
      const far = await server.next();
      assert.equal(far.source.address.host, '127.0.0.1');
      assert.equal(far.local.port, server.port);
      const farSink = CollectSink.on(far.link);
      near.end();
      await farSink.until((s) => s.ended === 1);
      assert.equal(farSink.text, 'hello');
      assert.equal(nearSink.ended, 0);
      far.link.write(Buffer.from('and back'));
      far.link.end();
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.text, 'and back');
      assert.equal(nearSink.ended, 1);
      assert.equal(nearSink.error, undefined);
      await farSink.until((s) => s.closes === 1);
      assert.equal(farSink.error, undefined);
    });

    test('the server can end first', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('x'));
      const far = await server.next();
      const farSink = CollectSink.on(far.link);
      far.link.end();
      await nearSink.until((s) => s.ended === 1);
      near.write(Buffer.from('still here'));
      await farSink.until((s) => s.text === 'xstill here');
      near.end();
      await nearSink.until((s) => s.closes === 1);
      await farSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error, undefined);
      assert.equal(farSink.error, undefined);
    });

    test('close sends everything first, and reaches a peer that goes on', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      const bytes = payload(3_000_000);
      near.write(bytes);
      near.close();
      const far = await server.next();
      const farSink = CollectSink.on(far.link);
      await farSink.until((s) => s.closes === 1);
      assert.equal(farSink.error, undefined);
      assert.equal(farSink.ended, 1);
      assert.ok(farSink.bytes.equals(bytes));
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error, undefined);
    });

    test('close of the server sends everything first', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('x'));
      const far = await server.next();
      const farSink = CollectSink.on(far.link);
      const bytes = payload(3_000_000);
      far.link.write(bytes);
      far.link.close();
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error, undefined);
      assert.equal(nearSink.ended, 1);
      assert.ok(nearSink.bytes.equals(bytes));
      await farSink.until((s) => s.closes === 1);
      assert.equal(farSink.error, undefined);
    });

    test('destroy reaches the peer as a reset', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('x'));
      const far = await server.next();
      const farSink = CollectSink.on(far.link);
      await farSink.until((s) => s.text === 'x');
      near.destroy();
      await farSink.until((s) => s.closes === 1);
      assert.equal(farSink.error?.code, 'ERR_RESET');
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error, undefined);
    });

    test('destroy of the server reaches the client as a reset', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('x'));
      const far = await server.next();
      far.link.write(Buffer.from('y'));
      await nearSink.until((s) => s.text === 'y');
      CollectSink.on(far.link);
      far.link.destroy();
      await nearSink.until((s) => s.closes === 1);
      assert.equal(nearSink.error?.code, 'ERR_RESET');
    });

    test('holds back while the reader is paused and loses nothing', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      const block = payload(300_000);
      let blocks = 0;
      while (near.write(block)) blocks += 1;
      blocks += 1;
      const far = await server.next();
      far.link.pause();
      const farSink = CollectSink.on(far.link);
      for (let round = 0; round < 200 && nearSink.drains > round; round += 1) {
        blocks += 1;
        if (near.write(block)) break;
      }
      assert.equal(farSink.chunks.length, 0);
      far.link.resume();
      near.end();
      await farSink.until((s) => s.ended === 1);
      assert.equal(farSink.bytes.length, blocks * block.length);
    });

    test('a writer that obeys is stopped by a reader that stops, with bounded memory', async () => {
      const { near, server } = await open();
      const nearSink = CollectSink.on(near);
      near.write(Buffer.from('x'));
      const far = await server.next();
      far.link.pause();
      CollectSink.on(far.link);
      // On the same connection: what it echoes has passed both ends' loops, and the stopped stream's windows with it.
      const probe = await dialer!.dial(loopback(server.port));
      const probeSink = CollectSink.on(probe);
      probe.write(Buffer.from('x'));
      echoLink((await server.next()).link);
      await probeSink.until((s) => s.received === 1);
      const block = Buffer.alloc(256 * 1024);
      let written = 0;
      for (;;) {
        const open = near.write(block);
        written += block.length;
        if (open) continue;
        const drains = nearSink.drains;
        for (let echo = 0; echo < 100 && nearSink.drains === drains; echo += 1) {
          const received = probeSink.received;
          probe.write(Buffer.from('x'));
          await probeSink.until((s) => s.received > received);
        }
        if (nearSink.drains === drains) break;
        assert.ok(written < 16 * 1024 * 1024, 'the writer was never stopped');
      }
      // The stream's window, and what is queued on either side.
      assert.ok(written >= 4 * 1024 * 1024 && written < 6 * 1024 * 1024, `${written} bytes`);
    });

    test('echoes 24 MiB', async () => {
      const { near } = await open(echoLink);
      const sink = CollectSink.on(near);
      const bytes = payload(24 * 1024 * 1024);
      for (let at = 0; at < bytes.length; at += 100_001) {
        const drains = sink.drains;
        if (!near.write(bytes.subarray(at, at + 100_001))) await sink.until((s) => s.drains > drains);
      }
      near.end();
      await sink.until((s) => s.closes === 1);
      assert.equal(sink.error, undefined);
      assert.ok(sink.bytes.equals(bytes));
    });

    test('300 links at once share connections', async () => {
      const { near, server } = await open(echoLink);
      near.close();
      const bytes = payload(20_000);
      await Promise.all(
        Array.from({ length: 300 }, async () => {
          const link = await dialer!.dial(loopback(server.port));
          const sink = CollectSink.on(link);
          link.write(bytes);
          link.end();
          await sink.until((s) => s.closes === 1);
          assert.equal(sink.error, undefined);
          assert.ok(sink.bytes.equals(bytes));
        }),
      );
      assert.equal(server.accepted, 301);
    });
  });
}
