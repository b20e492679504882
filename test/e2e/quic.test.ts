/** Links over QUIC between a dialer and a listener of tsray: what the Link contract promises, and TLS. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dialer } from '../../src/contract/transport.js';
import { TsrayError } from '../../src/core/errors.js';
import type { Link } from '../../src/core/stream/link.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { chainHash } from '../../src/transport/tls/pin.js';
import type { CertificateSettings } from '../../src/transport/tls/settings.js';
import { makeCertificate, type TestCertificate } from '../helper/certificates.js';
import { CollectSink } from '../helper/collect-sink.js';
import { eventually } from '../helper/eventually.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { payload, sha256 } from '../helper/payload.js';
import { withoutQuic } from '../helper/quic.js';
import { ending, plainQuic, quicDialer, quicServer, tlsSettings } from '../helper/quic-pair.js';
import { echoLink, loopback, type TransportServer, writeAll } from '../helper/transport.js';

interface Pair {
  readonly near: Link;
  readonly far: Link;
}

describe('a link over QUIC', { skip: withoutQuic }, () => {
  let server: TransportServer;
  let dialer: Dialer;
  before(async () => {
    server = await quicServer();
    dialer = quicDialer();
  });
  after(async () => {
    await dialer.close();
    await server.listener.close();
  });

  /** A stream reaches the server with its first bytes. */
  async function open(
    first = 'x',
  ): Promise<Pair & { readonly nearSink: CollectSink; readonly farSink: CollectSink }> {
    const near = await dialer.dial(loopback(server.port));
    const nearSink = CollectSink.on(near);
    near.write(Buffer.from(first));
    const { link: far } = await server.next();
    const farSink = CollectSink.on(far);
    await farSink.until(({ received }) => received >= first.length);
    return { near, far, nearSink, farSink };
  }

  test('half-close passes on in either direction, and both ends close the link', async () => {
    for (const farFirst of [false, true]) {
      const { far, farSink, near, nearSink } = await open();
      const [one, oneSink, two, twoSink] = farFirst
        ? [far, farSink, near, nearSink]
        : [near, nearSink, far, farSink];
      one.end();
      await twoSink.until(({ ended }) => ended === 1);
      assert.equal(twoSink.closes, 0);
      two.write(payload(300_000));
      two.end();
      assert.equal(await ending(oneSink), undefined);
      assert.equal(oneSink.ended, 1);
      assert.ok(oneSink.received >= 300_000);
      assert.equal(await ending(twoSink), undefined);
    }
  });

  test('close lets everything written leave; the other side sees the end', async () => {
    const { farSink, near, nearSink } = await open();
    const bytes = payload(3_000_000);
    near.write(bytes);
    near.close();
    await farSink.until(({ ended }) => ended === 1);
    assert.equal(sha256(farSink.bytes.subarray(1)), sha256(bytes));
    assert.equal(await ending(nearSink), undefined);
  });

  test('destroy resets the stream for the other side, at once', async () => {
    const first = await open();
    first.near.destroy(new TsrayError('ERR_ABORTED', 'test'));
    assert.equal((await ending(first.nearSink))?.code, 'ERR_ABORTED');
    assert.equal((await ending(first.farSink))?.code, 'ERR_RESET');
    const second = await open();
    second.far.destroy();
    assert.equal((await ending(second.nearSink))?.code, 'ERR_RESET');
  });

  test('a side that closed reads nothing more, and the writer of the other learns it', async () => {
    const { far, farSink, near } = await open();
    near.close();
    await farSink.until(({ ended }) => ended === 1);
    await eventually('the far side is told', () => {
      far.write(payload(10_000));
      return farSink.closes === 1;
    });
    assert.equal(farSink.error?.code, 'ERR_RESET');
  });

  test('a reader that stops holds the writer back, and gets everything later', async () => {
    const { far, farSink, near, nearSink } = await open();
    far.pause();
    const piece = payload(64 * 1024);
    let written = 1;
    for (;;) {
      nearSink.drains = 0;
      let more = true;
      while (more) {
        more = near.write(piece);
        written += piece.length;
        assert.ok(written < 64 * 1024 * 1024, 'the writer is asked to wait');
      }
      // The windows fill up in a few round trips; then nothing drains any more.
      const drained = nearSink.until(({ drains }) => drains > 0).then(() => true);
      if (!(await Promise.race([drained, delay(500, false)]))) break;
    }
    assert.ok(written > 64 * 1024 && written < 16 * 1024 * 1024, `${written}`);
    assert.equal(farSink.received, 1);
    far.resume();
    await farSink.until(({ received }) => received === written);
    await nearSink.until(({ drains }) => drains > 0);
    near.destroy();
    await ending(farSink);
  });

  test('24 MiB there and back, in pieces of every size', async () => {
    const near = await dialer.dial(loopback(server.port));
    const sink = CollectSink.on(near);
    const bytes = payload(24 * 1024 * 1024);
    const writing = writeAll(near, bytes, 100_003, async () => {
      sink.drains = 0;
      await sink.until(({ drains }) => drains > 0);
    });
    echoLink((await server.next()).link);
    await writing;
    near.end();
    await sink.until(({ closes }) => closes === 1);
    assert.equal(sha256(sink.bytes), sha256(bytes));
  });

  test('more links than a connection takes share several, each with its own bytes', async () => {
    const links = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const link = await dialer.dial(loopback(server.port));
        const sink = CollectSink.on(link);
        link.write(Buffer.from(`link ${index}`));
        return { link, sink, text: `link ${index}` };
      }),
    );
    for (let count = 0; count < links.length; count += 1) echoLink((await server.next()).link);
    for (const { link, sink, text } of links) {
      await sink.until(({ received }) => received >= text.length);
      assert.equal(sink.text, text);
      link.end();
      assert.equal(await ending(sink), undefined);
    }
  });

  test('a thousand links one after the other, and resets among them, are each a link of their own', async () => {
    const before = server.accepted;
    for (let count = 0; count < 1_000; count += 1) {
      const { far, farSink, near, nearSink } = await open();
      if (count % 3 === 0) near.destroy();
      else if (count % 3 === 1) far.destroy();
      else near.end();
      far.close();
      near.close();
      await Promise.all([ending(nearSink), ending(farSink)]);
    }
    assert.equal(server.accepted, before + 1_000);
  });
});

