import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../../src/core/random.js';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { createAccount } from '../../../../src/proxy/vmess/account.js';
import { createRequest, type RequestFields } from '../../../../src/proxy/vmess/client-request.js';
import {
  openRequestHeader,
  openRequestLength,
  sealRequestHeader,
} from '../../../../src/proxy/vmess/header/aead.js';
import {
  openLegacyRequestHeader,
  sealLegacyRequestHeader,
  timestampBytes,
} from '../../../../src/proxy/vmess/header/legacy.js';
import { decodeRequestHeader } from '../../../../src/proxy/vmess/header/request.js';
import { parseUuid } from '../../../../src/proxy/vmess/uuid.js';
import { fromHex, headerVectors, scriptedRandom, toHex } from '../../../helper/header-vectors.js';

// The addon's where there is one; the suite also runs without.
const crypto = defaultCrypto();

const plains = new Map(headerVectors.plainHeader.map(({ name, plain }) => [name, fromHex(plain)]));

const fields: RequestFields = {
  command: 'tcp',
  destination: { address: { kind: 'domain', host: 'example.com' }, port: 443 },
  security: 'aes-128-gcm',
  options: 0x0d,
};

for (const vector of headerVectors.aeadRequestHeader) {
  test(`AEAD envelope ${vector.name}`, () => {
    const cmdKey = fromHex(vector.cmdKey);
    const plain = plains.get(vector.name)!;
    const wire = sealRequestHeader(
      crypto,
      cmdKey,
      fromHex(vector.authId),
      fromHex(vector.connectionNonce),
      plain,
    );
    assert.equal(toHex(wire), vector.wire);
    assert.equal(openRequestLength(crypto, cmdKey, wire.subarray(0, 42)), vector.plainLength);
    assert.equal(toHex(openRequestHeader(crypto, cmdKey, wire)!), toHex(plain));
    for (let bit = 0; bit < wire.length * 8; bit += 1) {
      const bad = wire.slice();
      bad[bit >>> 3]! ^= 1 << (bit & 7);
      const opened =
        openRequestLength(crypto, cmdKey, bad.subarray(0, 42)) !== undefined &&
        openRequestHeader(crypto, cmdKey, bad) !== undefined;
      assert.equal(opened, false, `bit ${bit}`);
    }
  });
}

for (const vector of headerVectors.legacyRequestHeader) {
  test(`legacy envelope authenticated by the ${vector.authWith}`, () => {
    const { cmdKey } = createAccount(crypto, parseUuid(vector.uuidText)!, 0);
    const id = fromHex(vector.idBytes);
    const plain = fromHex(vector.plain);
    const wire = sealLegacyRequestHeader(crypto, cmdKey, id, vector.timestampUsed, plain);
    assert.equal(toHex(wire), vector.wire);
    const stream = openLegacyRequestHeader(crypto, cmdKey, vector.timestampUsed);
    assert.equal(toHex(stream.update(wire.subarray(16))), vector.plain);
  });
}

test('createRequest makes the whole envelope of the vector from the same chance', () => {
  const vector = headerVectors.aeadRequestHeader[0]!;
  const plain = headerVectors.plainHeader[0]!;
  const account = createAccount(crypto, parseUuid(vector.uuidText)!, 0);
  const chance = [
    fromHex(plain.requestKey),
    fromHex(plain.requestIv),
    Uint8Array.of(plain.responseAuthV, 0xf5),
    fromHex(plain.padding.padEnd(30, '0')),
    fromHex(vector.authIdRandom),
    fromHex(vector.connectionNonce),
  ];
  const deps = { crypto, random: scriptedRandom(...chance), nowSeconds: () => vector.unixTime };
  const request = createRequest(fields, account, 'aead', deps);
  assert.equal(toHex(request.envelope), vector.wire);
  assert.equal(toHex(request.keys.requestKey), plain.requestKey);
  assert.equal(toHex(request.keys.requestIv), plain.requestIv);
  assert.equal(toHex(request.keys.responseKey), headerVectors.sessionKeys.responseKeyAead);
  assert.equal(toHex(request.keys.responseIv), headerVectors.sessionKeys.responseIvAead);
  assert.equal(request.keys.v, plain.responseAuthV);
});

