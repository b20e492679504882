import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createAccount } from '../../../../src/proxy/vmess/account.js';
import {
  formatUuid,
  parseUserId,
  parseUuid,
  randomUuid,
  uuidFromName,
} from '../../../../src/proxy/vmess/uuid.js';
import { fromHex, headerVectors, scriptedRandom, toHex } from '../../../helper/header-vectors.js';

for (const vector of headerVectors.userIds) {
  test(`account of ${vector.uuidText}`, () => {
    const id = parseUuid(vector.uuidText)!;
    assert.equal(toHex(id), vector.uuid);
    assert.equal(formatUuid(id), vector.uuidText);
    const account = createAccount(nodeCrypto, id, vector.alterIdChain.length);
    assert.equal(toHex(account.cmdKey), vector.cmdKey);
    assert.deepEqual(account.alterIds.map(toHex), vector.alterIdChain);
    assert.deepEqual(createAccount(nodeCrypto, id, 0).alterIds, []);
  });
}

test('an alternative ID equal to the one before is hashed on until it differs', () => {
  const same = new Uint8Array(16).fill(7);
  const different = new Uint8Array(16).fill(8);
  const seen: string[][] = [];
  const md5 = (...parts: readonly Uint8Array[]): Uint8Array => {
    seen.push(parts.map((part) => Buffer.from(part).toString('latin1')));
    return parts.length < 4 ? same : different;
  };
  const account = createAccount({ md5 }, same, 1);
  assert.deepEqual(account.alterIds, [different]);
  assert.deepEqual(seen.at(-1)!.slice(1), [
    '16167dc8-16b6-4e6d-b8bb-65dd68113a81',
    '533eff8a-4113-4b10-b5ce-0f5d76b98cd2',
    '533eff8a-4113-4b10-b5ce-0f5d76b98cd2',
  ]);
});

test("reads UUIDs by V2Ray 4.34's rule", () => {
  const hex = 'b831381d63244d53ad4f8cda48b30811';
  for (const text of [
    'b831381d-6324-4d53-ad4f-8cda48b30811',
    'B831381D-6324-4D53-AD4F-8CDA48B30811',
    hex,
    'b831381d-63244d53ad4f8cda48b30811',
    '-b831381d63244d53ad4f-8cda48b30811',
    `${hex}zz and more`,
  ]) {
    assert.equal(toHex(parseUuid(text)!), hex, text);
  }
  for (const text of [
    '',
    hex.slice(1),
    'b831381d-6324-4d53-ad4f-8cda48b3',
    'b831381d-6324-4d53--d4f-8cda48b30811',
    'b831381d--6324-4d53-ad4f-8cda48b30811',
    'g831381d-6324-4d53-ad4f-8cda48b30811',
    ` ${hex}`,
  ]) {
    assert.equal(parseUuid(text), undefined, text);
  }
});

test('maps names as Xray does (docs/wire-format.md, section 1)', () => {
  for (const { text, uuid } of headerVectors.uuidFromText) {
    assert.equal(toHex(uuidFromName(nodeCrypto, text)), uuid);
    assert.equal(toHex(parseUserId(nodeCrypto, text)!), uuid);
  }
  assert.equal(parseUserId(nodeCrypto, ''), undefined);
  assert.ok(parseUserId(nodeCrypto, 'n'.repeat(30)));
  assert.equal(parseUserId(nodeCrypto, 'n'.repeat(31)), undefined);
  assert.equal(parseUserId(nodeCrypto, 'ü'.repeat(16)), undefined, 'length counts bytes');
  assert.equal(
    toHex(parseUserId(nodeCrypto, headerVectors.userIds[0]!.uuidText)!),
    headerVectors.userIds[0]!.uuid,
  );
});

test('a random UUID has version 4 and the RFC 4122 variant', () => {
  const text = formatUuid(randomUuid(scriptedRandom(fromHex('ff'.repeat(16)))));
  assert.equal(text, 'ffffffff-ffff-4fff-bfff-ffffffffffff');
});
