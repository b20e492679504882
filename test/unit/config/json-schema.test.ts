import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { projectRoot } from '../../helper/project.js';

const file = join(projectRoot, 'schema', 'config.schema.json');
const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(file, 'utf8')) as object);

test('the JSON Schema in the package is what the checks of the configuration give', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'scripts', 'config-schema.mjs'), '--check'],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('it accepts a configuration with every protocol and carrier', () => {
  const config = {
    $schema: './config.schema.json',
    log: { loglevel: 'info' },
    policy: { levels: { 0: { connIdle: 10 } } },
    inbounds: [
      { protocol: 'socks', port: 1080, settings: { udp: true } },
      {
        protocol: 'vmess',
        port: '1000-1005',
        settings: { clients: [{ id: 'b831381d-6324-4d53-ad4f-8cda48b30811' }] },
        streamSettings: { network: 'ws', security: 'tls', wsSettings: { path: '/x' } },
      },
    ],
    outbounds: [{ protocol: 'freedom', settings: { domainStrategy: 'UseIPv4' } }],
  };
  assert.equal(validate(config), true, JSON.stringify(validate.errors));
});

test('it refuses wrong types, ranges and words where they stand', () => {
  const cases: readonly (readonly [config: object, at: string])[] = [
    [{ log: { loglevel: 'loud' } }, '/log/loglevel'],
    [{ inbounds: [{ protocol: 'sock', port: 1 }] }, '/inbounds/0/protocol'],
    [{ inbounds: [{ protocol: 'socks', port: 70_000 }] }, '/inbounds/0/port'],
    [{ inbounds: [{ protocol: 'socks', port: 1, settings: { udp: 'yes' } }] }, '/inbounds/0/settings/udp'],
    [
      { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [{}] } }] },
      '/inbounds/0/settings/clients/0',
    ],
    [{ policy: { levels: { 0: { connIdle: 'long' } } } }, '/policy/levels/0/connIdle'],
    [
      { outbounds: [{ protocol: 'freedom', streamSettings: { wsSettings: { path: 5 } } }] },
      '/outbounds/0/streamSettings/wsSettings/path',
    ],
  ];
  for (const [config, at] of cases) {
    assert.equal(validate(config), false, at);
    assert.ok(
      validate.errors?.some((error) => error.instancePath === at),
      `${at}: ${JSON.stringify(validate.errors?.map((error) => error.instancePath))}`,
    );
  }
});
