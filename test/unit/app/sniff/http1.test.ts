import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sniffHttp1 } from '../../../../src/app/sniff/http1.js';
import { latin1Bytes, sniffParts, verdictText } from '../../../helper/sniffing.js';
import { splits } from '../../../helper/split.js';

const rows: readonly (readonly [request: string, verdict: string])[] = [
  ['GET / HTTP/1.1\r\nHost: www.Example.COM:8080\r\n\r\n', 'http1 www.example.com'],
  ['PATCH /x HTTP/1.1\r\nHOST:a.test\r\n\r\n', 'http1 a.test'],
  ['TRACE / HTTP/1.0\nhost:   a.test  \n\n', 'http1 a.test'],
  ['CONNECT c.test:443 HTTP/1.1\r\nHost: c.test:443\r\n\r\n', 'http1 c.test'],
  ['GET / HTTP/1.1\r\nX-Host: b.test\r\nHost: a.test.\r\n\r\n', 'http1 a.test'],
  ['GET / HTTP/1.1\r\nHost: a_b.test\r\n\r\n', 'http1 a_b.test'],
  // The protocol is known, but nothing in these can be a name.
  ['GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost: 0x7f.1\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost: a b_c!.test\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost: a..test\r\n\r\n', 'http1'],
  ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 'http1'],
  ['GET / HTTP/1.0\r\n\r\n', 'no'],
  ['GET http://abs.test/ HTTP/1.1\r\n\r\n', 'no'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'no'],
  ['GETX / HTTP/1.1\r\nHost: a.test\r\n\r\n', 'no'],
  ['GET\r\nHost: a.test\r\n\r\n', 'no'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'no'],
];

describe('requests whole, byte by byte and in parts', () => {
  for (const [request, verdict] of rows) {
    test(JSON.stringify(request), () => {
      for (const parts of splits(latin1Bytes(request))) {
        assert.equal(verdictText(sniffParts(sniffHttp1, parts)), verdict);
      }
    });
  }
});

test('a line of a body is no Host line, with either line end', () => {
  const withoutHost = 'POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\nhost: evil.test\r\n';
  assert.equal(sniffHttp1(latin1Bytes(withoutHost), 'tcp').state, 'no');
  for (const end of ['\r\n', '\n']) {
    const request = ['POST / HTTP/1.1', 'Host: a.test', 'Content-Length: 17', '', 'host: evil.test', ''].join(
      end,
    );
    assert.equal(verdictText(sniffHttp1(latin1Bytes(request), 'tcp')), 'http1 a.test');
  }
});

test('of two Host lines that have arrived the last counts', () => {
  const request = 'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n';
  assert.equal(verdictText(sniffHttp1(latin1Bytes(request), 'tcp')), 'http1 b.test');
});

test('a Host line that has not ended is waited for', () => {
  assert.equal(sniffHttp1(latin1Bytes('GET / HTTP/1.1\r\nHost: www.exam'), 'tcp').state, 'more');
});

test('the attributes of a request: method, path with query, headers in lower case', () => {
  const step = sniffHttp1(latin1Bytes('get /p?q=1 HTTP/1.1\r\nX-Foo: Bar\r\nHost: a.test\r\n\r\n'), 'tcp');
  assert.ok(step.state === 'found');
  assert.deepEqual(
    [...(step.sniffed.attributes ?? [])],
    [
      [':method', 'GET'],
      [':path', '/p?q=1'],
      ['x-foo', 'Bar'],
      ['host', 'a.test'],
    ],
  );
});

test('datagrams are not HTTP/1', () => {
  assert.equal(sniffHttp1(latin1Bytes('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), 'udp').state, 'no');
});
