import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import { decodeQuery, encodeAnswer, encodeRefusal } from '../../../../src/core/dns/client-query.js';
import { parseAddress } from '../../../../src/core/net/address.js';

const edns = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never;

function query(type: string, name = 'A.example', more: Partial<Packet> = {}): Uint8Array {
  return encode({ type: 'query', id: 77, flags: 0x0100, questions: [{ type: type as 'A', name }], ...more });
}

test('reads a question as the client wrote it', () => {
  const read = decodeQuery(query('AAAA'))!;
  assert.deepEqual(
    { ...read, question: Buffer.from(read.question).toString('hex') },
    {
      id: 77,
      flags: 0x0100,
      name: 'A.example',
      typeNumber: 28,
      type: 'ipv6',
      question: '0141076578616d706c6500001c0001',
      udpBytes: undefined,
    },
  );
  assert.equal(decodeQuery(query('A', 'x', { additionals: [edns] }))!.udpBytes, 4096);
});

test('knows types by their numbers, and answers those of class IN only', () => {
  const https = decodeQuery(query('UNKNOWN_65'))!;
  assert.deepEqual([https.typeNumber, https.type], [65, undefined]);
  const chaos = Uint8Array.from(query('A'));
  chaos[chaos.length - 1] = 3;
  assert.equal(decodeQuery(chaos)!.type, undefined);
});

test('what is no plain query with one question is none', () => {
  const update = Uint8Array.from(query('A'));
  update[2] = 0x28;
  const two = query('A', 'a', {
    questions: [
      { type: 'A', name: 'a' },
      { type: 'A', name: 'b' },
    ],
  });
  const none = query('A', 'a', { questions: [] });
  for (const bytes of [update, two, none, query('A', 'a', { type: 'response' }), new Uint8Array(5)]) {
    assert.equal(decodeQuery(bytes), undefined);
  }
});

test('an answer repeats the question to the letter and points to it', () => {
  const read = decodeQuery(query('A'))!;
  const answer = encodeAnswer(
    read,
    { rcode: 0, addresses: [parseAddress('127.0.0.1'), parseAddress('127.0.0.2')], ttlSeconds: 30 },
    512,
  );
  assert.equal(
    Buffer.from(answer).toString('hex'),
    '004d81800001000200000000' +
      '0141076578616d706c650000010001' +
      'c00c000100010000001e00047f000001' +
      'c00c000100010000001e00047f000002',
  );
});

test('an answer to EDNS has EDNS', () => {
  const read = decodeQuery(query('A', 'x', { additionals: [edns] }))!;
  const packet = decode(Buffer.from(encodeAnswer(read, { rcode: 3 }, 512)));
  assert.equal((packet.flags ?? 0) & 0x0f, 3);
  assert.equal((packet.additionals![0] as unknown as { udpPayloadSize: number }).udpPayloadSize, 1232);
});

test('an answer that is too long for its way is cut, and says so', () => {
  const read = decodeQuery(query('A'))!;
  const addresses = Array.from({ length: 60 }, (_, i) => parseAddress(`127.0.0.${i}`));
  const cut = decode(Buffer.from(encodeAnswer(read, { rcode: 0, addresses, ttlSeconds: 1 }, 512)));
  assert.equal(cut.answers!.length, 0);
  assert.notEqual((cut.flags ?? 0) & 0x0200, 0);
  const whole = decode(Buffer.from(encodeAnswer(read, { rcode: 0, addresses, ttlSeconds: 1 }, 65_535)));
  assert.equal(whole.answers!.length, 60);
  assert.equal((whole.flags ?? 0) & 0x0200, 0);
});

test('what cannot be read is refused under its id, unless it is a reply or has no header', () => {
  assert.equal(
    Buffer.from(encodeRefusal(Buffer.from('00ff0100000100000000000003', 'hex'), 1)!).toString('hex'),
    '00ff81810000000000000000',
  );
  assert.equal(encodeRefusal(query('A', 'x', { type: 'response' }), 1), undefined);
  assert.equal(encodeRefusal(new Uint8Array(11), 1), undefined);
});
