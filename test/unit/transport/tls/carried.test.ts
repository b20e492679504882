import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createCarriedTlsClient } from '../../../../src/transport/tls/carried.js';
import { makeCertificate, type TestCertificate } from '../../../helper/certificates.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

const dayMs = 24 * 3600 * 1000;
const destination: Destination = { network: 'tcp', address: parseAddress('a.example'), port: 443 };

function clientOf(trusted: readonly TestCertificate[], nowMs = Date.now()) {
  const clock = new FakeClock(nowMs);
  return createCarriedTlsClient(
    {
      allowInsecure: false,
      certificates: trusted.map(({ certificate: pem }) => ({ usage: 'verify', certificate: { pem } })),
      enableSessionResumption: false,
      disableSystemRoot: true,
      pinnedPeerCertificateChains: [],
    },
    [],
    { clock, crypto: nodeCrypto, log: new MemoryLogger() },
  );
}

const der = ({ certificate }: TestCertificate): Uint8Array => new X509Certificate(certificate).raw;
const refused = (text: RegExp) => ({ code: 'ERR_TLS', message: text });

test("a server's own certificate is trusted by itself, and nothing else is", () => {
  const own = makeCertificate({ names: ['a.example'] });
  const other = makeCertificate({ names: ['a.example'] });
  const client = clientOf([makeCertificate(), own]);
  assert.equal(client.authorities(), undefined);
  client.verify([der(own)], destination);
  assert.throws(() => client.verify([der(other)], destination), refused(/signed by nobody known here/));
  assert.throws(() => client.verify([der(other), der(own)], destination), refused(/nobody known here/));
  assert.throws(() => client.verify([], destination), refused(/no certificate/));
});

test("a server's own certificate counts for its name and time only", () => {
  const own = makeCertificate({ names: ['b.example'] });
  assert.throws(() => clientOf([own]).verify([der(own)], destination), refused(/not for a\.example/));
  const named = makeCertificate({ names: ['a.example'] });
  const at = (days: number) => () =>
    clientOf([named], Date.now() + days * dayMs).verify([der(named)], destination);
  at(0)();
  assert.throws(at(31), refused(/has expired/));
  assert.throws(at(-2), refused(/not valid yet/));
});

test('where a CA is among them, the carrier verifies the chain', () => {
  const ca = makeCertificate({ names: ['CA'], isCa: true });
  const own = makeCertificate({ names: ['a.example'] });
  const client = clientOf([ca, own]);
  assert.equal(client.authorities(), `${ca.certificate}\n${own.certificate}`);
  const both = { certificate: `${own.certificate}${ca.certificate}`, key: '' };
  assert.equal(clientOf([both]).authorities(), both.certificate);
});
