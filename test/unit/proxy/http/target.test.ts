import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../../../src/core/http1/head.js';
import { parseTarget } from '../../../../src/proxy/http/target.js';

const head = (method: string, target: string, ...hosts: string[]): RequestHead => ({
  method,
  target,
  minor: 1,
  fields: hosts.map((host) => ['Host', host]),
});

const good: readonly [
  head: RequestHead,
  form: string,
  host: string,
  port: number,
  path?: string,
  field?: string,
][] = [
  [head('CONNECT', 'example.com:443'), 'authority', 'example.com', 443],
  [head('CONNECT', '[2001:db8::1]:22'), 'authority', '2001:db8::1', 22],
  [head('CONNECT', '192.0.2.7:80', 'other.example'), 'authority', '192.0.2.7', 80],
  [head('GET', 'http://example.com'), 'absolute', 'example.com', 80, '/', 'example.com'],
  [
    head('GET', 'http://example.com:8080/a?b=c', 'other'),
    'absolute',
    'example.com',
    8080,
    '/a?b=c',
    'example.com:8080',
  ],
  [head('GET', 'HTTP://[::1]:81?q'), 'absolute', '::1', 81, '/?q', '[::1]:81'],
  [head('GET', 'http://example.com:/x'), 'absolute', 'example.com', 80, '/x', 'example.com:'],
  [head('OPTIONS', 'http://example.com'), 'absolute', 'example.com', 80, '*', 'example.com'],
  [head('GET', '/path', 'example.com:81'), 'origin', 'example.com', 81, '/path', 'example.com:81'],
  [head('OPTIONS', '*', 'example.com'), 'origin', 'example.com', 80, '*', 'example.com'],
];

for (const [request, form, host, port, path, field] of good) {
  test(`reads ${request.method} ${request.target}`, () => {
    const target = parseTarget(request);
    assert.equal(target.form, form);
    assert.equal(target.authority.address.host, host);
    assert.equal(target.authority.port, port);
    if (target.form !== 'authority') {
      assert.equal(target.path, path);
      assert.equal(target.host, field);
    }
  });
}

const bad: readonly RequestHead[] = [
  head('CONNECT', 'example.com'),
  head('CONNECT', 'example.com:0'),
  head('CONNECT', 'example.com:65536'),
  head('CONNECT', 'example.com:443x'),
  head('CONNECT', '::1:443'),
  head('CONNECT', ':443'),
  head('CONNECT', 'http://example.com/'),
  head('GET', 'https://example.com/'),
  head('GET', 'ftp://example.com/'),
  head('GET', 'http://'),
  head('GET', 'http:///x'),
  head('GET', 'http://user:pass@example.com/'),
  head('GET', 'http://exa"mple/'),
  head('GET', 'example.com'),
  head('GET', '*', 'example.com'),
  head('GET', '/'),
  head('GET', '/', ''),
  head('GET', '/', 'a', 'b'),
  head('GET', 'http://a/', 'a', 'a'),
];

for (const request of bad) {
  test(`refuses ${request.method} ${request.target} with ${request.fields.length} Host fields`, () => {
    assert.throws(() => parseTarget(request), { code: 'ERR_PROTOCOL', status: 400 });
  });
}
