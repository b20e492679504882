/** Which inbounds go to worker threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoThreads, whyNotShared } from '../../../../src/compose/workers/share.js';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { formatProblem } from '../../../../src/config/problem.js';
import type { Settings } from '../../../../src/config/settings.js';
import { nativeTest } from '../../../helper/native.js';

const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';
const vmess = { protocol: 'vmess', port: 10000, tag: 'in', settings: { clients: [{ id }] } };

function settingsOf(inbounds: readonly object[], more: object = {}): Settings {
  const { errors, settings } = parseConfig(
    JSON.stringify({ inbounds, outbounds: [{ protocol: 'freedom' }], ...more }),
  );
  assert.ok(settings, errors.map(formatProblem).join('\n'));
  return settings;
}

function reason(inbound: object, more: object = {}, others: readonly object[] = []): string | undefined {
  const settings = settingsOf([inbound, ...others], more);
  return whyNotShared(settings.inbounds[0]!, settings);
}

test('TCP inbounds of every protocol are shared', () => {
  const door = { address: '127.0.0.1', port: 80, network: 'tcp' };
  for (const inbound of [
    vmess,
    { ...vmess, streamSettings: { network: 'ws', security: 'none' } },
    { ...vmess, streamSettings: { network: 'http' } },
    { ...vmess, port: '10000-10003' },
    { protocol: 'http', port: 10000 },
    { protocol: 'socks', port: 10000 },
    { protocol: 'dokodemo-door', port: 10000, settings: door },
  ]) {
    assert.equal(reason(inbound), undefined, JSON.stringify(inbound));
  }
});

test('what needs one thread stays in one, and says why', () => {
  const door = { address: '127.0.0.1', port: 80, network: 'tcp,udp' };
  const api = {
    api: { tag: 'api', services: ['StatsService'] },
    stats: {},
    routing: { rules: [{ type: 'field', inboundTag: ['in'], outboundTag: 'api' }] },
  };
  const allocate = { strategy: 'random', concurrency: 2, refresh: 5 };
  const detour = { ...vmess, port: 10001, settings: { clients: [], detour: { to: 'in' } } };
  const rows: readonly [inbound: object, expected: RegExp, more?: object, others?: readonly object[]][] = [
    [{ ...vmess, listen: '/tmp/tsray.sock' }, /Unix/],
    [{ ...vmess, listen: '@tsray' }, /Unix/],
    [{ ...vmess, streamSettings: { network: 'kcp' } }, /kcp/],
    [{ ...vmess, port: '10000-10009', allocate }, /dynamic/],
    [{ protocol: 'socks', port: 10000, settings: { udp: true } }, /UDP/],
    [{ protocol: 'dokodemo-door', port: 10000, settings: door }, /UDP/],
    [vmess, /API/, api],
    [vmess, /dynamic/, {}, [{ ...detour, tag: 'switch' }]],
  ];
  for (const [inbound, expected, more, others] of rows) {
    assert.match(reason(inbound, more, others) ?? 'shared', expected, JSON.stringify(inbound));
  }
});

nativeTest('a configuration whose parts need each other is served by one thread', () => {
  assert.equal(whyNoThreads(settingsOf([vmess]), 'linux'), undefined);
  assert.match(whyNoThreads(settingsOf([vmess]), 'darwin') ?? '', /Linux/);
  const reverse = { portals: [{ tag: 'portal', domain: 'reverse.test' }] };
  assert.match(whyNoThreads(settingsOf([vmess], { reverse }), 'linux') ?? '', /reverse/);
  const dns = { servers: ['fakedns'] };
  assert.match(whyNoThreads(settingsOf([vmess], { dns }), 'linux') ?? '', /fakedns/);
});
