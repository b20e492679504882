import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { ProxyHeaderDecoder } from '../../../../src/transport/proxy-protocol/header.js';
import { splits } from '../../../helper/split.js';

const signature = '0d0a0d0a000d0a515549540a';
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const line = (text: string): Uint8Array => Uint8Array.from(Buffer.from(`${text}\r\n`, 'latin1'));

/** Bytes of the specification's forms → source and local, or none. */
const good: readonly (readonly [
  name: string,
  bytes: Uint8Array,
  expected: readonly [string, string] | undefined,
])[] = [
  [
    'text, IPv4',
    line('PROXY TCP4 192.0.2.7 198.51.100.1 56324 443'),
    ['192.0.2.7:56324', '198.51.100.1:443'],
  ],
  ['text, IPv6', line('PROXY TCP6 2001:db8::1 ::1 1 65535'), ['2001:db8::1:1', '::1:65535']],
  ['text, unknown', line('PROXY UNKNOWN'), undefined],
  ['text, unknown with addresses', line('PROXY UNKNOWN ffff::1 ffff::2 65535 65535'), undefined],
  [
    'binary, IPv4',
    hex(`${signature} 21 11 000c c0000207 c6336401 dc04 01bb`),
    ['192.0.2.7:56324', '198.51.100.1:443'],
  ],
  [
    'binary, IPv6, with TLVs behind the addresses',
    hex(
      `${signature} 21 21 0029 20010db8000000000000000000000001 00000000000000000000000000000001 0001 ffff 04 0002 abcd`,
    ),
    ['2001:db8::1:1', '::1:65535'],
  ],
  ['binary, local', hex(`${signature} 20 00 0000`), undefined],
  ['binary, local with addresses', hex(`${signature} 20 11 000c c0000207 c6336401 dc04 01bb`), undefined],
  ['binary, UDP', hex(`${signature} 21 12 000c c0000207 c6336401 dc04 01bb`), undefined],
  ['binary, not specified', hex(`${signature} 21 00 0003 010203`), undefined],
];

for (const [name, bytes, expected] of good) {
  test(`PROXY header: ${name}, at every split`, () => {
    for (const behind of ['', 'what follows']) {
      const input = Uint8Array.from(Buffer.concat([bytes, Buffer.from(behind)]));
      for (const parts of splits(input)) {
        const decoder = new ProxyHeaderDecoder();
        let rest = '';
        let done = false;
        for (const part of parts) {
          if (done) {
            rest += Buffer.from(part).toString();
            continue;
          }
          const step = decoder.push(part);
          if (step.kind === 'more') continue;
          assert.equal(step.kind, 'done');
          done = true;
          rest = Buffer.from(step.rest).toString();
          const told = step.value && [step.value.source, step.value.local];
          assert.deepEqual(
            told?.map(({ address, port }) => `${address.host}:${port}`),
            expected,
          );
        }
        assert.ok(done);
        assert.equal(rest, behind);
      }
    }
  });
}

const bad: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['no header at all', Buffer.from('GET / HTTP/1.1\r\n')],
  ['TLS without it', hex('160301')],
  ['another word', Buffer.from('PROXZ')],
  ['a family that does not exist', line('PROXY TCP5 192.0.2.7 192.0.2.1 1 2')],
  ['an address of the other family', line('PROXY TCP4 2001:db8::1 192.0.2.1 1 2')],
  ['a name in place of an address', line('PROXY TCP4 localhost 192.0.2.1 1 2')],
  ['a port beyond the range', line('PROXY TCP4 192.0.2.7 192.0.2.1 1 65536')],
  ['a negative port', line('PROXY TCP4 192.0.2.7 192.0.2.1 -1 2')],
  ['a missing port', line('PROXY TCP4 192.0.2.7 192.0.2.1 1')],
  ['one word too many', line('PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3')],
  ['a line without end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`)],
  ['a line that ends too late', line(`PROXY UNKNOWN ${'x'.repeat(100)}`)],
  ['a broken signature', hex('0d0a0d0a000d0a515549540b')],
  ['version 1 in binary', hex(`${signature} 11 11 000c`)],
  ['an unknown command', hex(`${signature} 22 11 000c`)],
  ['too long a header', hex(`${signature} 21 11 ffff`)],
  ['addresses cut short', hex(`${signature} 21 11 0004 c0000207`)],
];

for (const [name, bytes] of bad) {
  test(`PROXY header: refuses ${name}, at every split`, () => {
    for (const parts of splits(Uint8Array.from(bytes))) {
      const decoder = new ProxyHeaderDecoder();
      const steps = [];
      for (const part of parts) {
        const step = decoder.push(part);
        steps.push(step);
        if (step.kind !== 'more') break;
      }
      const last = steps.at(-1);
      assert.equal(last?.kind, 'failed');
      assert.ok(last.error instanceof TsrayError);
      assert.equal(last.error.code, 'ERR_PROTOCOL');
    }
  });
}
