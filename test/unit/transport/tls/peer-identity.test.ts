/** Pinned certificates and names of Xray's `tlsSettings`, in Node's TLS and in a carrier's own. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createStreamDialer } from '../../../../src/transport/stack/stack.js';
import { createCarriedTlsClient } from '../../../../src/transport/tls/carried.js';
import { PeerIdentity, sniOf } from '../../../../src/transport/tls/peer-identity.js';
import type { TlsSettings } from '../../../../src/transport/tls/settings.js';
import { makeCertificate, type TestCertificate } from '../../../helper/certificates.js';
import { outboundOf, problemLines } from '../../../helper/config.js';
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

const dayMs = 24 * 3600 * 1000;
const ca = makeCertificate({ names: ['Test CA'], isCa: true });
const otherCa = makeCertificate({ names: ['Test CA'], isCa: true });
const leaf = makeCertificate({ names: ['a.example'], issuer: ca });
const own = makeCertificate({ names: ['b.example'] });

const der = ({ certificate }: TestCertificate): Uint8Array => new X509Certificate(certificate).raw;
const pinOf = (made: TestCertificate): Uint8Array => createHash('sha256').update(der(made)).digest();

const identity = (more: Partial<TlsSettings>): PeerIdentity =>
  new PeerIdentity(tlsSettings(more), nodeCrypto);
const verify = (
  more: Partial<TlsSettings>,
  chain: readonly TestCertificate[],
  name = 'a.example',
  nowMs = Date.now(),
) => identity(more).verify(chain.map(der), 'host:443', name, nowMs);
const refused = (text: RegExp) => ({ code: 'ERR_TLS', message: text });

test('a pinned leaf is enough by itself, whatever its name and age', () => {
  const pins = { pinnedPeerCertificates: [new Uint8Array(32), pinOf(own)] };
  verify(pins, [own]);
  verify(pins, [own, ca], 'x.example', Date.now() + 1000 * dayMs);
  assert.throws(() => verify(pins, [leaf, ca]), refused(/its certificate is not a pinned one/));
  assert.throws(() => verify(pins, [leaf, own]), refused(/is not a pinned one/), 'what is pinned is no CA');
  assert.throws(() => verify(pins, []), refused(/is not a pinned one/));
});

test('the hint tells the hash that was found', () => {
  try {
    verify({ pinnedPeerCertificates: [pinOf(own)] }, [leaf]);
  } catch (error) {
    assert.ok(error instanceof TsrayError && error.hint?.includes(Buffer.from(pinOf(leaf)).toString('hex')));
    return;
  }
  assert.fail('not refused');
});

test('a pinned CA must have signed the leaf, which must have the name and be valid', () => {
  const pins = { pinnedPeerCertificates: [pinOf(ca)] };
  verify(pins, [leaf, ca]);
  verify({ ...pins, verifyNames: ['x.example', 'a.example'] }, [leaf, ca], '127.0.0.1');
  assert.throws(
    () => verify(pins, [leaf, ca], 'x.example'),
    refused(/pinned CA in its chain, but its certificate is not for x/),
  );
  assert.throws(
    () => verify({ ...pins, verifyNames: ['x.example'] }, [leaf, ca]),
    refused(/is not for x\.example/),
  );
  assert.throws(
    () => verify(pins, [own, ca], 'b.example'),
    refused(/that CA has not signed its certificate/),
  );
  const forged = makeCertificate({ names: ['a.example'], issuer: otherCa });
  assert.throws(
    () => verify(pins, [forged, ca]),
    refused(/that CA has not signed/),
    'the same name is not the same CA',
  );
  assert.throws(
    () => verify(pins, [leaf, ca], 'a.example', Date.now() + 40 * dayMs),
    refused(/not valid at this time/),
  );
  assert.throws(() => verify(pins, [leaf]), refused(/is not a pinned one/));
});

test('a pinned CA reaches over one in between', () => {
  const between = makeCertificate({ names: ['Between'], isCa: true, issuer: ca });
  const far = makeCertificate({ names: ['a.example'], issuer: between });
  verify({ pinnedPeerCertificates: [pinOf(ca)] }, [far, between, ca]);
  verify({ pinnedPeerCertificates: [pinOf(between)] }, [far, between]);
  assert.throws(() => verify({ pinnedPeerCertificates: [pinOf(ca)] }, [far, ca]), refused(/has not signed/));
});

test('over TLS: pins take the place of the CAs, names that of serverName', async () => {
  const chain = { certificate: `${leaf.certificate}${ca.certificate}`, key: leaf.key };
  const server = tlsOverTcp({ certificates: [inline(chain)] });
  const takes = async (client: Partial<TlsSettings>): Promise<void> => {
    const pair = await stackPair(tlsOverTcp(client), server);
    pair.near.destroy();
    await pair.listener.close();
  };
  await takes({ pinnedPeerCertificates: [pinOf(leaf)] });
  await takes({ pinnedPeerCertificates: [pinOf(ca)], serverName: 'a.example' });
  await takes({ pinnedPeerCertificates: [pinOf(ca)], verifyNames: ['a.example'] });
  const trusting = { certificates: [inline(ca, 'verify')], disableSystemRoot: true };
  await takes({ ...trusting, serverName: 'front.example', verifyNames: ['x.example', 'a.example'] });
  const listener = await TestListener.open(server);
  const dial = (client: Partial<TlsSettings>) =>
    createStreamDialer(tlsOverTcp(client), transportDeps()).dial(loopback(listener.port));
  await assert.rejects(
    dial({ pinnedPeerCertificates: [pinOf(own)], allowInsecure: true }),
    refused(/not a pinned one/),
  );
  await assert.rejects(dial({ pinnedPeerCertificates: [pinOf(ca)] }), refused(/not for 127\.0\.0\.1/));
  await assert.rejects(
    dial({ ...trusting, serverName: 'a.example', verifyNames: ['b.example'] }),
    refused(/certificate is not for/),
  );
  await assert.rejects(dial({ verifyNames: ['a.example'] }), refused(/signed by nobody known here/));
  await listener.close();
});

test('in QUIC: the same, without its engine asking the CAs', () => {
  const client = (more: Partial<TlsSettings>) =>
    createCarriedTlsClient(tlsSettings(more), [], {
      clock: new FakeClock(Date.now()),
      crypto: nodeCrypto,
      log: new MemoryLogger(),
    });
  const destination = { network: 'tcp', address: parseAddress('a.example'), port: 443 } as const;
  const pinned = client({ pinnedPeerCertificates: [pinOf(ca)] });
  assert.equal(pinned.authorities(), undefined);
  pinned.verify([der(leaf), der(ca)], destination);
  assert.throws(() => pinned.verify([der(own)], destination), refused(/not a pinned one/));
  const named = client({
    verifyNames: ['b.example'],
    certificates: [inline(own, 'verify')],
    disableSystemRoot: true,
  });
  named.verify([der(own)], destination);
  assert.throws(
    () =>
      client({ certificates: [inline(own, 'verify')], disableSystemRoot: true }).verify(
        [der(own)],
        destination,
      ),
    refused(/not for a\.example/),
  );
});

test('an IP address is never the name that TLS asks for', async () => {
  assert.deepEqual(['a.example', '127.0.0.1', '::1', '[::1]', ''].map(sniOf), [
    'a.example',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const asked: unknown[] = [];
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', warned);
  const server = tls.createServer({
    cert: own.certificate,
    key: own.key,
    SNICallback: (name, done) => {
      asked.push(name);
      done(null);
    },
  });
  server.on('secureConnection', (socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  for (const serverName of ['127.0.0.1', '::1', '2001:db8::1', 'a.example']) {
    const settings = tlsOverTcp({ serverName, allowInsecure: true });
    const link = await createStreamDialer(settings, transportDeps()).dial(loopback(port));
    link.destroy();
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('warning', warned);
  server.close();
  assert.deepEqual(asked, ['a.example']);
  assert.deepEqual(warnings, []);
});

test('the keys as they are written', () => {
  const read = (tlsSettingsGiven: object) => {
    const { stream } = outboundOf({
      protocol: 'freedom',
      streamSettings: { security: 'tls', tlsSettings: tlsSettingsGiven },
    });
    return stream.tls;
  };
  const hex = Buffer.from(pinOf(leaf)).toString('hex');
  const colons = hex.toUpperCase().match(/../g)!.join(':');
  const two = [pinOf(leaf), pinOf(leaf)].map((pin) => Uint8Array.from(pin));
  for (const given of [`${hex}, ${colons}`, `${hex}~${hex}`, [hex, colons]]) {
    assert.deepEqual(read({ pinnedPeerCertSha256: given })?.pinnedPeerCertificates, two);
  }
  assert.equal(read({ pinnedPeerCertSha256: '' })?.pinnedPeerCertificates, undefined);
  assert.deepEqual(read({ verifyPeerCertByName: 'a.example, b.example' })?.verifyNames, [
    'a.example',
    'b.example',
  ]);
  assert.deepEqual(read({ verifyPeerCertInNames: ['a.example'] })?.verifyNames, ['a.example']);
  const lines = problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'socks', port: 1 }],
      outbounds: [
        {
          protocol: 'freedom',
          streamSettings: { security: 'tls', tlsSettings: { pinnedPeerCertSha256: 'abc' } },
        },
      ],
    }),
  );
  assert.match(lines[0]!, /pinnedPeerCertSha256: expected SHA-256 of certificates as hex/);
});
