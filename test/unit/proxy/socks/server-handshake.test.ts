import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type NotSocks,
  type SocksRequest,
  SocksServerHandshake,
} from '../../../../src/proxy/socks/server-handshake.js';
import { splits } from '../../../helper/split.js';

interface Outcome {
  readonly value?: SocksRequest | NotSocks;
  readonly rest?: string;
  readonly error?: string;
  readonly sent: string;
  /** Bytes taken before the outcome. */
  readonly used: number;
}

interface Options {
  readonly password?: boolean;
  readonly udp?: boolean;
  readonly mixed?: boolean;
}

function decode(parts: readonly Uint8Array[], options: Options = {}): Outcome {
  const decoder = new SocksServerHandshake({
    authenticate: options.password
      ? (user, password) =>
          Buffer.from(user).toString() === 'bob' && Buffer.from(password).toString() === 'secret'
            ? 'bob'
            : undefined
      : undefined,
    udp: options.udp ?? false,
    mixed: options.mixed ?? false,
  });
  let sent = '';
  let used = 0;
  for (const part of parts) {
    used += part.length;
    // As from a socket: a Buffer, lent, which the next read overwrites.
    const lent = Buffer.from(part);
    const step = decoder.push(lent);
    if (step.reply !== undefined) sent += Buffer.from(step.reply).toString('hex');
    if (step.kind === 'done') {
      return { value: step.value, rest: Buffer.from(step.rest).toString('latin1'), sent, used };
    }
    if (step.kind === 'failed') return { error: step.error.code, sent, used };
    lent.fill(0xee);
  }
  return { sent, used };
}

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex');

/** Each with early data behind it; expected values by hand from the RFC's tables. */
const accepted: readonly {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options?: Options;
  readonly value: SocksRequest;
  readonly sent: string;
}[] = [
  {
    name: 'SOCKS 5 CONNECT to an IPv4 address',
    bytes: hex('050100 | 05010001 c0000207 01bb'),
    value: {
      kind: 'connect',
      version: 5,
      target: { address: { kind: 'ipv4', host: '192.0.2.7' }, port: 443 },
      user: undefined,
    },
    sent: '0500',
  },
  {
    name: 'SOCKS 5 CONNECT to a domain, several methods offered',
    bytes: hex('05020200 | 05010003 0b 6578616d706c652e636f6d 0050'),
    value: {
      kind: 'connect',
      version: 5,
      target: { address: { kind: 'domain', host: 'example.com' }, port: 80 },
      user: undefined,
    },
    sent: '0500',
  },
  {
    name: 'SOCKS 5 CONNECT to an IPv6 address',
    bytes: hex('050100 | 05010004 20010db8000000000000000000000001 1f90'),
    value: {
      kind: 'connect',
      version: 5,
      target: { address: { kind: 'ipv6', host: '2001:db8::1' }, port: 8080 },
      user: undefined,
    },
    sent: '0500',
  },
  {
    name: 'a domain that is an IP text becomes the IP',
    bytes: hex('050100 | 05010003 09 3132372e302e302e31 0050'),
    value: {
      kind: 'connect',
      version: 5,
      target: { address: { kind: 'ipv4', host: '127.0.0.1' }, port: 80 },
      user: undefined,
    },
    sent: '0500',
  },
  {
    name: 'SOCKS 5 with user and password',
    bytes: hex('05020002 | 01 03 626f62 06 736563726574 | 05010001 7f000001 0016'),
    options: { password: true },
    value: {
      kind: 'connect',
      version: 5,
      target: { address: { kind: 'ipv4', host: '127.0.0.1' }, port: 22 },
      user: 'bob',
    },
    sent: '05020100',
  },
  {
    name: 'SOCKS 5 UDP ASSOCIATE',
    bytes: hex('050100 | 05030001 00000000 0000'),
    options: { udp: true },
    value: {
      kind: 'associate',
      version: 5,
      target: { address: { kind: 'ipv4', host: '0.0.0.0' }, port: 0 },
      user: undefined,
    },
    sent: '0500',
  },
  {
    name: 'SOCKS 4 CONNECT with a user ID',
    bytes: hex('0401 0050 c0000207 46726564 00'),
    value: {
      kind: 'connect',
      version: 4,
      target: { address: { kind: 'ipv4', host: '192.0.2.7' }, port: 80 },
      user: undefined,
    },
    sent: '',
  },
  {
    name: 'SOCKS 4a CONNECT to a domain, empty user ID',
    bytes: hex('0401 01bb 00000001 00 6578616d706c652e636f6d 00'),
    value: {
      kind: 'connect',
      version: 4,
      target: { address: { kind: 'domain', host: 'example.com' }, port: 443 },
      user: undefined,
    },
    sent: '',
  },
];

