import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, TsrayError } from '../../../../src/core/errors.js';
import { encodeReply, replyCodeFor } from '../../../../src/proxy/socks/reply.js';

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('replies carry where we are bound', () => {
  const v4 = { address: { kind: 'ipv4', host: '192.0.2.7' } as const, port: 1080 };
  const v6 = { address: { kind: 'ipv6', host: '::1' } as const, port: 1080 };
  assert.equal(toHex(encodeReply(5, 0, v4)), '05000001c00002070438');
  assert.equal(toHex(encodeReply(5, 0, v6)), '05000004000000000000000000000000000000010438');
  assert.equal(toHex(encodeReply(5, 5)), '05050001000000000000');
  assert.equal(toHex(encodeReply(4, 0, v4)), '005a0438c0000207');
  assert.equal(toHex(encodeReply(4, 0, v6)), '005a000000000000');
  assert.equal(toHex(encodeReply(4, 5)), '005b000000000000');
});

test('tells a client why its target could not be opened', () => {
  const expected: Partial<Record<ErrorCode, number>> = {
    ERR_DIAL_REFUSED: 5,
    ERR_DIAL_UNREACHABLE: 4,
    ERR_DIAL_TIMEOUT: 6,
    ERR_DNS: 4,
    ERR_BLOCKED: 2,
    ERR_NO_OUTBOUND: 2,
    ERR_UPSTREAM: 1,
    ERR_INTERNAL: 1,
  };
  for (const [code, reply] of Object.entries(expected)) {
    assert.equal(replyCodeFor(new TsrayError(code as ErrorCode, '')), reply, code);
  }
  const cause = Object.assign(new Error('x'), { code: 'ENETUNREACH' });
  assert.equal(replyCodeFor(new TsrayError('ERR_DIAL_UNREACHABLE', '', { cause })), 3);
});
