import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemLines, settingsOf } from '../../helper/config.js';

const minimal = { inbounds: [], outbounds: [{ protocol: 'freedom' }] };
const withApi = (api: object): string => JSON.stringify({ ...minimal, api });

test('api: where it listens, and which services', () => {
  const api = (given: object) =>
    settingsOf({ ...minimal, api: { tag: 'api', ...given } }, { partial: true }).api;
  assert.deepEqual(api({ services: ['StatsService', 'Foo'] }), {
    tag: 'api',
    services: ['statsservice', 'foo'],
  });
  assert.deepEqual(api({ listen: '[::1]:10085', token: 'x' }), {
    tag: 'api',
    services: [],
    listen: { host: '::1', port: 10085 },
    token: 'x',
  });
  assert.deepEqual(api({ listen: '/run/a.sock' })?.listen, { path: '/run/a.sock' });
});

test('api: what cannot be is refused, what is open or missing is told', () => {
  const lines = (api: object): string => problemLines(withApi(api), { partial: true }).join('\n');
  assert.match(lines({ services: ['StatsService'] }), /ERR_CONFIG_MISSING {2}api.tag/);
  assert.match(lines({ tag: 'api', listen: 'localhost:1' }), /ERR_CONFIG_VALUE {2}api.listen/);
  assert.match(lines({ tag: 'api', listen: '127.0.0.1:65536' }), /ERR_CONFIG_VALUE {2}api.listen/);
  assert.match(lines({ tag: 'api', token: 'hidden' }), /ERR_CONFIG_CONFLICT {2}api.token/);
  assert.doesNotMatch(lines({ tag: 'api', token: 'hidden' }), /hidden/);
  assert.match(lines({ tag: 'api', listen: '0.0.0.0:1' }), /warning {2}ERR_CONFIG_VALUE {2}api.listen/);
  assert.match(
    lines({ tag: 'api', services: ['reflectionService'] }),
    /warning {2}ERR_CONFIG_UNSUPPORTED {2}api.services\[0\]/,
  );
});
