import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../../../src/core/random.js';
import { createPipe } from '../../../../../src/core/stream/pipe.js';
import { prefixedLink } from '../../../../../src/core/stream/prefixed-link.js';
import { defaultCrypto } from '../../../../../src/crypto/index.js';
import { nodeCrypto } from '../../../../../src/crypto/node.js';
import type { BodyFormat, BodyKeys } from '../../../../../src/proxy/vmess/body/codec.js';
import { createBodyDecoder, createBodyEncoder } from '../../../../../src/proxy/vmess/body/index.js';
import type { WireSecurity } from '../../../../../src/proxy/vmess/constants.js';
import { createVmessStreamLink } from '../../../../../src/proxy/vmess/stream-link.js';
import { FakeClock } from '../../../../helper/fake-clock.js';
import { splits } from '../../../../helper/split.js';
import { settle } from '../../../../helper/vmess-pair.js';

const key = new Uint8Array(16).fill(1);
const iv = new Uint8Array(16).fill(2);
const keys: BodyKeys = { key, iv, requestKey: key, requestIv: iv };

// With the addon where there is one, and without.
for (const crypto of new Set([nodeCrypto, defaultCrypto()])) {
  const name = crypto.addon === undefined ? 'TypeScript' : 'addon';
  for (const security of ['aes-128-gcm', 'chacha20-poly1305', 'none', 'aes-128-cfb'] as const) {
    const isCounted = security === 'aes-128-gcm' || security === 'chacha20-poly1305';

    test(`${name}, ${security}: the chunks of Mux are counted in both directions`, () => {
      const format: BodyFormat = { security, options: 0x0d & (isCounted ? 0x0d : 0x05), command: 'mux' };
      const encoder = createBodyEncoder(format, keys, crypto, systemRandom);
      const pieces: Uint8Array[] = [];
      let expected = 0;
      for (const length of [1, 15_000, 15_001, 45_000, 100]) {
        const out = new Uint8Array(encoder.maxWireBytes(length));
        pieces.push(out.slice(0, encoder.encode(Buffer.alloc(length, 3), out, 0)));
        expected += Math.ceil(length / 15_000);
        assert.equal(encoder.chunks, isCounted ? expected : 0);
      }
      const wire = Buffer.concat(pieces);
      for (const parts of splits(wire, 3).filter((list) => list.length < 1000)) {
        const decoder = createBodyDecoder(format, keys, crypto);
        for (const part of parts) decoder.push(part, new Uint8Array(decoder.maxPayloadBytes(part.length)));
        assert.equal(decoder.chunks, isCounted ? expected : 0);
        decoder.close();
      }
      encoder.close();
    });
  }
}

function muxLink(security: WireSecurity) {
  const [carrier, peer] = createPipe();
  const format: BodyFormat = { security, options: 5, command: 'mux' };
  const link = createVmessStreamLink({
    carrier,
    clock: new FakeClock(),
    preamble: new Uint8Array(0),
    encoder: createBodyEncoder(format, keys, nodeCrypto, systemRandom),
    input: createBodyDecoder(format, keys, nodeCrypto),
  });
  link.start({ data() {}, end() {}, drain() {}, closed() {} });
  return { link, peer, format };
}

test('a VMess link says how many chunks are left, of the direction that has less', async () => {
  const { link, peer, format } = muxLink('aes-128-gcm');
  assert.equal(link.remainingChunks(), 65_536);
  for (let n = 0; n < 10; n += 1) link.write(Buffer.alloc(15_000));
  assert.equal(link.remainingChunks(), 65_526);
  // The peer cuts its chunks smaller, as V2Ray does.
  const encoder = createBodyEncoder(format, keys, nodeCrypto, systemRandom, { maxChunkPayload: 100 });
  const wire = new Uint8Array(encoder.maxWireBytes(5_000));
  peer.start({ data() {}, end() {}, drain() {}, closed() {} });
  peer.write(wire.subarray(0, encoder.encode(Buffer.alloc(5_000), wire, 0)));
  await settle();
  assert.equal(link.remainingChunks(), 65_486);
  link.destroy();
});

test('a link over others passes the question on; a body without nonces has no end', () => {
  const { link } = muxLink('aes-128-gcm');
  link.write(Buffer.alloc(1));
  assert.equal(prefixedLink(link, new Uint8Array(0)).remainingChunks(), 65_535);
  const plain = muxLink('none').link;
  plain.write(Buffer.alloc(1_000_000));
  assert.equal(plain.remainingChunks(), 65_536);
  const [pipe] = createPipe();
  assert.equal(prefixedLink(pipe, new Uint8Array(0)).remainingChunks(), Number.POSITIVE_INFINITY);
});
