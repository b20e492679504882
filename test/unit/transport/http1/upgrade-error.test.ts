import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refused } from '../../../../src/transport/http1/upgrade-error.js';

test('each answer of a web site or CDN has a hint that fits it', () => {
  const expected: readonly (readonly [number, RegExp])[] = [
    [200, /^A web site answered: the path or the host is another one/],
    [204, /^A web site answered/],
    [301, /redirects/],
    [308, /redirects/],
    [400, /Upgrade and Connection headers/],
    [403, /forbids it/],
    [404, /Compare path and host/],
    [405, /Compare path and host|compare path and host/],
    [421, /no site of that name/],
    [502, /the server behind it is not/],
    [504, /does not answer/],
    [521, /CDN in front cannot reach/],
    [526, /its TLS/],
    [500, /a fault of its own/],
  ];
  const hints = new Map(expected.map(([status]) => [status, refused('h:1', status, 'WebSocket').hint]));
  for (const [status, hint] of expected) assert.match(hints.get(status) ?? '', hint, String(status));
  for (const what of ['WebSocket', 'httpupgrade']) {
    const { code, message } = refused('h:1', 200, what);
    assert.equal(code, 'ERR_UPSTREAM');
    assert.equal(message, `h:1 answered the ${what} request with status 200`);
  }
  const asked = [200, 301, 403, 404, 502].map((status) => hints.get(status));
  assert.equal(new Set(asked).size, asked.length, 'each has its own');
});
