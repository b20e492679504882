import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../../../src/core/http1/head.js';
import { checkRequest } from '../../../../src/transport/ws/request.js';

const early = Buffer.from('early data');
const encoded = early.toString('base64url');

function head(target: string, more: Readonly<Record<string, string>> = {}, method = 'GET'): RequestHead {
  const fields = { host: 'example.com', connection: 'Upgrade', upgrade: 'websocket', ...more };
  return { method, target, minor: 1, fields: Object.entries(fields) };
}

type Settings = Parameters<typeof checkRequest>[1];

function check(request: RequestHead, more: Partial<Settings> = {}): string {
  const settings = { path: '/way', maxEarlyData: 0, earlyDataHeaderName: '', ...more };
  const checked = checkRequest(request, settings);
  return checked.kind === 'refused' ? 'refused' : Buffer.from(checked.early).toString();
}

test('takes the configured path, with any query', () => {
  assert.equal(check(head('/way')), '');
  assert.equal(check(head('/way?ed=2048')), '');
  assert.equal(check(head('/w%61y')), '');
  assert.equal(check(head('/way'), { path: '/way?x=y' }), '');
  assert.equal(check(head('/%E8%B7%AF'), { path: '/路' }), '');
  for (const target of ['/', '/wa', '/way/', '/wayx', '/Way', 'way', '/x?/way', '/%', '*']) {
    assert.equal(check(head(target)), 'refused', target);
  }
});

test('takes upgrades to WebSocket only', () => {
  assert.equal(check(head('/way', { connection: 'keep-alive, upgrade', upgrade: 'WebSocket' })), '');
  assert.equal(check(head('/way', {}, 'POST')), 'refused');
  assert.equal(check(head('/way', { connection: 'close' })), 'refused');
  assert.equal(check(head('/way', { upgrade: 'h2c' })), 'refused');
});

test('looks at the host only where one is required', () => {
  assert.equal(check(head('/way', { host: 'other.example:8080' })), '');
  assert.equal(check(head('/way', { host: 'Other.Example:8080' }), { requiredHost: 'other.example' }), '');
  assert.equal(check(head('/way', { host: '[2001:db8::1]:80' }), { requiredHost: '[2001:db8::1]' }), '');
  assert.equal(check(head('/way'), { requiredHost: 'other.example' }), 'refused');
});

test('reads early data from Sec-WebSocket-Protocol without being asked to', () => {
  assert.equal(check(head('/way', { 'sec-websocket-protocol': encoded })), 'early data');
  assert.equal(check(head('/way', { 'sec-websocket-protocol': early.toString('base64') })), 'early data');
  assert.equal(check(head('/way', { 'sec-websocket-protocol': 'chat, superchat' })), '');
});

test('reads early data from the configured header', () => {
  const settings = { maxEarlyData: 2048, earlyDataHeaderName: 'X-Early' };
  assert.equal(check(head('/way', { 'x-early': encoded }), settings), 'early data');
  assert.equal(check(head('/way'), settings), '');
  assert.equal(check(head(`/way${encoded}`, {}), settings), 'refused');
});

test('reads early data that follows the path', () => {
  const settings = { maxEarlyData: 2048 };
  assert.equal(check(head(`/way${encoded}`), settings), 'early data');
  assert.equal(check(head('/way'), settings), '');
  assert.equal(check(head(`/way/?ed=${encoded}`), { ...settings, path: '/way/?ed=' }), 'early data');
  assert.equal(check(head('/way?.'), settings), 'refused');
  assert.equal(check(head('/wa'), settings), 'refused');
});
