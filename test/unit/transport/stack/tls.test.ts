import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import type { DialOptions } from '../../../../src/contract/transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { createStreamDialer } from '../../../../src/transport/stack/stack.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { createTlsClient } from '../../../../src/transport/tls/client.js';
import type { TlsSettings } from '../../../../src/transport/tls/settings.js';
import { makeCertificate, writeCertificateFiles } from '../../../helper/certificates.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import {
  inline,
  loopback,
  stackPair,
  TestListener,
  tlsOverTcp,
  tlsSettings,
  transportDeps,
} from '../../../helper/stack.js';
import { startSilent, startTcpServer } from '../../../helper/tcp-servers.js';

const ca = makeCertificate({ names: ['Test CA'], isCa: true });
const leaf = makeCertificate({ names: ['a.example', '127.0.0.1'], issuer: ca });
const selfSigned = makeCertificate({ names: ['a.example', '127.0.0.1'] });
const serverSettings = tlsOverTcp({ certificates: [inline(leaf)] });
const trusting: Partial<TlsSettings> = { certificates: [inline(ca, 'verify')], disableSystemRoot: true };

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw;
const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

async function dial(settings: StreamSettings, port: number, options: DialOptions = {}, clock = systemClock) {
  return createStreamDialer(settings, transportDeps({ clock })).dial(loopback(port), options);
}

/** The error of a dial to a server with `server`, as `code: message (hint)`. */
async function refusal(
  client: Partial<TlsSettings>,
  server: StreamSettings = serverSettings,
): Promise<{ readonly message: string; readonly hint: string }> {
  const listener = await TestListener.open(server);
  try {
    const link = await dial(tlsOverTcp(client), listener.port);
    link.destroy();
  } catch (error) {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_TLS');
    return { message: error.message, hint: error.hint ?? '' };
  } finally {
    await listener.close();
  }
  assert.fail('the server was taken');
}

test('carries bytes both ways, half-closes and closes', async () => {
  const { near, far, listener } = await stackPair(tlsOverTcp(trusting), serverSettings);
  const nearSink = CollectSink.on(near);
  const farSink = CollectSink.on(far.link);
  assert.equal(far.source.address.host, '127.0.0.1');
  assert.equal(far.local.port, listener.port);
  near.write(Buffer.from('hello'));
  near.end();
  await farSink.until((s) => s.ended === 1);
  assert.equal(farSink.text, 'hello');
  far.link.write(Buffer.from('and back'));
  far.link.end();
  await nearSink.until((s) => s.closes === 1);
  assert.equal(nearSink.text, 'and back');
  assert.equal(nearSink.error, undefined);
  await farSink.until((s) => s.closes === 1);
  await listener.drain();
});

test('lent bytes may change as soon as write returns', async () => {
  const { near, far, listener } = await stackPair(tlsOverTcp(trusting), serverSettings);
  const farSink = CollectSink.on(far.link);
  CollectSink.on(near);
  const lent = Buffer.alloc(300_000);
  let sum = 0;
  for (let round = 1; round <= 20; round += 1) {
    lent.fill(round);
    near.write(lent);
    lent.fill(0xee);
    sum += round * lent.length;
  }
  await farSink.until((s) => s.bytes.length === 20 * lent.length);
  let found = 0;
  for (const byte of farSink.bytes) found += byte;
  assert.equal(found, sum);
  await listener.close();
});

test('holds back while the reader is paused and loses nothing', async () => {
  const { near, far, listener } = await stackPair(tlsOverTcp(trusting), serverSettings);
  const nearSink = CollectSink.on(near);
  far.link.pause();
  const farSink = CollectSink.on(far.link);
  const block = Buffer.alloc(300_000, 7);
  let blocks = 0;
  // Stuck once nothing has drained for a while of turns.
  for (let quiet = 0; quiet < 50; quiet += 1) {
    const drains = nearSink.drains;
    if (blocks === 0 || drains > 0) {
      near.write(block);
      blocks += 1;
      nearSink.drains = 0;
      quiet = 0;
    }
    assert.ok(blocks < 200, 'nothing holds the writer back');
    await new Promise(setImmediate);
  }
  far.link.resume();
  await farSink.until((s) => s.bytes.length === blocks * block.length);
  near.destroy();
  await farSink.until((s) => s.ended + s.closes > 0);
  await listener.close();
});

test('a self-signed server is refused, with what to do about it', async () => {
  const { message, hint } = await refusal({}, tlsOverTcp({ certificates: [inline(selfSigned)] }));
  assert.match(message, /signs its certificate itself/);
  assert.match(hint, /"usage": "verify".*pinnedPeerCertificateChainSha256/);
});