test('padding of the header is 0 to 15 bytes, and nothing repeats between requests', () => {
  const account = createAccount(crypto, new Uint8Array(16), 0);
  const deps = { crypto, random: systemRandom, nowSeconds: () => 1_700_000_000 };
  const lengths = new Set<number>();
  const keys = new Set<string>();
  for (let round = 0; round < 400; round += 1) {
    const request = createRequest(fields, account, 'aead', deps);
    lengths.add(request.envelope.length);
    keys.add(toHex(request.keys.requestKey));
  }
  const shortest = 58 + 38 + 3 + 12 + 4;
  assert.deepEqual(
    [...lengths].sort((a, b) => a - b),
    Array.from({ length: 16 }, (_, index) => shortest + index),
  );
  assert.equal(keys.size, 400);
});

test('the smallest AEAD envelope has 100 bytes or more, so sing accepts it as a first read (docs/wire-format.md, section 10.5)', () => {
  const account = createAccount(crypto, new Uint8Array(16), 0);
  const deps = { crypto, random: scriptedRandom(), nowSeconds: () => 1_700_000_000 };
  const mux = createRequest({ ...fields, command: 'mux', destination: undefined }, account, 'aead', deps);
  assert.equal(mux.envelope.length, 100);
});

test('a legacy request is authenticated by a random alternative ID and a time of −30 … +29 s (docs/wire-format.md, section 2.2)', () => {
  const now = 1_700_000_000;
  const account = createAccount(crypto, parseUuid(headerVectors.userIds[0]!.uuidText)!, 4);
  const deps = { crypto, random: systemRandom, nowSeconds: () => now };
  const seenTimes = new Set<number>();
  const seenIds = new Set<number>();
  for (let round = 0; round < 1500; round += 1) {
    const { envelope, keys } = createRequest(fields, account, 'legacy', deps);
    const authInfo = toHex(envelope.subarray(0, 16));
    let found = false;
    for (const [index, id] of round < 60 || seenTimes.size < 60 ? account.alterIds.entries() : []) {
      for (let time = now - 35; time <= now + 35 && !found; time += 1) {
        if (toHex(crypto.hmacMd5(id, timestampBytes(time))) !== authInfo) continue;
        found = true;
        seenTimes.add(time - now);
        seenIds.add(index);
        const stream = openLegacyRequestHeader(crypto, account.cmdKey, time);
        const decoded = decodeRequestHeader(stream.update(envelope.subarray(16)));
        assert.equal(decoded.ok && toHex(decoded.header.requestKey), toHex(keys.requestKey));
      }
    }
    if (seenTimes.size === 60) break;
    assert.ok(found);
  }
  assert.equal(Math.min(...seenTimes), -30);
  assert.equal(Math.max(...seenTimes), 29);
  assert.equal(seenIds.size, 4);
});

test('without alternative IDs a legacy request is authenticated by the main one', () => {
  const vector = headerVectors.legacyRequestHeader[0]!;
  const account = createAccount(crypto, parseUuid(vector.uuidText)!, 0);
  const random = scriptedRandom(new Uint8Array(61), Uint8Array.of(30));
  const deps = { crypto, random, nowSeconds: () => vector.timestampUsed + 0.9 };
  const { envelope } = createRequest(fields, account, 'legacy', deps);
  assert.equal(toHex(envelope.subarray(0, 16)), vector.authInfo);
});

test('padding without masking is never sent (docs/wire-format.md, section 6.3)', () => {
  const account = createAccount(crypto, new Uint8Array(16), 0);
  const deps = { crypto, random: scriptedRandom(), nowSeconds: () => 0 };
  assert.throws(() => createRequest({ ...fields, options: 0x09 }, account, 'aead', deps), {
    code: 'ERR_INTERNAL',
  });
});

test('a request needs a destination, except mux', () => {
  const account = createAccount(crypto, new Uint8Array(16), 0);
  const deps = { crypto, random: scriptedRandom(), nowSeconds: () => 0 };
  assert.throws(() => createRequest({ ...fields, destination: undefined }, account, 'aead', deps), {
    code: 'ERR_INTERNAL',
  });
});
