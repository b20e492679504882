/** `network: quic` in a configuration. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/parse-config.js';
import { certificateEntry, makeCertificate } from '../../helper/certificates.js';

const entry = certificateEntry(makeCertificate());

function read(side: 'inbound' | 'outbound', streamSettings: object, more: object = {}) {
  const stream = { network: 'quic', ...streamSettings };
  const inbound = {
    protocol: 'vmess',
    port: 1,
    settings: { clients: [{ id: 'b831381d-6324-4d53-ad4f-8cda48b30811' }] },
  };
  const outbound = { protocol: 'freedom' };
  const { errors, settings, warnings } = parseConfig(
    JSON.stringify({
      ...more,
      inbounds: [side === 'inbound' ? { ...inbound, streamSettings: stream } : inbound],
      outbounds: [side === 'outbound' ? { ...outbound, streamSettings: stream } : outbound],
    }),
  );
  const told = ({ path, message }: { path: string; message: string }): string => `${path}: ${message}`;
  const place = side === 'inbound' ? settings?.inbounds[0] : settings?.outbounds[0];
  const made = place !== undefined && 'stream' in place ? place.stream : undefined;
  return {
    quic: made?.network === 'quic' ? made.quic : undefined,
    errors: errors.map(told),
    warnings: warnings.map(told),
  };
}

describe('quicSettings', () => {
  test('are read whole, words without regard to case', () => {
    const quicSettings = { security: 'AES-128-GCM', key: 'k', header: { type: 'Wechat-Video' } };
    assert.deepEqual(read('outbound', { quicSettings }).quic, {
      security: 'aes-128-gcm',
      key: 'k',
      header: 'wechat-video',
    });
  });

  test('of the top level count where a stream has none', () => {
    const transport = { quicSettings: { security: 'chacha20-poly1305' } };
    assert.equal(read('inbound', {}, { transport }).quic?.security, 'chacha20-poly1305');
    assert.equal(read('inbound', {}).quic?.security, 'auto');
    assert.equal(read('inbound', { quicSettings: null }).quic?.security, 'auto');
    assert.equal(read('inbound', { quicSettings: {} }).quic?.security, 'none');
  });

  test('refuse what V2Ray takes for no security at all', () => {
    for (const security of ['auto', 'aes-256-gcm']) {
      assert.match(
        read('outbound', { quicSettings: { security } }).errors.join(),
        /quicSettings\.security: expected/,
      );
    }
  });
});

describe('tlsSettings of QUIC', () => {
  const tls = (side: 'inbound' | 'outbound', tlsSettings: object) =>
    read(side, { security: 'tls', quicSettings: {}, tlsSettings });

  test('cannot stop below TLS 1.3', () => {
    assert.match(tls('outbound', { maxVersion: '1.2' }).errors.join(), /maxVersion: too low for QUIC/);
    assert.deepEqual(tls('outbound', { maxVersion: '1.3', minVersion: '1.2' }).errors, []);
  });

  test('say what has no effect', () => {
    const client = tls('outbound', { cipherSuites: 'TLS_AES_128_GCM_SHA256', enableSessionResumption: true });
    assert.deepEqual(client.errors, []);
    assert.match(
      client.warnings.join('\n'),
      /cipherSuites: has no effect with QUIC\n.*enableSessionResumption: has no/,
    );
    assert.match(
      tls('inbound', { certificates: [entry, entry] }).warnings.join(),
      /only the first has an effect/,
    );
    assert.deepEqual(tls('inbound', { certificates: [entry] }).warnings, []);
  });
});
