import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../../../src/core/random.js';
import { der, derObjectId, derTags, derTime, derValues } from '../../../../src/transport/tls/der.js';
import { issueCertificate } from '../../../../src/transport/tls/x509.js';
import { makeCertificate } from '../../../helper/certificates.js';
import { runChild } from '../../../helper/child.js';
import { skipWithout } from '../../../helper/peer.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('DER: lengths, object identifiers and times as X.690 has them', () => {
  assert.equal(hex(der(derTags.octetString)), '0400');
  assert.equal(hex(der(derTags.octetString, Buffer.alloc(127))).slice(0, 4), '047f');
  assert.equal(hex(der(derTags.octetString, Buffer.alloc(128))).slice(0, 6), '048180');
  assert.equal(hex(der(derTags.octetString, Buffer.alloc(300))).slice(0, 8), '0482012c');
  assert.equal(hex(derObjectId('1.2.840.113549.1.1.11')), '06092a864886f70d01010b');
  assert.equal(
    Buffer.from(derTime(Date.UTC(2049, 11, 31, 23, 59, 59))).toString('latin1', 2),
    '491231235959Z',
  );
  assert.equal(Buffer.from(derTime(Date.UTC(2050, 0, 1))).toString('latin1', 2), '20500101000000Z');
  assert.throws(() => derValues(Uint8Array.of(0x30, 5, 1)), RangeError);
  assert.throws(() => derValues(Uint8Array.of(0x30)), RangeError);
  assert.throws(() => derValues(Uint8Array.of(0x30, 0x82, 1)), RangeError);
});

const keyTypes = {
  'EC P-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'EC P-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
} as const;

for (const [name, makeKeys] of Object.entries(keyTypes)) {
  test(`a CA with an ${name} key signs a leaf that Node and OpenSSL accept`, async (t) => {
    const { privateKey, publicKey } = makeKeys();
    const now = Date.now();
    const ca = issueCertificate(
      { names: ['Test CA'], publicKey, notBeforeMs: now - 1000, notAfterMs: now + 1e9, isCa: true },
      { certificate: undefined, privateKey },
      systemRandom,
    );
    const leafKeys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const names = ['a.example', '192.0.2.1', '2001:db8::1'];
    const leaf = issueCertificate(
      { names, publicKey: leafKeys.publicKey, notBeforeMs: now - 1000, notAfterMs: now + 1e8 },
      { certificate: ca, privateKey },
      systemRandom,
    );
    const parsed = new X509Certificate(leaf);
    const parsedCa = new X509Certificate(ca);
    assert.ok(parsed.verify(parsedCa.publicKey));
    assert.ok(parsed.checkIssued(parsedCa));
    assert.equal(parsed.checkHost('a.example'), 'a.example');
    assert.equal(parsed.checkIP('2001:db8::1'), '2001:db8::1');
    assert.equal(parsed.ca, false);
    assert.equal(parsedCa.ca, true);
    if (skipWithout('openssl') !== false) return;
    const folder = mkdtempSync(join(tmpdir(), 'tsray-x509-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'ca.pem'), ca);
    writeFileSync(join(folder, 'leaf.pem'), leaf);
    const { output, code } = await runChild('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      join(folder, 'ca.pem'),
      '-verify_hostname',
      'a.example',
      join(folder, 'leaf.pem'),
    ]);
    assert.equal(code, 0, output);
  });
}

test('a CA that OpenSSL made signs a leaf that OpenSSL accepts', {
  skip: skipWithout('openssl'),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-x509-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, ca, leaf] = ['key.pem', 'ca.pem', 'leaf.pem'].map((name) => join(folder, name));
  const made = await runChild('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-keyout', key!, '-out', ca!],
    ...['-subj', '/C=DE/O=Müller & Söhne/CN=Root', '-utf8'],
  ]);
  assert.equal(made.code, 0, made.output);
  const issuer = { certificate: readFileSync(ca!, 'utf8'), key: readFileSync(key!, 'utf8') };
  writeFileSync(leaf!, makeCertificate({ issuer, names: ['b.example'] }).certificate);
  const verified = await runChild('openssl', ['verify', '-CAfile', ca!, leaf!]);
  assert.equal(verified.code, 0, verified.output);
});

test('a long name is cut in the common name only, and every serial number is its own', () => {
  const name = `${'a'.repeat(60)}.${'b'.repeat(40)}.example`;
  const made = [1, 2].map(() => new X509Certificate(makeCertificate({ names: [name] }).certificate));
  assert.equal(made[0]?.checkHost(name), name);
  assert.notEqual(made[0]?.serialNumber, made[1]?.serialNumber);
  const { privateKey } = generateKeyPairSync('x25519');
  assert.throws(() =>
    issueCertificate(
      { names: ['a'], publicKey: made[0]!.publicKey, notBeforeMs: 0, notAfterMs: 1 },
      {
        certificate: undefined,
        privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      },
      systemRandom,
    ),
  );
});
