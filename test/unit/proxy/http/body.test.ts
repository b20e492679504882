import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field } from '../../../../src/core/http1/fields.js';
import type { RequestHead, ResponseHead } from '../../../../src/core/http1/head.js';
import {
  BodyReader,
  type Framing,
  requestFraming,
  responseFraming,
} from '../../../../src/proxy/http/body.js';
import { splits } from '../../../helper/split.js';

const request = (fields: readonly Field[], minor: 0 | 1 = 1): RequestHead => ({
  method: 'POST',
  target: '/',
  minor,
  fields,
});
const response = (fields: readonly Field[], status = 200, minor: 0 | 1 = 1): ResponseHead => ({
  minor,
  status,
  reason: '',
  fields,
});

test('requests: length, chunked, or no body', () => {
  assert.deepEqual(requestFraming(request([])), { kind: 'none' });
  assert.deepEqual(requestFraming(request([['content-length', '0']])), { kind: 'none' });
  assert.deepEqual(requestFraming(request([['Content-Length', '12']])), { kind: 'length', length: 12 });
  assert.deepEqual(requestFraming(request([['Transfer-Encoding', 'Chunked']])), { kind: 'chunked' });
});

const smuggling: readonly [name: string, fields: readonly Field[], status: number, minor?: 0 | 1][] = [
  [
    'two lengths',
    [
      ['Content-Length', '1'],
      ['Content-Length', '2'],
    ],
    400,
  ],
  [
    'the same length twice',
    [
      ['Content-Length', '1'],
      ['content-length', '1'],
    ],
    400,
  ],
  ['a list of lengths', [['Content-Length', '1, 1']], 400],
  ['a signed length', [['Content-Length', '+1']], 400],
  ['a negative length', [['Content-Length', '-1']], 400],
  ['a hexadecimal length', [['Content-Length', '0x10']], 400],
  ['an empty length', [['Content-Length', '']], 400],
  ['a length beyond 2^53', [['Content-Length', '9007199254740993']], 400],
  [
    'length and chunked',
    [
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
    ],
    400,
  ],
  ['chunked in HTTP/1.0', [['Transfer-Encoding', 'chunked']], 400, 0],
  ['chunked not last', [['Transfer-Encoding', 'chunked, gzip']], 400],
  ['chunked twice', [['Transfer-Encoding', 'chunked, chunked']], 501],
  [
    'another coding',
    [
      ['Transfer-Encoding', 'gzip'],
      ['Transfer-Encoding', 'chunked'],
    ],
    501,
  ],
  ['identity', [['Transfer-Encoding', 'identity']], 400],
  ['an empty coding', [['Transfer-Encoding', '']], 400],
  ['something like chunked', [['Transfer-Encoding', 'xchunked']], 400],
  ['chunked in quotes', [['Transfer-Encoding', '"chunked"']], 400],
];

for (const [name, fields, status, minor] of smuggling) {
  test(`refuses a request with ${name}`, () => {
    assert.throws(() => requestFraming(request(fields, minor)), { code: 'ERR_PROTOCOL', status });
  });
}

test('responses: which have a body and where it ends', () => {
  const length: readonly Field[] = [['Content-Length', '5']];
  const cases: readonly [ResponseHead, string, Framing['kind']][] = [
    [response(length), 'GET', 'length'],
    [response(length), 'HEAD', 'none'],
    [response(length, 204), 'GET', 'none'],
    [response(length, 304), 'GET', 'none'],
    [response(length, 103), 'GET', 'none'],
    [response([]), 'GET', 'until-close'],
    [response([['Transfer-Encoding', 'chunked']]), 'GET', 'chunked'],
    [response([['Transfer-Encoding', 'gzip, chunked']]), 'GET', 'chunked'],
    [response([['Transfer-Encoding', 'gzip']]), 'GET', 'until-close'],
    [response([...length, ...length]), 'GET', 'length'],
    [response([['Content-Length', '0']]), 'GET', 'none'],
    [response([['Content-Length', '5, 5']]), 'GET', 'length'],
    [response([...length, ['content-length', '5,5']]), 'GET', 'length'],
    [response([['Content-Length', '']]), 'GET', 'until-close'],
    [response([['Transfer-Encoding', 'chunked, Chunked']]), 'GET', 'chunked'],
    [response([['Content-Length', '5, 6']]), 'HEAD', 'none'],
  ];
  for (const [head, method, kind] of cases) {
    assert.equal(responseFraming(head, method).kind, kind, JSON.stringify([head, method]));
  }
});

