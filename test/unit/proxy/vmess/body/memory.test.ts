import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../../../../src/crypto/node.js';
import { createBodyDecoder } from '../../../../../src/proxy/vmess/body/index.js';
import { requestOption } from '../../../../../src/proxy/vmess/constants.js';
import { requestKeys } from '../../../../contract/body/pair.js';

test('a size field alone makes no decoder allocate what it announces', () => {
  const count = 1000;
  const decoders = Array.from({ length: count }, () =>
    createBodyDecoder(
      { security: 'aes-128-gcm', options: requestOption.chunkStream, command: 'tcp' },
      requestKeys,
      nodeCrypto,
    ),
  );
  const out = new Uint8Array(1024);
  const before = process.memoryUsage().arrayBuffers;
  for (const decoder of decoders) {
    decoder.push(Uint8Array.of(0xff, 0xff), out);
    decoder.push(new Uint8Array(100), out);
  }
  const perDecoder = (process.memoryUsage().arrayBuffers - before) / count;
  assert.ok(decoders.every((decoder) => decoder.state === 'open' && !decoder.atBoundary));
  // 65535 were announced, 100 have come; the reads themselves may still be uncollected.
  assert.ok(perDecoder < 1000, `${perDecoder} bytes each`);
});
