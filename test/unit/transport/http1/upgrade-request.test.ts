import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import {
  configuredFields,
  destinationHost,
  requestFields,
  requestTarget,
} from '../../../../src/transport/http1/upgrade-request.js';
import { at } from '../../../helper/fake-listen.js';

test('fields stand in Go’s order and case', () => {
  const fields = configuredFields({ 'x-b': ' 1 ', Accept: '2', 'SEC-WEBSOCKET-PROTOCOL': '3' });
  assert.deepEqual(requestFields('example.com', [...fields, ['Upgrade', 'websocket']]), [
    ['Host', 'example.com'],
    ['User-Agent', 'Go-http-client/1.1'],
    ['Accept', '2'],
    ['Sec-WebSocket-Protocol', '3'],
    ['Upgrade', 'websocket'],
    ['X-B', '1'],
  ]);
});

test('a configured User-Agent takes the default’s place, an empty one removes it', () => {
  assert.deepEqual(configuredFields({ 'user-agent': 'curl/8' }), [['User-Agent', 'curl/8']]);
  assert.deepEqual(configuredFields({ 'User-Agent': '' }), []);
});

test('refuses fields that cannot be sent or that the handshake writes', () => {
  const cases: readonly Readonly<Record<string, string>>[] = [
    { Upgrade: 'h2c' },
    { connection: 'close' },
    { 'Sec-WebSocket-Key': 'x' },
    { 'a b': 'x' },
    { '': 'x' },
    { a: 'x\r\nB: c' },
    { a: '中' },
  ];
  for (const headers of cases) {
    assert.throws(
      () => configuredFields(headers),
      (error) => error instanceof TsrayError && error.code === 'ERR_CONFIG_VALUE',
      JSON.stringify(headers),
    );
  }
});

test('the destination is the host, with its port unless the scheme implies it', () => {
  assert.equal(destinationHost(at('example.com', 80), false), 'example.com');
  assert.equal(destinationHost(at('example.com', 443), false), 'example.com:443');
  assert.equal(destinationHost(at('example.com', 443), true), 'example.com');
  assert.equal(destinationHost(at('2001:db8::1', 443), true), '[2001:db8::1]');
  assert.equal(destinationHost(at('2001:db8::1', 8443), true), '[2001:db8::1]:8443');
});

test('paths are escaped where they must be and left alone elsewhere', () => {
  assert.equal(requestTarget('/a/../b//c?d=e%20f'), '/a/../b//c?d=e%20f');
  assert.equal(requestTarget('way'), '/way');
  assert.equal(requestTarget(''), '/');
  assert.equal(requestTarget('/路 "x"#y'), '/%E8%B7%AF%20%22x%22%23y');
  assert.equal(requestTarget('/100%'), '/100%25');
  assert.equal(requestTarget('/\r\nX: y'), '/%0D%0AX:%20y');
});
