import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestHead, parseResponseHead } from '../../../../src/core/http1/head.js';

const head = (...lines: readonly string[]) => ({ lines, bareLf: -1 });

const requestLines: readonly [line: string, status: number][] = [
  ['', 400],
  ['GET /', 400],
  ['GET  / HTTP/1.1', 400],
  ['GET\t/\tHTTP/1.1', 400],
  ['GET / HTTP/1.1 ', 400],
  [' GET / HTTP/1.1', 400],
  ['GET / http/1.1', 400],
  ['GET /\0 HTTP/1.1', 400],
  ['GET / HTTP/2.0', 505],
  ['GET / HTTP/1.11', 505],
];

for (const [line, status] of requestLines) {
  test(`no request: ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseRequestHead(head(line)), { code: 'ERR_PROTOCOL', status });
  });
}

test('a request line of HTTP/1.0 and HTTP/1.1, with any target', () => {
  assert.equal(parseRequestHead(head('GET / HTTP/1.0')).minor, 0);
  assert.equal(parseRequestHead(head('M-SEARCH * HTTP/1.1')).method, 'M-SEARCH');
  assert.equal(parseRequestHead(head('GET /caf\xe9?"x" HTTP/1.1')).target, '/caf\xe9?"x"');
});

test('a request is refused for a line that ends without a carriage return, by its number', () => {
  const doubtful = { lines: ['GET / HTTP/1.1', 'Host: a', 'B: c'], bareLf: 1 };
  assert.throws(() => parseRequestHead(doubtful), { status: 400, message: /^line 2 .*carriage return/ });
});

const statusLines: readonly [line: string, minor: 0 | 1, status: number, reason: string][] = [
  ['HTTP/1.1 200 OK', 1, 200, 'OK'],
  ['HTTP/1.0 404 Not  Found', 0, 404, 'Not  Found'],
  ['HTTP/1.1 200', 1, 200, ''],
  ['HTTP/1.1 200 ', 1, 200, ''],
  ['HTTP/1.1   200 OK', 1, 200, 'OK'],
  ['HTTP/1.1 200  OK', 1, 200, ' OK'],
  ['HTTP/1.1 404 \xe9\xff', 1, 404, '\xe9\xff'],
  ['HTTP/1.1 200 a\x01b\0', 1, 200, 'a b '],
  ['HTTP/1.2 200 OK', 1, 200, 'OK'],
  ['HTTP/2.0 200 OK', 1, 200, 'OK'],
  ['HTTP/0.9 200 OK', 0, 200, 'OK'],
  ['HTTP/1.1 999 x', 1, 999, 'x'],
];

for (const [line, minor, status, reason] of statusLines) {
  test(`status line: ${JSON.stringify(line)}`, () => {
    assert.deepEqual(parseResponseHead(head(line)), { minor, status, reason, fields: [] });
  });
}

for (const line of [
  '',
  'SSH-2.0-x',
  'ICY 200 OK',
  'HTTP/1.1 1',
  'HTTP/1.1 1010 x',
  'HTTP/1.1 099 x',
  'HTTP/1.1 20x x',
  'HTTP/1.1 -20 x',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.01 200 OK',
  'HTTP/2 200 OK',
  'http/1.1 200 OK',
  ' HTTP/1.1 200 OK',
  '\xef\xbb\xbfHTTP/1.1 200 OK',
]) {
  test(`no status line: ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseResponseHead(head(line)), { status: 502, message: /^line 1 of the response/ });
  });
}

test('a response is refused for what is no field, by its number', () => {
  assert.throws(() => parseResponseHead(head('HTTP/1.1 200 OK', 'A: b', 'HTTP/1.1 200 OK')), {
    status: 502,
    message: /^line 3 /,
  });
});
