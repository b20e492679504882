import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHead, fieldList, fieldValues } from '../../../../src/core/http1/fields.js';
import { HeadDecoder, type HeadStep } from '../../../../src/core/http1/head-decoder.js';
import { assertLinear } from '../../../helper/growth.js';
import { splits } from '../../../helper/split.js';

/** Of requests to a proxy. */
const limitBytes = 64 * 1024;

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Pushes all parts; what follows the head in the last part is in `rest`. */
function feed<T>(decoder: HeadDecoder<T>, parts: readonly Uint8Array[]): HeadStep<T> {
  let step: HeadStep<T> = { kind: 'more' };
  for (const part of parts) {
    step = decoder.push(part);
    if (step.kind !== 'more') break;
  }
  return step;
}

const request =
  'GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nAccept:  a, b \t\r\nAccept: c\r\n\r\n';

test('reads a request head at every split', () => {
  for (const parts of splits(bytes(request))) {
    const step = feed(HeadDecoder.request(limitBytes), parts);
    assert.ok(step.kind === 'head');
    assert.deepEqual(step.head, {
      method: 'GET',
      target: 'http://example.com/a?b',
      minor: 1,
      fields: [
        ['Host', 'example.com'],
        ['X-Empty', ''],
        ['Accept', 'a, b'],
        ['Accept', 'c'],
      ],
    });
    assert.equal(step.rest.length, 0);
    assert.deepEqual(fieldValues(step.head.fields, 'accept'), ['a, b', 'c']);
    assert.deepEqual(fieldList(step.head.fields, 'accept'), ['a', 'b', 'c']);
  }
});

test('returns what follows the head', () => {
  const all = bytes(`${request}body\r\n\r\n`);
  const whole = HeadDecoder.request(limitBytes).push(all);
  assert.ok(whole.kind === 'head');
  assert.equal(Buffer.from(whole.rest).toString(), 'body\r\n\r\n');
  const decoder = HeadDecoder.request(limitBytes);
  decoder.push(all.subarray(0, 40));
  const second = decoder.push(all.subarray(40));
  assert.ok(second.kind === 'head');
  assert.equal(Buffer.from(second.rest).toString(), 'body\r\n\r\n');
});

test('empty lines before a request are skipped; a head has begun only with its first byte', () => {
  const decoder = HeadDecoder.request(limitBytes);
  assert.equal(decoder.push(bytes('\r\n')).kind, 'more');
  assert.equal(decoder.begun, false);
  assert.equal(decoder.push(bytes('\r\nGET / HT')).kind, 'more');
  assert.equal(decoder.begun, true);
  assert.equal(decoder.push(bytes('TP/1.0\r\n\r\n')).kind, 'head');
});

const bad: readonly [name: string, text: string, status: number][] = [
  ['no version', 'GET /\r\n\r\n', 400],
  ['two blanks', 'GET  / HTTP/1.1\r\n\r\n', 400],
  ['a blank at the end', 'GET / HTTP/1.1 \r\n\r\n', 400],
  ['a method that is no token', 'G(T / HTTP/1.1\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\n', 505],
  ['a version of its own', 'GET / HTTQ/1.1\r\n\r\n', 400],
  ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['bare LF before the empty line', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 400],
  ['bare CR in a value', 'GET / HTTP/1.1\r\nA: b\rc\r\n\r\n', 400],
  ['NUL', 'GET / HTTP/1.1\r\nA: b\0c\r\n\r\n', 400],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n', 400],
  ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400],
  ['no colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n', 400],
  ['no name', 'GET / HTTP/1.1\r\n: a\r\n\r\n', 400],
];

for (const [name, text, status] of bad) {
  test(`refuses a request with ${name}`, () => {
    for (const parts of splits(bytes(text))) {
      const step = feed(HeadDecoder.request(limitBytes), parts);
      assert.ok(step.kind === 'failed');
      assert.equal(step.error.status, status);
    }
  });
}