for (const { name, bytes, options, value, sent } of accepted) {
  test(`${name}, at every split`, () => {
    const early = Buffer.concat([bytes, Buffer.from('early data')]);
    for (const parts of splits(bytes)) {
      assert.deepEqual(decode(parts, options), { value, rest: '', sent, used: bytes.length });
    }
    assert.deepEqual(decode([early], options), { value, rest: 'early data', sent, used: early.length });
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const outcome = decode([bytes.subarray(0, cut)], options);
      assert.equal(outcome.value ?? outcome.error, undefined, `nothing is decided after ${cut} bytes`);
    }
  });
}

/** What must be refused, and with which bytes. */
const refused: readonly {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options?: Options;
  readonly error: string;
  readonly sent: string;
}[] = [
  { name: 'an unknown version', bytes: hex('06'), error: 'ERR_PROTOCOL', sent: '' },
  { name: 'a client that insists on a password', bytes: hex('050102'), error: 'ERR_AUTH', sent: '05ff' },
  { name: 'a client that offers nothing', bytes: hex('0500'), error: 'ERR_AUTH', sent: '05ff' },
  {
    name: 'a client that offers no password where one is needed',
    bytes: hex('050100'),
    options: { password: true },
    error: 'ERR_AUTH',
    sent: '05ff',
  },
  {
    name: 'a wrong password',
    bytes: hex('050102 01 03 626f62 05 7772 6f6e67'),
    options: { password: true },
    error: 'ERR_AUTH',
    sent: '050201ff',
  },
  {
    name: 'an unknown user',
    bytes: hex('050102 01 03 627562 06 736563726574'),
    options: { password: true },
    error: 'ERR_AUTH',
    sent: '050201ff',
  },
  {
    name: 'a password message of an unknown version',
    bytes: hex('050102 02'),
    options: { password: true },
    error: 'ERR_PROTOCOL',
    sent: '050201ff',
  },
  {
    name: 'SOCKS 4 where a password is needed',
    bytes: hex('0401 0050 c0000207 00'),
    options: { password: true },
    error: 'ERR_AUTH',
    sent: '005b000000000000',
  },
  {
    name: 'BIND',
    bytes: hex('050100 05020001 7f000001 0050'),
    error: 'ERR_PROTOCOL',
    sent: '0500 05070001000000000000'.replace(' ', ''),
  },
  {
    name: 'BIND of SOCKS 4',
    bytes: hex('0402 0050 c0000207 00'),
    error: 'ERR_PROTOCOL',
    sent: '005b000000000000',
  },
  {
    name: 'UDP ASSOCIATE where it is off',
    bytes: hex('050100 05030001 00000000 0000'),
    error: 'ERR_PROTOCOL',
    sent: '050005070001000000000000',
  },
  {
    name: 'an unknown address type',
    bytes: hex('050100 05010002'),
    error: 'ERR_PROTOCOL',
    sent: '050005080001000000000000',
  },
  {
    name: 'a request of another version',
    bytes: hex('050100 04'),
    error: 'ERR_PROTOCOL',
    sent: '050005010001000000000000',
  },
  {
    name: 'a domain with a line break, which would forge log lines',
    bytes: hex('050100 05010003 03 610a62 0050'),
    error: 'ERR_PROTOCOL',
    sent: '050005010001000000000000',
  },
  {
    name: 'an empty domain',
    bytes: hex('050100 05010003 00 0050'),
    error: 'ERR_PROTOCOL',
    sent: '050005010001000000000000',
  },
  {
    name: 'an empty domain in 4a',
    bytes: hex('0401 0050 00000001 00 00'),
    error: 'ERR_PROTOCOL',
    sent: '005b000000000000',
  },
];

for (const { name, bytes, options, error, sent } of refused) {
  test(`refuses ${name}`, () => {
    for (const parts of splits(bytes)) {
      const outcome = decode(parts, options);
      assert.equal(outcome.error, error);
      assert.equal(outcome.sent, sent);
    }
  });
}

test('a user ID of SOCKS 4 that never ends is refused at its limit', () => {
  const head = hex('0401 0050 c0000207');
  const open = decode([head, Buffer.alloc(512, 'x')]);
  assert.equal(open.error, undefined);
  const tooLong = decode([head, Buffer.alloc(513, 'x')]);
  assert.equal(tooLong.error, 'ERR_PROTOCOL');
  const exact = decode([head, Buffer.alloc(512, 'x'), Buffer.from([0])]);
  assert.equal((exact.value as SocksRequest).kind, 'connect');
});

test('other first bytes are handed on whole where the port is mixed', () => {
  const outcome = decode([Buffer.from('GET / HTTP/1.1\r\n')], { mixed: true });
  assert.deepEqual(outcome.value, { kind: 'other' });
  assert.equal(outcome.rest, 'GET / HTTP/1.1\r\n');
  assert.equal(outcome.sent, '');
});
