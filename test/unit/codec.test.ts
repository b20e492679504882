/** A client and a server made of nothing but `tsray/codec`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type BodyDecoder,
  type BodyEncoder,
  type BodyFormat,
  type BodyKeys,
  createBodyDecoder,
  createBodyEncoder,
  createVmessAccount,
  createVmessRequest,
  createVmessServerState,
  defaultCrypto,
  formatDestination,
  HttpConnectHandshake,
  nodeCrypto,
  parseAddress,
  parseUserId,
  ResponseHeaderDecoder,
  resolveSecurity,
  type SecuritySetting,
  SocksClientHandshake,
  SocksServerHandshake,
  sealResponseHeader,
  systemRandom,
  VmessServerHandshake,
  VmessUserTable,
} from '../../src/codec.js';
import { payload } from '../helper/payload.js';
import { splits } from '../helper/split.js';
import { pushed } from '../helper/vmess-handshake.js';

const nowSeconds = (): number => 1_700_000_000;
const id = parseUserId(nodeCrypto, 'b831381d-6324-4d53-ad4f-8cda48b30811')!;

function encoded(encoder: BodyEncoder, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(encoder.maxWireBytes(data.length));
  return out.subarray(0, encoder.encodeEnd(out, encoder.encode(data, out, 0)));
}

function decoded(decoder: BodyDecoder, parts: readonly Uint8Array[]): Buffer {
  const pieces = parts.map((part) => {
    const out = new Uint8Array(decoder.maxPayloadBytes(part.length));
    return out.subarray(0, decoder.push(part, out));
  });
  return Buffer.concat(pieces);
}

const securities: readonly SecuritySetting[] = [
  'aes-128-gcm',
  'chacha20-poly1305',
  'none',
  'zero',
  'aes-128-cfb',
  'auto',
];

describe('tsray/codec', () => {
  for (const crypto of new Set([nodeCrypto, defaultCrypto()])) {
    for (const kind of ['aead', 'legacy'] as const) {
      for (const security of securities) {
        test(`a VMess conversation: ${crypto.name}, ${kind}, ${security}`, () => {
          const alterId = kind === 'legacy' ? 2 : 0;
          const deps = { crypto, random: systemRandom, nowSeconds };
          const users = new VmessUserTable(crypto, [{ id, alterId, email: 'ann@example.com', level: 0 }]);
          const state = createVmessServerState({ ...deps, users });
          const choice = { security, command: 'tcp', authenticatedLength: false, padNone: false } as const;
          const format: BodyFormat = {
            command: 'tcp',
            ...resolveSecurity({ ...choice, fastest: 'aes-128-gcm' }),
          };
          const destination = { address: parseAddress('example.com'), port: 443 };
          const account = createVmessAccount(crypto, id, alterId);
          const { envelope, keys } = createVmessRequest({ ...format, destination }, account, kind, deps);
          const shared = { requestKey: keys.requestKey, requestIv: keys.requestIv };
          const up: BodyKeys = { key: keys.requestKey, iv: keys.requestIv, ...shared };
          const down: BodyKeys = { key: keys.responseKey, iv: keys.responseIv, ...shared };
          const question = payload(5_000);
          const body = encoded(createBodyEncoder(format, up, crypto, systemRandom), question);

          const options = { aeadForced: false, disableInsecureEncryption: false };
          const handshake = new VmessServerHandshake(state, options, '192.0.2.1');
          const step = pushed(handshake, Buffer.concat([envelope, body]), state);
          assert.ok(step.state === 'done');
          assert.equal(step.request.user.email, 'ann@example.com');
          const { header } = step.request;
          assert.equal(formatDestination({ network: 'tcp', ...header }), 'tcp:example.com:443');
          const uplink = createBodyDecoder({ ...header }, up, crypto);
          assert.deepEqual(decoded(uplink, [step.rest]), question);

          const answer = payload(3_000);
          const sealed = sealResponseHeader(crypto, kind, step.request.keys);
          const going = { ...down, ...(sealed.stream === undefined ? {} : { stream: sealed.stream }) };
          const reply = encoded(createBodyEncoder(format, going, crypto, systemRandom), answer);
          const reader = new ResponseHeaderDecoder(crypto, kind, keys);
          const wire = Buffer.concat([sealed.envelope, reply]);
          const response = reader.push(wire);
          assert.ok(response.state === 'done');
          const coming = { ...down, ...(response.stream === undefined ? {} : { stream: response.stream }) };
          const downlink = createBodyDecoder(format, coming, crypto);
          assert.deepEqual(decoded(downlink, [wire.subarray(response.consumed)]), answer);
        });
      }
    }
  }

  test('a request header in pieces of any size', () => {
    const deps = { crypto: nodeCrypto, random: systemRandom, nowSeconds };
    const users = new VmessUserTable(nodeCrypto, [{ id, alterId: 0, email: '', level: 0 }]);
    const format: BodyFormat = { command: 'tcp', security: 'aes-128-gcm', options: 5 };
    const destination = { address: parseAddress('192.0.2.9'), port: 80 };
    const account = createVmessAccount(nodeCrypto, id, 0);
    const { envelope } = createVmessRequest({ ...format, destination }, account, 'aead', deps);
    for (const parts of splits(envelope)) {
      const state = createVmessServerState({ ...deps, users });
      const options = { aeadForced: true, disableInsecureEncryption: false };
      const handshake = new VmessServerHandshake(state, options, '');
      const steps = parts.map((part) => pushed(handshake, part, state).state);
      assert.equal(steps.pop(), 'done');
      assert.ok(steps.every((state) => state === 'more'));
    }
  });

  for (const crypto of new Set([nodeCrypto, defaultCrypto()])) {
    test(`chunk ends stay as they were whatever is pushed afterwards: ${crypto.name}`, () => {
      const format: BodyFormat = { command: 'udp', security: 'aes-128-gcm', options: 0x0d };
      const key = new Uint8Array(16).fill(7);
      const keys: BodyKeys = { key, iv: key, requestKey: key, requestIv: key };
      const wire = new Uint8Array(4096);
      const encoder = createBodyEncoder(format, keys, crypto, systemRandom);
      const first = encoder.encodePacket(payload(100), wire, 0);
      const second = encoder.encodePacket(payload(50), wire, first);
      const out = new Uint8Array(4096);
      const [one, other] = [createBodyDecoder(format, keys, crypto), createBodyDecoder(format, keys, crypto)];
      one.push(wire.subarray(0, first), out);
      const kept = one.chunkEnds;
      other.push(wire.subarray(0, second), out);
      assert.deepEqual(one.chunkEnds, [100]);
      assert.deepEqual(other.chunkEnds, [100, 150]);
      one.push(wire.subarray(first, second), out);
      assert.deepEqual(one.chunkEnds, [50]);
      assert.deepEqual(kept, [100]);
      assert.equal(one.state, 'open');
    });
  }

  test('the handshakes of SOCKS and HTTP CONNECT are there', () => {
    for (const part of [SocksClientHandshake, SocksServerHandshake, HttpConnectHandshake]) {
      assert.equal(typeof part, 'function');
    }
  });
});
