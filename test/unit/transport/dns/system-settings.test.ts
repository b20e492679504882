import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemSettings, serverSettings } from '../../../../src/transport/dns/system-settings.js';
import { FakeClock } from '../../../helper/fake-clock.js';

test('queries are sent again after what resolv.conf says, or a second', () => {
  assert.deepEqual(serverSettings('nameserver ::1').channel, {
    servers: ['::1'],
    timeoutMs: 1000,
    tries: 4,
  });
  const { channel } = serverSettings('nameserver ::1\noptions timeout:3 attempts:2');
  assert.deepEqual([channel.timeoutMs, channel.tries], [3000, 2]);
});

test('the files are the settings on Linux, the same objects until they change', () => {
  const settings = createSystemSettings(new FakeClock(), 'linux');
  assert.equal(settings.prefersSystem, false);
  assert.equal(settings.servers(), settings.servers());
  assert.equal(settings.servers().channel, settings.servers().channel);
  assert.equal(settings.hosts(), settings.hosts());
});

test('Windows and macOS keep their settings elsewhere: the system is preferred', () => {
  for (const platform of ['win32', 'darwin'] as const) {
    const settings = createSystemSettings(new FakeClock(), platform);
    assert.equal(settings.prefersSystem, true);
    assert.deepEqual(settings.servers().channel.servers, []);
    assert.equal(settings.names().systemOnly('printer.local'), true);
    assert.equal(settings.names().systemOnly('nas'), true);
    assert.equal(settings.names().systemOnly('example.com'), false);
  }
});