test('a head may have 64 KiB and not a byte more', () => {
  const start = 'GET / HTTP/1.1\r\nA: ';
  const fits = `${start}${'x'.repeat(limitBytes - start.length - 4)}\r\n\r\n`;
  assert.equal(fits.length, limitBytes);
  assert.equal(HeadDecoder.request(limitBytes).push(bytes(`${fits}body`)).kind, 'head');
  const tooLong = HeadDecoder.request(limitBytes).push(bytes(`${start}${fits}`));
  assert.ok(tooLong.kind === 'failed');
  assert.equal(tooLong.error.status, 431);
  const decoder = HeadDecoder.request(limitBytes);
  for (let i = 0; i < 63; i += 1) assert.equal(decoder.push(Buffer.alloc(1024, 'x')).kind, 'more');
  assert.equal(decoder.push(Buffer.alloc(1024, 'x')).kind, 'failed');
});

test('reads responses, forgiving bare LF, folded lines and an absent reason', () => {
  const text = 'HTTP/1.0 404 Not  Found\nA: b\n  c\nB: d\n\nbody';
  for (const parts of splits(bytes(text.slice(0, -4)))) {
    const step = feed(HeadDecoder.response(limitBytes), parts);
    assert.ok(step.kind === 'head');
    assert.deepEqual(step.head, {
      minor: 0,
      status: 404,
      reason: 'Not  Found',
      fields: [
        ['A', 'b c'],
        ['B', 'd'],
      ],
    });
  }
  const bare = HeadDecoder.response(limitBytes).push(bytes('HTTP/1.1 200\r\n\r\n'));
  assert.ok(bare.kind === 'head');
  assert.equal(bare.head.reason, '');
});

test('refuses responses that do not begin with a status line', () => {
  for (const text of [
    'SSH-2.0-x\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 099 X\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
  ]) {
    const step = HeadDecoder.response(limitBytes).push(bytes(text));
    assert.ok(step.kind === 'failed', text);
    assert.equal(step.error.status, 502);
  }
});

test('writes a head', () => {
  assert.equal(
    Buffer.from(
      encodeHead('GET / HTTP/1.1', [
        ['Host', 'a'],
        ['B', ''],
      ]),
    ).toString(),
    'GET / HTTP/1.1\r\nHost: a\r\nB: \r\n\r\n',
  );
});

const around = ['GET / HTTP/1.1\r\nHost: a\r\n', 'HTTP/1.1 200 OK\r\n'] as const;
const runs: readonly [name: string, run: (bytes: number) => string][] = [
  ['blanks within a value', (count) => `X: a${' '.repeat(count)}b\r\n`],
  ['blanks before a value', (count) => `X:${' '.repeat(count)}b\r\n`],
  ['blanks behind a value', (count) => `X: b${' '.repeat(count)}\r\n`],
  ['tabs within a value', (count) => `X: a${'\t'.repeat(count)}b\r\n`],
  ['blanks within a list', (count) => `Transfer-Encoding: a,${' '.repeat(count)}b\r\n`],
  ['blanks and tabs in turn', (count) => `X: a${' \t'.repeat(count / 2)}b\r\n`],
  ['blanks before a colon', (count) => `X${' '.repeat(count)}: a\r\n`],
  ['a folded line of blanks', (count) => `X: a\r\n${' '.repeat(count)}b\r\n`],
  ['many folded lines', (count) => `X: a\r\n${' b\r\n'.repeat(count / 4)}`],
];

for (const [name, run] of runs) {
  test(`64 KiB head with ${name}: read in time that grows with its size`, () => {
    for (const [index, begin] of around.entries()) {
      assertLinear(name, 64_000, (count) => {
        const head = bytes(`${begin}${run(count)}\r\n`);
        const step =
          index === 0
            ? HeadDecoder.request(limitBytes).push(head)
            : HeadDecoder.response(limitBytes).push(head);
        if (step.kind === 'head') fieldList(step.head.fields, 'transfer-encoding');
      });
    }
  });
}
