/** Datagrams of QUIC: V2Ray's own, and what becomes of ours. */
import assert from 'node:assert/strict';
import { createDecipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { systemRandom } from '../../../../src/core/random.js';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { headerBytes, type PacketHeaderType } from '../../../../src/transport/datagram/packet-header.js';
import { readPacketIds } from '../../../../src/transport/quic/packet-ids.js';
import { QuicPackets } from '../../../../src/transport/quic/packets.js';
import type { QuicSettings } from '../../../../src/transport/quic/settings.js';
import { payload } from '../../../helper/payload.js';
import { projectRoot } from '../../../helper/project.js';

const deps = { crypto: defaultCrypto(), random: systemRandom };

interface Vector {
  readonly quicSettings: { readonly security: string } | null;
  readonly datagram: string;
}

const { packets: vectors } = JSON.parse(
  readFileSync(join(projectRoot, 'test', 'vectors', 'quic-packets.json'), 'utf8'),
) as { packets: readonly Vector[] };

/** As an operator's configuration gives them. */
function settingsOf(quicSettings: object | null): QuicSettings {
  const streamSettings = { network: 'quic', ...(quicSettings === null ? {} : { quicSettings }) };
  const { settings } = parseConfig(JSON.stringify({ outbounds: [{ protocol: 'freedom', streamSettings }] }));
  const stream = settings?.outbounds[0]?.stream;
  assert(stream?.network === 'quic');
  return stream.quic;
}

function quic(more: Partial<QuicSettings>): QuicSettings {
  return { security: 'none', key: '', header: 'none', ...more };
}

function wrapped(settings: QuicSettings, packet: Uint8Array): Buffer {
  const packets = new QuicPackets(settings, deps);
  packets.room.set(packet);
  return Buffer.from(packets.wrap(packet.length));
}

describe("V2Ray's datagrams", () => {
  for (const { quicSettings, datagram } of vectors) {
    const name = quicSettings === null ? 'without quicSettings' : JSON.stringify(quicSettings);
    const skip = quicSettings === null && process.arch !== 'x64' ? 'caught on x64' : false;
    test(`hold a QUIC packet: ${name}`, { skip }, () => {
      const bytes = Buffer.from(datagram, 'base64');
      const packet = new QuicPackets(settingsOf(quicSettings), deps).unwrap(bytes);
      assert(packet !== undefined);
      assert.equal(packet.length, 1252, 'the first size of quic-go');
      const ids = readPacketIds(packet);
      assert.equal(ids?.kind, 'initial');
      assert.equal(ids?.source.length, 12);
    });

    test(`are not genuine for another key: ${name}`, () => {
      if (quicSettings?.security === 'none') return;
      const other = { ...settingsOf(quicSettings), key: 'not that' };
      assert.equal(new QuicPackets(other, deps).unwrap(Buffer.from(datagram, 'base64')), undefined);
    });
  }
});

test('a sealed datagram is header, nonce and AEAD under a hash of key and salt', () => {
  const packet = payload(1252);
  for (const [security, keyBytes] of [
    ['aes-128-gcm', 16],
    ['chacha20-poly1305', 32],
  ] as const) {
    const datagram = wrapped(quic({ security, key: 'a key', header: 'srtp' }), packet);
    assert.equal(datagram.length, 4 + 12 + 1252 + 16);
    assert.equal(datagram.subarray(0, 2).toString('hex'), 'b5e8');
    const key = createHash('sha256').update('a keyv2ray-quic-salt').digest().subarray(0, keyBytes);
    const nonce = datagram.subarray(4, 16);
    const opener = createDecipheriv(security as 'aes-128-gcm', key, nonce, { authTagLength: 16 });
    opener.setAuthTag(datagram.subarray(-16));
    assert.deepEqual(
      Buffer.concat([opener.update(datagram.subarray(16, -16)), opener.final()]),
      Buffer.from(packet),
    );
  }
});

test('every security and header comes back, and two datagrams of one packet differ', () => {
  const packet = payload(300);
  for (const header of Object.keys(headerBytes) as PacketHeaderType[]) {
    for (const security of ['none', 'aes-128-gcm', 'chacha20-poly1305', 'auto'] as const) {
      const settings = quic({ security, header, key: 'k' });
      const packets = new QuicPackets(settings, deps);
      const made = [0, 1].map(() => {
        packets.room.set(packet);
        return Buffer.from(packets.wrap(packet.length));
      });
      if (security !== 'none') assert.notDeepEqual(made[0], made[1]);
      for (const datagram of made) {
        assert.deepEqual(Buffer.from(new QuicPackets(settings, deps).unwrap(datagram)!), Buffer.from(packet));
      }
    }
  }
});

test('any changed byte behind the header, and anything cut short, is dropped', () => {
  const settings = quic({ security: 'aes-128-gcm', key: 'k', header: 'utp' });
  const datagram = wrapped(settings, payload(40));
  const packets = new QuicPackets(settings, deps);
  for (let at = 4; at < datagram.length; at += 1) {
    const changed = Buffer.from(datagram);
    changed[at]! ^= 1;
    assert.equal(packets.unwrap(changed), undefined, `byte ${at}`);
  }
  for (let length = 0; length < datagram.length; length += 1) {
    assert.equal(packets.unwrap(Buffer.from(datagram.subarray(0, length))), undefined, `${length} bytes`);
  }
  assert.equal(new QuicPackets(quic({ header: 'dtls' }), deps).unwrap(Buffer.alloc(13)), undefined);
});

test('without quicSettings packets are sealed, with an empty object they are not', () => {
  assert.deepEqual(settingsOf(null), { security: 'auto', key: '', header: 'none' });
  assert.deepEqual(settingsOf({}), { security: 'none', key: '', header: 'none' });
});
