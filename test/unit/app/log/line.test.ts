import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessText, errorText, sanitize, Timestamps } from '../../../../src/app/log/line.js';
import { FakeClock } from '../../../helper/fake-clock.js';

// The examples of V2Ray 4.34's own logs, addresses changed.
test('access lines have V2Ray’s form', () => {
  const from = '192.0.2.7:37884';
  assert.equal(
    accessText({ from, status: 'accepted', to: 'tcp:example.com:443', detour: 'direct', email: 'a@b' }),
    '192.0.2.7:37884 accepted tcp:example.com:443 [direct] email: a@b',
  );
  assert.equal(
    accessText({ from, status: 'rejected', to: '', reason: 'proxy/vmess: invalid user' }),
    '192.0.2.7:37884 rejected  proxy/vmess: invalid user',
  );
  assert.equal(
    accessText({
      from: `tcp:${from}`,
      status: 'accepted',
      to: 'tcp:example.com:80',
      detour: 'bh',
      email: '',
    }),
    'tcp:192.0.2.7:37884 accepted tcp:example.com:80 [bh]',
  );
  assert.equal(
    accessText({ from, status: 'accepted', to: '//example.com:443', detour: '' }),
    '192.0.2.7:37884 accepted //example.com:443',
  );
});

test('error lines have V2Ray’s form', () => {
  assert.equal(
    errorText('warning', 1234567890, 'proxy/socks', 'failed'),
    '[Warning] [1234567890] proxy/socks: failed',
  );
  assert.equal(errorText('debug', undefined, 'app/log', 'on'), '[Debug] app/log: on');
  assert.equal(errorText('info', 7, undefined, 'on'), '[Info] [7] on');
  assert.equal(errorText('error', 0, undefined, 'off'), '[Error] [0] off');
});

test('what looks like a user ID is left out', () => {
  const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';
  for (const text of [id, id.toUpperCase(), id.replaceAll('-', ''), `x ${id}.`, `user=${id}&`]) {
    const clean = sanitize(text);
    assert.ok(!/6324/.test(clean), clean);
    assert.match(clean, /\(id left out\)/);
  }
  for (const text of ['0123456789abcdef', 'a'.repeat(33), 'b831381d-6324-4d53-ad4f', 'v1.2.3-2026']) {
    assert.equal(sanitize(text), text);
  }
});

test('a client’s name cannot start a line of its own or steer a terminal', () => {
  assert.equal(sanitize('a\r\nb\u001b[31mc\u2028d\u0085'), 'a\\u000d\\u000ab\\u001b[31mc\\u2028d\\u0085');
  assert.equal(sanitize('x'.repeat(5000)).length, 4097);
});

test('time is local and moves by the second', () => {
  const clock = new FakeClock(new Date(2026, 0, 2, 3, 4, 5, 999).getTime());
  const times = new Timestamps(clock);
  assert.equal(times.now(), '2026/01/02 03:04:05');
  clock.advance(1);
  assert.equal(times.now(), '2026/01/02 03:04:06');
});
