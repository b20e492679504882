import { nodeCrypto } from '../../../../../src/crypto/node.js';
import { createBodyDecoder, createBodyEncoder } from '../../../../../src/proxy/vmess/body/index.js';
import { bodyCodecContract } from '../../../../contract/body-codec.js';

bodyCodecContract({
  name: 'TypeScript',
  encoder: (format, keys, random, options) => createBodyEncoder(format, keys, nodeCrypto, random, options),
  decoder: (format, keys) => createBodyDecoder(format, keys, nodeCrypto),
});
