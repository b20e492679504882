import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientRequest, SocksClientHandshake } from '../../../../src/proxy/socks/client-handshake.js';
import { splits } from '../../../helper/split.js';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex');

const request: ClientRequest = {
  command: 'connect',
  target: { address: { kind: 'domain', host: 'example.com' }, port: 443 },
  account: undefined,
};
const withAccount: ClientRequest = { ...request, account: { user: 'bob', pass: 'secret' } };

function run(client: ClientRequest, parts: readonly Uint8Array[]) {
  const handshake = new SocksClientHandshake(client);
  let sent = `${Buffer.from(handshake.opening).toString('hex')} `;
  for (const part of parts) {
    // As from a socket: a Buffer, lent, which the next read overwrites.
    const lent = Buffer.from(part);
    const step = handshake.push(lent);
    if (step.reply !== undefined) sent += `${Buffer.from(step.reply).toString('hex')} `;
    if (step.kind === 'done') {
      return { sent: sent.trim(), bound: step.value, rest: Buffer.from(step.rest).toString('latin1') };
    }
    if (step.kind === 'failed') return { sent: sent.trim(), error: step.error };
    lent.fill(0xee);
  }
  return { sent: sent.trim() };
}

const connectBytes = '050100030b6578616d706c652e636f6d01bb';

test('asks for no authentication, sends the request, keeps what follows the answer', () => {
  const answer = hex('0500 | 05000001 0a000001 0438');
  const bound = { address: { kind: 'ipv4', host: '10.0.0.1' }, port: 1080 };
  for (const parts of splits(answer)) {
    const outcome = run(request, parts);
    assert.equal(outcome.sent, `050100 ${connectBytes}`);
    assert.deepEqual(outcome.bound, bound);
  }
  const outcome = run(request, [
    answer.subarray(0, 2),
    Buffer.concat([answer.subarray(2), Buffer.from('early')]),
  ]);
  assert.equal(outcome.rest, 'early');
});

test('gives user and password if asked, and only then', () => {
  const asked = run(withAccount, [hex('0502'), hex('0100'), hex('05000001 00000000 0000')]);
  assert.equal(asked.sent, `05020002 0103626f6206736563726574 ${connectBytes}`);
  assert.notEqual(asked.bound, undefined);
  const notAsked = run(withAccount, [hex('0500'), hex('05000001 00000000 0000')]);
  assert.equal(notAsked.sent, `05020002 ${connectBytes}`);
});

test('asks for UDP with zeros', () => {
  const associate: ClientRequest = {
    command: 'associate',
    target: { address: { kind: 'ipv4', host: '0.0.0.0' }, port: 0 },
    account: undefined,
  };
  const outcome = run(associate, [hex('0500'), hex('05000004 00000000000000000000000000000001 1234')]);
  assert.equal(outcome.sent, '050100 05030001000000000000');
  assert.deepEqual(outcome.bound, { address: { kind: 'ipv6', host: '::1' }, port: 0x1234 });
});

const failures: readonly [
  name: string,
  client: ClientRequest,
  answer: string,
  message: RegExp,
  hint: RegExp,
][] = [
  ['no method', request, '05ff', /none of the offered/, /users/],
  ['no method with an account', withAccount, '05ff', /none of the offered/, /GSSAPI/],
  ['a method that was not offered', request, '0502', /method 2/, /users/],
  ['another protocol', request, '48545450', /72/, /SOCKS 5 server/],
  ['a wrong password', withAccount, '0502 0101', /refused the user and password/, /"user" and "pass"/],
  ['a failed password as V2Ray says it', withAccount, '0502 01ff', /refused the user and password/, /pass/],
  ['its rules', request, '0500 0502', /not allowed by its rules \(2\)/, /refuses this target/],
  ['an unreachable host', request, '0500 0504', /host unreachable \(4\)/, /cannot reach/],
  [
    'a refused connection',
    request,
    '0500 05050001000000000000',
    /connection refused \(5\)/,
    /refused the server/,
  ],
  ['an unknown code', request, '0500 0563', /code 99/, /^$/],
  ['a reply of another version', request, '0500 04', /version 4/, /^$/],
];

for (const [name, client, answer, message, hint] of failures) {
  test(`says what the upstream answered: ${name}`, () => {
    for (const parts of splits(hex(answer))) {
      const { error } = run(client, parts);
      assert.equal(error?.code, 'ERR_UPSTREAM');
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/);
    }
  });
}

test('a user, password or name too long for SOCKS is refused before anything is sent', () => {
  const long = 'x'.repeat(256);
  assert.throws(() => new SocksClientHandshake({ ...request, account: { user: long, pass: 'x' } }), {
    code: 'ERR_PROTOCOL',
  });
  assert.throws(() => new SocksClientHandshake({ ...request, account: { user: 'x', pass: long } }), {
    code: 'ERR_PROTOCOL',
  });
  const target = { address: { kind: 'domain', host: long } as const, port: 1 };
  assert.throws(() => new SocksClientHandshake({ ...request, target }), { code: 'ERR_PROTOCOL' });
});