test('a server of an unknown CA is refused, one of a known CA is not', async () => {
  assert.match((await refusal({})).message, /signed by nobody known here/);
  assert.match((await refusal({ disableSystemRoot: true })).message, /signed by nobody known here/);
  const pair = await stackPair(tlsOverTcp({ certificates: [inline(ca, 'verify')] }), serverSettings);
  pair.near.destroy();
  await pair.listener.close();
});

test('the name is checked: serverName, or the address dialed', async () => {
  const { message, hint } = await refusal({ ...trusting, serverName: 'b.example' });
  assert.match(message, /not for b\.example/);
  assert.match(hint, /serverName/);
  const other = makeCertificate({ names: ['a.example'], issuer: ca });
  const onlyName = tlsOverTcp({ certificates: [inline(other)] });
  assert.match((await refusal(trusting, onlyName)).message, /not for 127\.0\.0\.1/);
  const pair = await stackPair(tlsOverTcp({ ...trusting, serverName: 'a.example' }), onlyName);
  pair.near.destroy();
  await pair.listener.close();
});

test('expired and future certificates are told apart', async () => {
  const day = 24 * 3600 * 1000;
  const now = Date.now();
  const expired = makeCertificate({ issuer: ca, notBeforeMs: now - 2 * day, notAfterMs: now - day });
  const future = makeCertificate({ issuer: ca, notBeforeMs: now + day, notAfterMs: now + 2 * day });
  const with_ = (made: typeof expired) => tlsOverTcp({ certificates: [inline(made)] });
  assert.match((await refusal(trusting, with_(expired))).message, /has expired/);
  assert.match((await refusal(trusting, with_(future))).message, /not valid yet/);
});

test('allowInsecure takes any certificate', async () => {
  const server = tlsOverTcp({ certificates: [inline(selfSigned)] });
  const pair = await stackPair(tlsOverTcp({ allowInsecure: true, serverName: 'x.example' }), server);
  pair.near.destroy();
  await pair.listener.close();
});

test('pins: the only check with allowInsecure, one more without', async () => {
  const chain = { certificate: `${leaf.certificate}${ca.certificate}`, key: leaf.key };
  const server = tlsOverTcp({ certificates: [inline(chain)] });
  const first = sha256(derOf(leaf.certificate));
  const pin = sha256(first, sha256(derOf(ca.certificate)));
  const pinned = { pinnedPeerCertificateChains: [new Uint8Array(32), pin] };
  for (const client of [
    { ...pinned, allowInsecure: true, serverName: 'x.example' },
    { ...pinned, ...trusting },
  ]) {
    const pair = await stackPair(tlsOverTcp(client), server);
    pair.near.destroy();
    await pair.listener.close();
  }
  assert.match((await refusal(pinned, server)).message, /nobody known/);
  const wrong = { allowInsecure: true, pinnedPeerCertificateChains: [first] };
  const { message, hint } = await refusal(wrong, server);
  assert.match(message, /not the pinned ones/);
  assert.ok(hint.includes(Buffer.from(pin).toString('base64')));
});

test('versions and protocols without anything in common', async () => {
  const old = tlsOverTcp({ certificates: [inline(leaf)], maxVersion: 'TLSv1.2' });
  assert.match((await refusal({ ...trusting, minVersion: 'TLSv1.3' }, old)).message, /no TLS version/);
  const h2 = tlsOverTcp({ certificates: [inline(leaf)], alpn: ['h2'] });
  const { message, hint } = await refusal({ ...trusting, alpn: ['http/1.1'] }, h2);
  assert.match(message, /none of the protocols offered/);
  assert.match(hint, /alpn/);
});

test('cipher suites of TLS 1.2 by their IANA names, TLS 1.3 untouched by them', async () => {
  const suite = 'ECDHE-ECDSA-CHACHA20-POLY1305';
  for (const [maxVersion, expected] of [
    ['TLSv1.2', suite],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
  ] as const) {
    const server = tlsOverTcp({ certificates: [inline(leaf)], cipherSuites: suite, maxVersion });
    const listener = await TestListener.open(server);
    const client = tls.connect({ port: listener.port, rejectUnauthorized: false });
    await once(client, 'secureConnect');
    assert.equal(client.getCipher().name, expected);
    client.destroy();
    await listener.close();
  }
});