describe('QUIC under TLS', { skip: withoutQuic }, () => {
  const ca = makeCertificate({ names: ['Test CA'], isCa: true });
  const leaf = makeCertificate({ names: ['proxy.example', '127.0.0.1'], issuer: ca });
  const chain = [leaf.certificate];

  const own = ({ certificate, key }: TestCertificate): CertificateSettings => ({
    usage: 'encipherment',
    certificate: { pem: certificate },
    key: { pem: key },
  });
  const trust = ({ certificate }: TestCertificate): CertificateSettings => ({
    usage: 'verify',
    certificate: { pem: certificate },
  });
  const der = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const pin = (pems: readonly string[]): Uint8Array => chainHash(pems.map(der), defaultCrypto());

  const rows: readonly [
    name: string,
    client: Parameters<typeof tlsSettings>[0],
    refused: RegExp | undefined,
    server?: Parameters<typeof tlsSettings>[0],
  ][] = [
    ['the right name and CA', { serverName: 'proxy.example', certificates: [trust(ca)] }, undefined],
    ['an IP address in the certificate', { certificates: [trust(ca)] }, undefined],
    ['another name', { serverName: 'other.example', certificates: [trust(ca)] }, /not for/],
    ['nobody trusted', { serverName: 'proxy.example', disableSystemRoot: false }, /signed by nobody known/],
    ['anything with allowInsecure', { serverName: 'any.example', allowInsecure: true }, undefined],
    ['a pinned chain', { allowInsecure: true, pinnedPeerCertificateChains: [pin(chain)] }, undefined],
    [
      'another pinned chain',
      { allowInsecure: true, pinnedPeerCertificateChains: [pin([ca.certificate])] },
      /not the pinned ones/,
    ],
    [
      'a CA that issues for the server',
      { serverName: 'made.example', certificates: [trust(ca)] },
      undefined,
      {
        serverName: 'made.example',
        certificates: [{ usage: 'issue', certificate: { pem: ca.certificate }, key: { pem: ca.key } }],
      },
    ],
    ['no ALPN in common', { allowInsecure: true, alpn: ['h3'] }, /ALPN/],
    [
      'an expired certificate',
      { serverName: 'old.example', certificates: [trust(ca)] },
      /expired/,
      {
        certificates: [
          own(makeCertificate({ names: ['old.example'], issuer: ca, notAfterMs: Date.now() - 60_000 })),
        ],
      },
    ],
  ];
  for (const [name, client, refused, serverTls = { certificates: [own(leaf)] }] of rows) {
    test(`${name}: ${refused === undefined ? 'connects' : 'is refused'}`, async () => {
      const before = countResources();
      const server = await quicServer({ tls: tlsSettings(serverTls) });
      const dialer = quicDialer({ tls: tlsSettings(client) });
      const dialing = dialer.dial(loopback(server.port));
      if (refused === undefined) {
        const link = await dialing;
        const sink = CollectSink.on(link);
        link.write(Buffer.from('hello'));
        echoLink((await server.next()).link);
        await sink.until(({ received }) => received === 5);
        link.close();
      } else {
        await assert.rejects(dialing, { code: 'ERR_TLS', message: refused });
        assert.equal(server.accepted, 0);
      }
      await dialer.close();
      await server.listener.close();
      await nothingLeft(before);
    });
  }

  test('what QUIC packets are sealed with does not matter to it', async () => {
    const settings = { ...plainQuic, security: 'chacha20-poly1305', key: 'k', header: 'wireguard' } as const;
    const server = await quicServer({ settings, tls: tlsSettings({ certificates: [own(leaf)] }) });
    const dialer = quicDialer({
      settings,
      tls: tlsSettings({ serverName: 'proxy.example', certificates: [trust(ca)] }),
    });
    const link = await dialer.dial(loopback(server.port));
    const sink = CollectSink.on(link);
    link.write(payload(100_000));
    echoLink((await server.next()).link);
    await sink.until(({ received }) => received === 100_000);
    await dialer.close();
    await server.listener.close();
  });
});
