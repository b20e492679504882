import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import { type AddressQuestion, decodeReply, encodeQuery } from '../../../../src/core/dns/message.js';
import { parseAddress } from '../../../../src/core/net/address.js';

const asked: AddressQuestion = { id: 0x1234, name: 'a.example', type: 'ipv4' };

/** A reply with the given parts. */
function reply(more: {
  id?: number;
  flags?: number;
  name?: string;
  type?: 'A' | 'AAAA';
  answers?: Answer[];
  authorities?: Answer[];
}): Uint8Array {
  return encode({
    type: 'response',
    id: more.id ?? asked.id,
    flags: more.flags ?? 0x0180,
    questions: [{ type: more.type ?? 'A', name: more.name ?? asked.name }],
    answers: more.answers ?? [],
    authorities: more.authorities ?? [],
  });
}

const a = (data: string, ttl = 60): Answer => ({ type: 'A', name: asked.name, ttl, data });
const soa = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'example',
  ttl,
  data: { mname: 'ns', rname: 'x', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

test('a query asks for recursion and has nothing else', () => {
  const hex = Buffer.from(encodeQuery(asked)).toString('hex');
  assert.equal(hex, '123401000001000000000000' + '0161076578616d706c6500' + '0001' + '0001');
  const six = Buffer.from(encodeQuery({ ...asked, type: 'ipv6' })).toString('hex');
  assert.equal(six.slice(-8), '001c0001');
});

test('a client subnet goes as V2Ray sends it: 24 or 96 bits, 1350 bytes, DO', () => {
  const four = Buffer.from(encodeQuery(asked, parseAddress('127.1.2.3'))).toString('hex');
  // Root, OPT, 1350, DO, option 8 of 7 bytes: family 1, 24, 0, and three bytes of the address.
  assert.equal(
    four.slice(-44),
    '00' + '0029' + '0546' + '00008000' + '000b' + '00080007' + '00011800' + '7f0102',
  );
  const six = decode(Buffer.from(encodeQuery(asked, parseAddress('2001:db8:1:2:3:4:5:6'))));
  const [opt] = six.additionals as unknown as { options: { ip: string; sourcePrefixLength: number }[] }[];
  assert.equal(opt!.options[0]!.sourcePrefixLength, 96);
  assert.equal(opt!.options[0]!.ip, '2001:db8:1:2:3:4::');
});

test('a reply gives the addresses of its type and the smallest of all lifetimes', () => {
  const answers: Answer[] = [
    { type: 'CNAME', name: asked.name, ttl: 30, data: 'b.example' },
    a('127.0.0.1', 300),
    a('127.0.0.2', 20),
    { type: 'AAAA', name: 'b.example', ttl: 60, data: '::1' },
  ];
  assert.deepEqual(decodeReply(reply({ answers }), asked), {
    rcode: 0,
    truncated: false,
    addresses: [parseAddress('127.0.0.1'), parseAddress('127.0.0.2')],
    ttlSeconds: 20,
  });
});

test('an answer that there is nothing lives as long as its SOA record says', () => {
  const missing = decodeReply(reply({ flags: 0x0183, authorities: [soa(900, 300)] }), asked);
  assert.deepEqual([missing.rcode, missing.ttlSeconds], [3, 300]);
  assert.equal(decodeReply(reply({ authorities: [soa(60, 300)] }), asked).ttlSeconds, 60);
  assert.equal(decodeReply(reply({}), asked).ttlSeconds, undefined);
});

test('a lifetime with the highest bit is none', () => {
  assert.equal(decodeReply(reply({ answers: [a('127.0.0.1', 0x8000_0000)] }), asked).ttlSeconds, 0);
});

test('a reply that was cut short says so', () => {
  assert.equal(decodeReply(reply({ flags: 0x0380 }), asked).truncated, true);
});

test('of a long answer 256 addresses are kept', () => {
  const answers = Array.from({ length: 1000 }, (_, i) => a(`127.0.${i >> 8}.${i & 255}`));
  assert.equal(decodeReply(reply({ answers }), asked).addresses.length, 256);
});

test('the question’s case does not matter, everything else does', () => {
  assert.equal(
    decodeReply(reply({ name: 'A.EXAMPLE', answers: [a('127.0.0.1')] }), asked).addresses.length,
    1,
  );
  for (const other of [
    reply({ id: 0x1235 }),
    reply({ name: 'b.example' }),
    reply({ type: 'AAAA' }),
    encodeQuery(asked),
    encode({ type: 'response', id: asked.id, flags: 0x0180, questions: [], answers: [a('127.0.0.1')] }),
    encode({
      type: 'response',
      id: asked.id,
      questions: [
        { type: 'A', name: asked.name },
        { type: 'A', name: 'b.example' },
      ],
    }),
  ]) {
    assert.throws(() => decodeReply(other, asked), { code: 'ERR_PROTOCOL' });
  }
});

test('a server that could not read the query may leave the question out', () => {
  const bare = encode({ type: 'response', id: asked.id, flags: 0x0181 });
  assert.equal(decodeReply(bare, asked).rcode, 1);
});

test('damaged bytes are ERR_PROTOCOL, at every length', () => {
  const whole = reply({ answers: [a('127.0.0.1')] });
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => decodeReply(whole.subarray(0, length), asked), { code: 'ERR_PROTOCOL' });
  }
});