test('TLS 1.0 can be had by asking for it', async () => {
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1' } as const;
  const pair = await stackPair(
    tlsOverTcp({ ...trusting, ...versions }),
    tlsOverTcp({ certificates: [inline(leaf)], ...versions }),
  );
  pair.near.destroy();
  await pair.listener.close();
});

test('a server that speaks no TLS, closes at once, or is not there', async () => {
  const http = await startTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await assert.rejects(dial(tlsOverTcp(), http.port), (error) => {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_TLS');
    assert.match(error.message, /does not speak TLS/);
    return true;
  });
  await http.close();
  const closer = await startTcpServer((socket) => socket.end());
  await assert.rejects(dial(tlsOverTcp(), closer.port), (error) => {
    assert.ok(error instanceof TsrayError);
    assert.equal(error.code, 'ERR_TLS');
    assert.match(error.message, /closed the connection in the handshake/);
    return true;
  });
  await closer.close();
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  await assert.rejects(dial(tlsOverTcp(), port), { code: 'ERR_DIAL_REFUSED' });
});

test('a silent server: the deadline runs from the connection on; the signal is obeyed', async () => {
  const silent = await startSilent();
  const clock = new FakeClock();
  const late = dial(tlsOverTcp(), silent.port, {}, clock);
  const caught = assert.rejects(late, { code: 'ERR_HANDSHAKE_TIMEOUT' });
  while (silent.accepted === 0) await new Promise(setImmediate);
  await new Promise(setImmediate);
  clock.advance(16_000);
  await caught;
  assert.equal(clock.pendingTimers, 0);
  const controller = new AbortController();
  const aborted = dial(tlsOverTcp(), silent.port, { signal: controller.signal });
  setImmediate(() => controller.abort());
  await assert.rejects(aborted, { code: 'ERR_ABORTED' });
  await assert.rejects(dial(tlsOverTcp(), silent.port, { signal: controller.signal }), {
    code: 'ERR_ABORTED',
  });
  await silent.close();
});

async function peerNames(port: number, servername: string, authority = ca): Promise<readonly string[]> {
  const client = tls.connect({ port, host: '127.0.0.1', servername, ca: authority.certificate });
  await once(client, 'secureConnect');
  const names = client.getPeerCertificate().subjectaltname?.split(', ') ?? [];
  client.destroy();
  return names;
}

test('server: the certificate for the name asked for, by default the first', async () => {
  const other = makeCertificate({ names: ['b.example', '*.c.example'], issuer: ca });
  const listener = await TestListener.open(tlsOverTcp({ certificates: [inline(leaf), inline(other)] }));
  assert.deepEqual(await peerNames(listener.port, 'b.example'), ['DNS:b.example', 'DNS:*.c.example']);
  assert.deepEqual(await peerNames(listener.port, 'x.c.example'), ['DNS:b.example', 'DNS:*.c.example']);
  assert.deepEqual(await peerNames(listener.port, 'a.example'), ['DNS:a.example', 'IP Address:127.0.0.1']);
  await listener.close();
});

test('server: a CA issues certificates for the names asked for', async () => {
  const rsa = makeCertificate({ names: ['RSA CA'], isCa: true, keyType: 'rsa' });
  const listener = await TestListener.open(
    tlsOverTcp({ certificates: [inline(rsa, 'issue'), inline(leaf)] }),
  );
  assert.deepEqual(await peerNames(listener.port, 'made.example', rsa), ['DNS:made.example']);
  assert.deepEqual(await peerNames(listener.port, 'MADE.example', rsa), ['DNS:made.example']);
  // What it has is not issued again.
  assert.deepEqual(await peerNames(listener.port, 'a.example'), ['DNS:a.example', 'IP Address:127.0.0.1']);
  await listener.close();
});

test('server: certificates are read again when their files change; a broken one changes nothing', async () => {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const files = writeCertificateFiles(leaf);
  const { certificateFile, keyFile } = files;
  const certificates = [
    { usage: 'encipherment', certificate: { file: certificateFile }, key: { file: keyFile } },
  ] as const;
  const listener = await TestListener.open(tlsOverTcp({ certificates }), transportDeps({ clock, log }));
  const renewed = makeCertificate({ names: ['renewed.example'], issuer: ca });
  files.write(renewed);
  assert.deepEqual(await peerNames(listener.port, 'a.example'), ['DNS:a.example', 'IP Address:127.0.0.1']);
  clock.advance(1000);
  assert.deepEqual(await peerNames(listener.port, 'renewed.example'), ['DNS:renewed.example']);
  files.write({ certificate: renewed.certificate.slice(0, 100), key: renewed.key });
  clock.advance(1000);
  assert.deepEqual(await peerNames(listener.port, 'renewed.example'), ['DNS:renewed.example']);
  assert.match(log.text, /could not be read again/);
  assert.ok(!log.text.includes(renewed.key.split('\n')[1] ?? ''));
  await listener.close();
  files.remove();
});

