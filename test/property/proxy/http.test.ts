import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsrayError } from '../../../src/core/errors.js';
import { encodeHead, type Field } from '../../../src/core/http1/fields.js';
import { HeadDecoder, type HeadStep } from '../../../src/core/http1/head-decoder.js';
import { BodyReader, requestFraming } from '../../../src/proxy/http/body.js';
import { parseTarget } from '../../../src/proxy/http/target.js';
import { anyText } from '../../helper/any-text.js';

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
/** Without blanks at its ends, which are no part of a value. */
const value = fc.stringMatching(/^([!-~\xa0-\xff]([\t -~\xa0-\xff]{0,30}[!-~\xa0-\xff])?)?$/);
const fields: fc.Arbitrary<Field[]> = fc.array(fc.tuple(token, value), { maxLength: 8 });
const cuts = fc.array(fc.nat(2000), { maxLength: 6 });

function pieces(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const places = [...new Set(at.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const result: Uint8Array[] = [];
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to > from) result.push(bytes.subarray(from, to));
    from = to;
  }
  return result;
}

interface Fed<T> {
  readonly step: HeadStep<T>;
  /** Bytes of the input that belong to the head. */
  readonly used: number;
}

function feed<T>(decoder: HeadDecoder<T>, bytes: Uint8Array, at: readonly number[]): Fed<T> {
  let step: HeadStep<T> = { kind: 'more' };
  let used = 0;
  for (const piece of pieces(bytes, at)) {
    step = decoder.push(piece);
    used += piece.length;
    if (step.kind === 'head') used -= step.rest.length;
    if (step.kind !== 'more') break;
  }
  return { step, used };
}

test('a head that was written is read back, however it is cut, and what follows is left', () => {
  const target = fc.stringMatching(/^[!-~]{1,40}$/);
  fc.assert(
    fc.property(token, target, fields, cuts, (method, where, list, at) => {
      const head = encodeHead(`${method} ${where} HTTP/1.1`, list);
      const { step, used } = feed(
        HeadDecoder.request(65536),
        Buffer.concat([head, Buffer.from('GET / HTTP/1.1\r\n\r\n')]),
        at,
      );
      assert.ok(step.kind === 'head');
      assert.deepEqual(step.head, { method, target: where, minor: 1, fields: list });
      assert.equal(used, head.length);
    }),
  );
});

/** Text that gets past the first checks more often than chance allows. */
const plausible = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'GET / HTTP/1.1\r\n',
        'CONNECT a:1 HTTP/1.1\r\n',
        'GET http://a/ HTTP/1.0\r\n',
        'HTTP/1.1 200 OK\r\n',
        'Host: a\r\n',
        'Content-Length: 5\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Connection: close\r\n',
        '\r\n',
        '\n',
        '\r',
        ' ',
        ':',
        '5\r\nhello\r\n',
        '0\r\n\r\n',
        '5;x\r\n',
      ),
      anyText(6),
    ),
    { maxLength: 10 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('no input makes the head decoder throw or decide differently when it is cut elsewhere', () => {
  const decode = (request: boolean, bytes: Uint8Array, at: readonly number[]): unknown => {
    const { step, used } = request
      ? feed<unknown>(HeadDecoder.request(65536), bytes, at)
      : feed<unknown>(HeadDecoder.response(65536), bytes, at);
    if (step.kind === 'head') return [step.head, used];
    return step.kind === 'failed' ? step.error.status : step.kind;
  };
  fc.assert(
    fc.property(fc.boolean(), plausible, cuts, (request, bytes, at) => {
      const whole = decode(request, bytes, []);
      assert.deepEqual(decode(request, bytes, at), whole);
      assert.deepEqual(
        decode(
          request,
          bytes,
          Array.from(bytes, (_, index) => index),
        ),
        whole,
      );
    }),
    { numRuns: 1000 },
  );
});

test('framing and target of any head that parses: a value or an error with a status', () => {
  fc.assert(
    fc.property(plausible, (bytes) => {
      const { step } = feed(HeadDecoder.request(65536), bytes, []);
      if (step.kind !== 'head') return;
      for (const read of [requestFraming, parseTarget]) {
        try {
          read(step.head);
        } catch (error) {
          assert.ok(error instanceof TsrayError && error.code === 'ERR_PROTOCOL');
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('chunks of any sizes end where they were made to end, however they are cut', () => {
  const chunk = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.constantFrom('', ';a', ' ; b="c"'),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), cuts, (chunks, trailer, at) => {
      const body = Buffer.concat([
        ...chunks.flatMap(([data, extension]) => [
          Buffer.from(`${data.length.toString(16)}${extension}\r\n`),
          data,
          Buffer.from('\r\n'),
        ]),
        Buffer.from(trailer ? '0\r\nA: b\r\n\r\n' : '0\r\n\r\n'),
      ]);
      const reader = new BodyReader({ kind: 'chunked' }, 'request');
      let taken = 0;
      for (const piece of pieces(Buffer.concat([body, Buffer.from('0\r\n\r\n')]), at)) {
        taken += reader.push(piece);
      }
      assert.equal(reader.done, true);
      assert.equal(taken, body.length);
    }),
  );
});

test('no chunked input makes the reader throw anything but its own error, nor depend on the cuts', () => {
  const read = (bytes: Uint8Array, at: readonly number[]): unknown => {
    const reader = new BodyReader({ kind: 'chunked' }, 'request');
    let taken = 0;
    try {
      for (const piece of pieces(bytes, at)) taken += reader.push(piece);
    } catch (error) {
      assert.ok(error instanceof TsrayError && error.code === 'ERR_PROTOCOL');
      return 'failed';
    }
    return [taken, reader.done];
  };
  fc.assert(
    fc.property(plausible, cuts, (bytes, at) => {
      assert.deepEqual(read(bytes, at), read(bytes, []));
    }),
    { numRuns: 1000 },
  );
});
