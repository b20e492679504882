import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCrypto, describeCrypto } from '../../../../../src/crypto/index.js';
import { nodeCrypto } from '../../../../../src/crypto/node.js';
import { createBodyDecoder, createBodyEncoder } from '../../../../../src/proxy/vmess/body/index.js';
import { NativeBodyEncoder } from '../../../../../src/proxy/vmess/body/native.js';
import { requestKeys } from '../../../../contract/body/pair.js';
import { bodyCodecContract } from '../../../../contract/body-codec.js';

const native = defaultCrypto();

if (native.addon === undefined) {
  test('the addon passes the contract of bodies', { skip: describeCrypto() }, () => {});
} else {
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

  test('the addon is used where it is loaded', () => {
    const format = { security: 'aes-128-gcm', options: 1, command: 'tcp' } as const;
    const encoder = createBodyEncoder(format, requestKeys, native, { fill: (into) => into, below: () => 0 });
    assert.ok(encoder instanceof NativeBodyEncoder);
  });
}
