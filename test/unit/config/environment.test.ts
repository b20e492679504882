import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironmentFlags } from '../../../src/config/environment.js';

const off = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };

test('no flag is set by default', () => {
  assert.deepEqual(readEnvironmentFlags({ PATH: '/bin' }), off);
});

test('flags are read in both spellings', () => {
  const cases: [Record<string, string>, object][] = [
    [{ 'v2ray.vmess.aead.disabled': 'true' }, { vmessAeadDisabled: true }],
    [{ V2RAY_VMESS_AEAD_DISABLED: 'true' }, { vmessAeadDisabled: true }],
    [{ 'v2ray.vmess.aead.forced': 'true' }, { vmessAeadForced: true }],
    [{ V2RAY_VMESS_AEAD_FORCED: 'true' }, { vmessAeadForced: true }],
    [{ 'v2ray.vmess.padding': '1' }, { vmessPadding: true }],
    [{ V2RAY_VMESS_PADDING: '' }, { vmessPadding: true }],
  ];
  for (const [environment, changed] of cases) {
    assert.deepEqual(readEnvironmentFlags(environment), { ...off, ...changed });
  }
});

test('only the word true counts for AEAD, and dots win over underscores', () => {
  assert.deepEqual(readEnvironmentFlags({ 'v2ray.vmess.aead.forced': '1' }), off);
  assert.deepEqual(
    readEnvironmentFlags({ 'v2ray.vmess.aead.forced': 'false', V2RAY_VMESS_AEAD_FORCED: 'true' }),
    off,
  );
});