test('certificates that cannot be used are errors at once', async () => {
  const open = (settings: StreamSettings) => TestListener.open(settings);
  const missing = { file: '/no/such/file.pem' };
  await assert.rejects(
    open(tlsOverTcp({ certificates: [{ usage: 'encipherment', certificate: missing, key: missing }] })),
    { code: 'ERR_CONFIG_READ' },
  );
  await assert.rejects(
    open(tlsOverTcp({ certificates: [inline({ certificate: leaf.certificate, key: ca.key })] })),
    (error) =>
      error instanceof TsrayError &&
      error.code === 'ERR_CONFIG_VALUE' &&
      /does not belong/.test(error.message),
  );
  await assert.rejects(
    open(tlsOverTcp({ certificates: [inline({ certificate: 'x', key: 'y' }, 'issue')] })),
    {
      code: 'ERR_CONFIG_VALUE',
    },
  );
  assert.throws(
    () =>
      createStreamDialer(
        tlsOverTcp({ certificates: [inline({ certificate: 'x', key: '' }, 'verify')] }),
        transportDeps(),
      ),
    { code: 'ERR_CONFIG_VALUE' },
  );
});

test('server: a client that is silent is cut off at the deadline, garbage at once', async () => {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const listener = await TestListener.open(serverSettings, transportDeps({ clock, log }));
  const silent = net.connect(listener.port, '127.0.0.1');
  const gone = once(silent, 'close');
  while (clock.pendingTimers === 0) await new Promise(setImmediate);
  clock.advance(60_000);
  silent.resume();
  await gone;
  const garbage = net.connect(listener.port, '127.0.0.1');
  garbage.on('error', () => undefined);
  garbage.resume().end('GET / HTTP/1.1\r\n\r\n'.repeat(10));
  await once(garbage, 'close');
  assert.equal(listener.unclaimed, 0);
  assert.match(log.text, /info\] .*127\.0\.0\.1 was refused/);
  assert.match(log.text, /ERR_TLS: the TLS handshake failed: (http request|wrong version number)/);
  assert.equal(clock.pendingTimers, 0);
  await listener.drain();
});

test('sessions are resumed if asked for, each once, and a pinned server stays pinned', async () => {
  const pin = sha256(derOf(leaf.certificate));
  const listener = await TestListener.open(serverSettings);
  for (const enableSessionResumption of [true, false]) {
    const settings = tlsSettings({
      ...trusting,
      enableSessionResumption,
      pinnedPeerCertificateChains: [pin],
    });
    const client = createTlsClient(settings, [], transportDeps());
    const reused: boolean[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { socket, verify } = client.connect({ port: listener.port }, loopback(listener.port));
      await once(socket, 'secureConnect');
      verify();
      reused.push(socket.isSessionReused());
      // Tickets come behind the handshake.
      if (enableSessionResumption && round === 0) await once(socket, 'session');
      const { link } = await listener.next();
      CollectSink.on(link);
      socket.destroy();
    }
    assert.deepEqual(reused, enableSessionResumption ? [false, true, true] : [false, false, false]);
  }
  await listener.close();
});

