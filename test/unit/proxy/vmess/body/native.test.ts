import assert from 'node:assert/strict';
import { defaultCrypto } from '../../../../../src/crypto/index.js';
import { nodeCrypto } from '../../../../../src/crypto/node.js';
import { createBodyDecoder, createBodyEncoder } from '../../../../../src/proxy/vmess/body/index.js';
import { NativeBodyDecoder, NativeBodyEncoder } from '../../../../../src/proxy/vmess/body/native.js';
import { requestKeys, systemRandom } from '../../../../contract/body/pair.js';
import { bodyCodecContract } from '../../../../contract/body-codec.js';
import { nativeTest } from '../../../../helper/native.js';

const native = defaultCrypto();

nativeTest('the addon is used where it is loaded', () => {
  const format = { security: 'aes-128-gcm', options: 1, command: 'tcp' } as const;
  assert.ok(createBodyEncoder(format, requestKeys, native, systemRandom) instanceof NativeBodyEncoder);
  assert.ok(createBodyDecoder(format, requestKeys, native) instanceof NativeBodyDecoder);
});

if (native.addon !== undefined) {
  const pairings = [
    { name: 'native × native', encode: native, decode: native },
    { name: 'native × TypeScript', encode: native, decode: nodeCrypto },
    { name: 'TypeScript × native', encode: nodeCrypto, decode: native },
  ];
  for (const { name, encode, decode } of pairings) {
    bodyCodecContract({
      name,
      encoder: (format, keys, random, options) => createBodyEncoder(format, keys, encode, random, options),
      decoder: (format, keys) => createBodyDecoder(format, keys, decode),
    });
  }
}
