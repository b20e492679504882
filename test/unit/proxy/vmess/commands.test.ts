import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fnv1a32 } from '../../../../src/crypto/pure/fnv1a32.js';
import {
  decodeSwitchAccount,
  encodeSwitchAccount,
  type SwitchAccount,
} from '../../../../src/proxy/vmess/commands.js';
import type { ResponseHeader } from '../../../../src/proxy/vmess/header/response.js';
import { formatUuid, parseUuid } from '../../../../src/proxy/vmess/uuid.js';
import { fromHex, headerVectors, toHex } from '../../../helper/header-vectors.js';

function header(payload: Uint8Array, command = 1): ResponseHeader {
  const commandData = Buffer.concat([Buffer.alloc(4), payload]);
  commandData.writeUInt32BE(fnv1a32(payload));
  return { options: 0, command, commandData };
}

const vector = headerVectors.switchAccount[0]!;
const fields: SwitchAccount = {
  address: undefined,
  port: vector.port,
  id: parseUuid(vector.uuidText)!,
  alterId: vector.alterId,
  level: vector.level,
  validMinutes: vector.validMinutes,
};

test('switch account ↔ bytes of the vector', () => {
  const encoded = encodeSwitchAccount(fields);
  assert.equal(toHex(encoded.commandData), vector.data);
  assert.equal(encoded.command, 1);
  assert.deepEqual(decodeSwitchAccount(encoded), fields);
});

test('a host is carried as text, and one too long for the length byte is refused', () => {
  for (const address of [
    { kind: 'domain', host: 'example.com' },
    { kind: 'ipv4', host: '192.0.2.1' },
    { kind: 'ipv6', host: '2001:db8::1' },
    { kind: 'domain', host: 'h'.repeat(228) },
  ] as const) {
    assert.deepEqual(decodeSwitchAccount(encodeSwitchAccount({ ...fields, address })), {
      ...fields,
      address,
    });
  }
  const address = { kind: 'domain', host: 'h'.repeat(229) } as const;
  assert.throws(() => encodeSwitchAccount({ ...fields, address }), { code: 'ERR_LIMIT' });
});

test('a command without its last byte is valid for 0 minutes and harms nobody (docs/wire-format.md, section 5)', () => {
  const payload = fromHex(vector.data).subarray(4, -1);
  const command = decodeSwitchAccount(header(payload));
  assert.equal(command?.validMinutes, 0);
  assert.equal(formatUuid(command!.id), vector.uuidText);
});

test('malformed and unknown commands are ignored', () => {
  const payload = fromHex(vector.data).subarray(4);
  for (let length = 0; length < payload.length - 1; length += 1) {
    assert.equal(decodeSwitchAccount(header(payload.subarray(0, length))), undefined);
  }
  for (let length = 0; length < vector.data.length / 2 - 1; length += 1) {
    const commandData = fromHex(vector.data).subarray(0, length);
    assert.equal(decodeSwitchAccount({ options: 0, command: 1, commandData }), undefined);
  }
  const wrong = fromHex(vector.data);
  wrong[0]! ^= 1;
  assert.equal(decodeSwitchAccount({ options: 0, command: 1, commandData: wrong }), undefined);
  assert.equal(decodeSwitchAccount(header(payload, 2)), undefined);
  assert.equal(decodeSwitchAccount(header(payload, 0)), undefined);
});

test('bytes behind the command are ignored', () => {
  const payload = Buffer.concat([fromHex(vector.data).subarray(4), Buffer.alloc(9)]);
  assert.deepEqual(decodeSwitchAccount(header(payload)), fields);
});

test('a command to where nothing can be reached is ignored', () => {
  for (const host of ['a b', 'line\nend', '\u001b[31m', 'münchen.example']) {
    const address = { kind: 'domain', host } as const;
    assert.equal(decodeSwitchAccount(encodeSwitchAccount({ ...fields, address })), undefined);
  }
  assert.equal(decodeSwitchAccount(encodeSwitchAccount({ ...fields, port: 0 })), undefined);
});
