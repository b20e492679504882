import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../../src/cli/durations.js';
import { formatListenAddress, isOpenToOthers, parseListenAddress } from '../../../src/cli/listen-address.js';
import { parseFormat } from '../../../src/cli/load-settings.js';
import { parsePort } from '../../../src/cli/ports.js';

test('lengths of time', () => {
  const hour = 3_600_000;
  const cases = {
    '90d': 2160 * hour,
    '2160h': 2160 * hour,
    '2160h0m0s': 2160 * hour,
    '1y': 8760 * hour,
    '5s': 5000,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
  for (const text of ['', '90', 'd', '-1d', '1.5h', '1w']) assert.throws(() => parseDuration(text), text);
});

test('where to listen', () => {
  const cases = {
    '1080': '127.0.0.1:1080',
    ':0': '127.0.0.1:0',
    'localhost:1': '127.0.0.1:1',
    '0.0.0.0:65535': '0.0.0.0:65535',
    '[::1]:80': '[::1]:80',
  };
  for (const [text, meant] of Object.entries(cases)) {
    assert.equal(formatListenAddress(parseListenAddress(text)), meant);
  }
  for (const text of ['', 'x', 'example.com:1', '::1', '1.2.3.4:', '1.2.3.4:65536', '1.2.3:1']) {
    assert.throws(() => parseListenAddress(text), text);
  }
  const open = ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', '0.0.0.0:1', '[::]:1', '192.0.2.1:1'];
  assert.deepEqual(
    open.map((text) => isOpenToOthers(parseListenAddress(text))),
    [false, false, false, true, true, true],
  );
});

test('ports', () => {
  assert.equal(parsePort('443'), 443);
  for (const text of ['', '0', '65536', '1e3', '-1', '0x50']) assert.throws(() => parsePort(text), text);
});

test('languages of configurations', () => {
  const cases = { json: 'json', JSON: 'json', jsonc: 'json', yml: 'yaml', toml: 'toml', jsonv5: 'jsonv5' };
  for (const [text, format] of Object.entries(cases)) assert.equal(parseFormat(text), format);
  for (const text of ['pb', 'protobuf'])
    assert.throws(() => parseFormat(text), /Protobuf is not read: give the JSON/);
  for (const text of ['', 'xml'])
    assert.throws(() => parseFormat(text), /Expected json, yaml, toml, jsonv5\./);
});