test('refuses responses whose end is in doubt', () => {
  const doubtful = [
    response([
      ['Content-Length', '1'],
      ['Content-Length', '2'],
    ]),
    response([
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
    ]),
    response([['Transfer-Encoding', 'chunked']], 200, 0),
    response([['Content-Length', 'many']]),
    response([['Content-Length', '5, 6']]),
    response([['Content-Length', '5, 05']]),
    response([['Content-Length', '+5']]),
    response([['Content-Length', '5 bytes']]),
    response([['Content-Length', '99999999999999999999']]),
    response([['Transfer-Encoding', 'chunked, gzip, chunked']]),
  ];
  for (const head of doubtful) assert.throws(() => responseFraming(head, 'GET'), { status: 502 });
});

/** Bytes taken of `text` fed in `parts`, and whether the end was found. */
function read(
  framing: Framing,
  parts: readonly Uint8Array[],
  message: 'request' | 'response' = 'request',
): { taken: number; done: boolean } {
  const reader = new BodyReader(framing, message);
  let taken = 0;
  for (const part of parts) {
    const count = reader.push(part);
    taken += count;
    if (count < part.length) break;
  }
  return { taken, done: reader.done };
}

test('finds the end of a body of known length', () => {
  const bytes = Buffer.from('12345next');
  for (const parts of splits(bytes)) {
    assert.deepEqual(read({ kind: 'length', length: 5 }, parts), { taken: 5, done: true });
  }
  assert.deepEqual(read({ kind: 'length', length: 5 }, [bytes.subarray(0, 4)]), { taken: 4, done: false });
  assert.deepEqual(read({ kind: 'none' }, [bytes]), { taken: 0, done: true });
  assert.deepEqual(read({ kind: 'until-close' }, [bytes]), { taken: 9, done: false });
});

const chunked: readonly string[] = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'a;name=value;x="y"\r\n0123456789\r\n3 ;e\r\n\r\n\n\r\n000\r\n\r\n',
  '5\r\nhello\r\n0\r\nTrailer: value\r\nOther: x\r\n\r\n',
];

for (const body of chunked) {
  test(`finds the end of the chunked body ${JSON.stringify(body)}`, () => {
    const bytes = Buffer.from(`${body}GET / HTTP/1.1`);
    for (const parts of splits(bytes)) {
      assert.deepEqual(read({ kind: 'chunked' }, parts), { taken: body.length, done: true });
    }
    assert.equal(read({ kind: 'chunked' }, [bytes.subarray(0, body.length - 1)]).done, false);
  });
}

const malformed: readonly [name: string, body: string][] = [
  ['a size that is no number', 'x\r\n'],
  ['no size', '\r\n'],
  ['a size in 0x form', '0x5\r\n'],
  ['a negative size', '-1\r\n'],
  ['a size beyond 2^53', '10000000000000\r\n'],
  ['a blank before the size', ' 5\r\n'],
  ['a bare LF behind the size', '5\nhello'],
  ['a bare LF in an extension', '5;a\nb\r\n'],
  ['a CR without LF', '5\rx'],
  ['data longer than its chunk', '5\r\nhello!'],
  ['a bare LF behind the data', '5\r\nhello\n'],
  ['a trailer that is no field', '0\r\nGET / HTTP/1.1\r\n'],
  ['a folded trailer', '0\r\nA: b\r\n c\r\n'],
  ['a NUL in an extension', '5;\0\r\n'],
];

for (const [name, body] of malformed) {
  test(`refuses chunks with ${name}`, () => {
    for (const parts of splits(Buffer.from(body))) {
      assert.throws(() => read({ kind: 'chunked' }, parts), { code: 'ERR_PROTOCOL', status: 400 });
    }
  });
}

for (const body of ['5  \r\nhello\r\n0 \r\n\r\n', '0000000000000005\r\nhello\r\n0\t\r\n\r\n']) {
  test(`a response may have blanks behind the size of a chunk, a request may not: ${JSON.stringify(body)}`, () => {
    for (const parts of splits(Buffer.from(body))) {
      assert.deepEqual(read({ kind: 'chunked' }, parts, 'response'), { taken: body.length, done: true });
      assert.throws(() => read({ kind: 'chunked' }, parts), { code: 'ERR_PROTOCOL', status: 400 });
    }
  });
}

test('extensions and trailers are limited', () => {
  const long = Buffer.from(`5;${'x'.repeat(4095)}`);
  assert.throws(() => read({ kind: 'chunked' }, [long]), { status: 400 });
  const trailers = Buffer.from(`0\r\n${`A: ${'x'.repeat(1000)}\r\n`.repeat(70)}`);
  assert.throws(() => read({ kind: 'chunked' }, [trailers]), { status: 400 });
});