/** A client and a server with a relay between them that the test can write into, and that passes on no end. */
async function tappedPair(settings: (tls: Partial<TlsSettings>) => StreamSettings) {
  const listener = await TestListener.open(settings({ certificates: [inline(leaf)] }));
  const taps: net.Socket[] = [];
  const relay = net.createServer({ allowHalfOpen: true }, (client) => {
    const server = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => client.write(bytes));
    taps.push(client, server);
    for (const tap of [client, server]) tap.on('error', () => undefined);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const link = await dial(settings(trusting), (relay.address() as net.AddressInfo).port);
  const near = CollectSink.on(link);
  link.write(Buffer.from('first'));
  const accepted = await listener.next();
  const far = CollectSink.on(accepted.link);
  accepted.link.write(Buffer.from('answer'));
  await near.until((s) => s.received > 0);
  const [client, server] = taps;
  const close = async (): Promise<void> => {
    link.destroy();
    accepted.link.destroy();
    for (const tap of taps) tap.destroy();
    relay.close();
    await listener.close();
  };
  return { near, far, client: client!, server: server!, close };
}

const http2OverTls = (tls: Partial<TlsSettings>): StreamSettings => ({
  network: 'http',
  h2: {
    hosts: [],
    path: '/',
    method: 'PUT',
    headers: {},
    readIdleTimeoutSeconds: 0,
    healthCheckTimeoutSeconds: 15,
    trustForwardedFor: false,
  },
  tls: tlsSettings(tls),
  sockopt: { acceptProxyProtocol: false },
});

for (const [network, settings] of [
  ['tcp', tlsOverTcp],
  ['http', http2OverTls],
] as const) {
  for (const side of ['client', 'server'] as const) {
    test(`${network}, ${side}: what is no TLS behind the handshake ends the connection at once`, async () => {
      const pair = await tappedPair(settings);
      const sink = side === 'client' ? pair.near : pair.far;
      const tap = pair[side];
      // Application data in form, by nobody who has the keys.
      tap.write(Buffer.concat([Buffer.from('1703030040', 'hex'), Buffer.alloc(64, 7)]));
      await sink.until((s) => s.closes === 1);
      if (network === 'tcp') assert.equal(sink.error?.code, 'ERR_INTEGRITY');
      assert.ok(sink.error !== undefined);
      assert.doesNotMatch(sink.error.message, /\n/);
      // Not half of it: writing to what is closed is answered by a reset.
      while (!tap.destroyed) {
        tap.write('more');
        await new Promise(setImmediate);
      }
      await pair.close();
    });
  }
}

test('a server that demands a certificate of its clients is told as that', async () => {
  const demanding = tls.createServer({
    cert: leaf.certificate,
    key: leaf.key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  });
  demanding.listen(0, '127.0.0.1');
  await once(demanding, 'listening');
  const { port } = demanding.address() as net.AddressInfo;
  // The handshake of TLS 1.3 is over for the client before the server has looked.
  const sink = CollectSink.on(await dial(tlsOverTcp(trusting), port));
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error?.code, 'ERR_TLS');
  assert.match(sink.error?.message ?? '', /certificate/);
  demanding.close();
});

test('server: a key of another kind than the certificate is refused, at the start and when files change', async () => {
  const rsa = makeCertificate({ names: ['127.0.0.1'], keyType: 'rsa' });
  await assert.rejects(
    TestListener.open(
      tlsOverTcp({ certificates: [inline({ certificate: leaf.certificate, key: rsa.key })] }),
    ),
    (error) => error instanceof TsrayError && /does not belong/.test(error.message),
  );
  const clock = new FakeClock();
  const files = writeCertificateFiles(rsa);
  const { certificateFile, keyFile } = files;
  const certificates = [
    { usage: 'encipherment', certificate: { file: certificateFile }, key: { file: keyFile } },
  ] as const;
  const listener = await TestListener.open(tlsOverTcp({ certificates }), transportDeps({ clock }));
  const namesOf = async (): Promise<string | undefined> => {
    const socket = tls.connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const names = socket.getPeerX509Certificate()?.subjectAltName;
    socket.destroy();
    return names;
  };
  const before = await namesOf();
  // A renewal changes the kind of key, and writes one file after the other.
  writeFileSync(certificateFile, leaf.certificate);
  clock.advance(1_000);
  assert.equal(await namesOf(), before);
  writeFileSync(keyFile, leaf.key);
  clock.advance(1_000);
  assert.match((await namesOf()) ?? '', /a\.example/);
  await listener.close();
  files.remove();
});

test('over another dialer: TLS inside its links', async () => {
  const listener = await TestListener.open(serverSettings);
  const plain = createStreamDialer(
    { network: 'tcp', tcp: { acceptProxyProtocol: false }, sockopt: { acceptProxyProtocol: false } },
    transportDeps(),
  );
  const dialer = createStreamDialer(tlsOverTcp(trusting), { ...transportDeps(), through: plain });
  const [near, far] = await Promise.all([dialer.dial(loopback(listener.port)), listener.next()]);
  const nearSink = CollectSink.on(near);
  const farSink = CollectSink.on(far.link);
  near.write(Buffer.alloc(500_000, 1));
  far.link.write(Buffer.alloc(500_000, 2));
  await farSink.until((s) => s.bytes.length === 500_000);
  await nearSink.until((s) => s.bytes.length === 500_000);
  near.end();
  await farSink.until((s) => s.ended === 1);
  far.link.end();
  await nearSink.until((s) => s.closes === 1);
  assert.equal(nearSink.error, undefined);
  await listener.drain();
});
