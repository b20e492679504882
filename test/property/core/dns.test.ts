import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { decodeQuery, encodeAnswer, encodeRefusal } from '../../../src/core/dns/client-query.js';
import { decodeReply, encodeQuery } from '../../../src/core/dns/message.js';
import { queryName } from '../../../src/core/dns/name.js';
import { TsrayError } from '../../../src/core/errors.js';
import { parseAddress } from '../../../src/core/net/address.js';

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const type = fc.constantFrom('ipv4' as const, 'ipv6' as const);
const question = fc.record({ id: fc.integer({ min: 0, max: 0xffff }), name, type });
const byte = fc.integer({ min: 1, max: 254 });
const addressOf = (family: 'ipv4' | 'ipv6', last: number) =>
  parseAddress(family === 'ipv4' ? `127.0.0.${last}` : `::${last.toString(16)}`);

function noUntypedError(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TsrayError, String(error));
    assert.equal(error.code, 'ERR_PROTOCOL');
  }
}

test('what is asked is read as it was meant, and its answer too', () => {
  fc.assert(
    fc.property(question, fc.array(byte, { maxLength: 20 }), fc.nat(86_400), (asked, lasts, ttlSeconds) => {
      const read = decodeQuery(encodeQuery(asked))!;
      assert.deepEqual([read.id, read.name, read.type], [asked.id, asked.name, asked.type]);
      const addresses = lasts.map((last) => addressOf(asked.type, last));
      const reply = decodeReply(encodeAnswer(read, { rcode: 0, addresses, ttlSeconds }, 65_535), asked);
      assert.deepEqual(reply.addresses, addresses);
      if (addresses.length > 0) assert.equal(reply.ttlSeconds, ttlSeconds);
      // Another reader agrees.
      assert.equal(
        decode(Buffer.from(encodeAnswer(read, { rcode: 0, addresses }, 65_535))).answers!.length,
        lasts.length,
      );
    }),
  );
});

test('a reply to one question is no reply to another', () => {
  fc.assert(
    fc.property(question, question, (one, other) => {
      fc.pre(one.id !== other.id || one.name !== other.name || one.type !== other.type);
      const reply = encodeAnswer(decodeQuery(encodeQuery(one))!, { rcode: 0 }, 512);
      assert.throws(() => decodeReply(reply, other), { code: 'ERR_PROTOCOL' });
    }),
  );
});

test('any bytes are a message or ERR_PROTOCOL', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), question, (bytes, asked) => {
      noUntypedError(() => decodeReply(bytes, asked));
      decodeQuery(bytes);
      const refusal = encodeRefusal(bytes, 1);
      assert.ok(refusal === undefined || refusal.length === 12);
    }),
    { numRuns: 2000 },
  );
});

test('a message with damage anywhere is a message or ERR_PROTOCOL', () => {
  const answers: Answer[] = [
    { type: 'CNAME', name: 'a.example', ttl: 1, data: 'b.example' },
    { type: 'A', name: 'b.example', ttl: 1, data: '127.0.0.1' },
    { type: 'TXT', name: 'b.example', ttl: 1, data: ['text'] },
    { type: 'SRV', name: 'b.example', ttl: 1, data: { port: 1, target: 'c.example' } },
    {
      type: 'RRSIG',
      name: 'b.example',
      ttl: 1,
      data: {
        typeCovered: 'A',
        algorithm: 8,
        labels: 1,
        originalTTL: 1,
        expiration: 1,
        inception: 1,
        keyTag: 1,
        signersName: 'x',
        signature: Buffer.alloc(8),
      },
    },
  ];
  const asked = { id: 5, name: 'a.example', type: 'ipv4' } as const;
  const whole = encode({
    type: 'response',
    id: 5,
    flags: 0x0180,
    questions: [{ type: 'A', name: 'a.example' }],
    answers,
  });
  assert.equal(decodeReply(whole, asked).addresses.length, 1);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      noUntypedError(() => decodeReply(bytes, asked));
      noUntypedError(() => decodeReply(bytes.subarray(0, length), asked));
      decodeQuery(bytes);
    }),
    { numRuns: 3000 },
  );
});

test('a name that may be asked for survives the wire', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      const asked = queryName(text);
      if (asked === undefined) return;
      assert.equal(queryName(asked), asked);
      assert.equal(decodeQuery(encodeQuery({ id: 1, name: asked, type: 'ipv4' }))!.name, asked);
    }),
  );
});
