/** QUIC clients that nobody has let in, and clients that open very many streams. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { systemRandom } from '../../src/core/random.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { loadEngine } from '../../src/transport/quic/engine.js';
import { setLimits } from '../../src/transport/quic/limits.js';
import { QuicPackets } from '../../src/transport/quic/packets.js';
import type { QuicSettings } from '../../src/transport/quic/settings.js';
import { CollectSink } from '../helper/collect-sink.js';
import { eventually } from '../helper/eventually.js';
import { withoutQuic } from '../helper/quic.js';
import { plainQuic, quicDialer, quicServer } from '../helper/quic-pair.js';
import { echoLink, loopback } from '../helper/transport.js';

const sealed: QuicSettings = { security: 'aes-128-gcm', key: 'secret', header: 'srtp' };

/** A genuine first datagram of a client at `port`. */
async function firstDatagram(settings: QuicSettings, from: number, to: number): Promise<Uint8Array> {
  const engine = await loadEngine();
  const config = engine.Config.withBoringSslCtx(false, true, null, null, null, null);
  setLimits(config, 'client', ['h2', 'http/1.1']);
  const id = systemRandom.fill(new Uint8Array(12));
  const local = { host: '127.0.0.1', port: from };
  const made = engine.Connection.connect('localhost', id, local, { host: '127.0.0.1', port: to }, config);
  const packets = new QuicPackets(settings, { crypto: defaultCrypto(), random: systemRandom });
  return packets.wrap(made.send(packets.room)![0]).slice();
}

describe('quic strangers', { skip: withoutQuic }, () => {
  for (const { name, settings, retryFrom } of [
    { name: 'plain', settings: plainQuic, retryFrom: 32 },
    { name: 'sealed, behind a header', settings: sealed, retryFrom: 32 },
    { name: 'asked to prove its address', settings: plainQuic, retryFrom: 0 },
    { name: 'sealed and asked', settings: sealed, retryFrom: 0 },
  ]) {
    test(`${name}: one datagram is answered with three times its bytes at most`, async () => {
      const server = await quicServer({
        strangers: true,
        settings,
        limits: { retryFrom, handshakeMs: 1_500 },
      });
      const socket = dgram.createSocket('udp4');
      let back = 0;
      socket.on('message', (bytes) => {
        back += bytes.length;
      });
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const datagram = await firstDatagram(settings, socket.address().port, server.port);
      await new Promise((resolve) => socket.send(datagram, server.port, '127.0.0.1', resolve));
      await eventually('an answer', () => back > 0);
      // It waits for the end of the handshake that does not come.
      await server.listener.drain();
      assert.ok(back <= 3 * datagram.length, `${back} for ${datagram.length}`);
      socket.close();
    });

    test(`${name}: a client that answers is served`, async () => {
      const server = await quicServer({ strangers: true, settings, limits: { retryFrom } });
      const dialer = quicDialer({ settings });
      const link = await dialer.dial(loopback(server.port));
      const sink = CollectSink.on(link);
      link.write(Buffer.alloc(500_000, 0x61));
      const accepted = await server.next();
      accepted.admit();
      echoLink(accepted.link);
      await sink.until((each) => each.received === 500_000);
      link.destroy();
      await dialer.close();
      await server.listener.close();
    });
  }

  test('what a stranger sends and nobody reads is 64 KiB at most, on all his streams together', async () => {
    const server = await quicServer({ strangers: true });
    const dialer = quicDialer();
    const near = await Promise.all(Array.from({ length: 6 }, () => dialer.dial(loopback(server.port))));
    const sinks = near.map((link) => CollectSink.on(link));
    for (const link of near) link.write(Buffer.alloc(30_000));
    const far: CollectSink[] = [];
    for (let count = 0; count < near.length; count += 1) {
      const { link } = await server.next();
      link.pause();
      far.push(CollectSink.on(link));
    }
    await eventually('what is too much to end', () => far.some(({ closes }) => closes > 0));
    await eventually('the rest to stay', () => far.filter(({ closes }) => closes === 0).length <= 2);
    for (const { error } of far.filter(({ closes }) => closes > 0)) assert.equal(error?.code, 'ERR_LIMIT');
    await dialer.close();
    await Promise.all(sinks.map((sink) => sink.until(({ closes }) => closes === 1)));
    await server.listener.close();
  });

  test('a thousand streams go over one connection, and each is served', async () => {
    const server = await quicServer();
    const dialer = quicDialer();
    const ports = new Set<number>();
    const count = 1_000;
    const serving = (async () => {
      for (let served = 0; served < count; served += 1) {
        const accepted = await server.next();
        accepted.admit();
        ports.add(accepted.source.port);
        echoLink(accepted.link);
      }
    })();
    const links = await Promise.all(Array.from({ length: count }, () => dialer.dial(loopback(server.port))));
    const sinks = links.map((link) => CollectSink.on(link));
    links.forEach((link, index) => {
      link.write(Buffer.from(`stream ${index}`));
    });
    await Promise.all(sinks.map((sink, index) => sink.until((each) => each.text === `stream ${index}`)));
    await serving;
    assert.equal(ports.size, 1);
    await dialer.close();
    await server.listener.close();
  });
});
