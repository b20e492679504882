import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { runs } from '../../helper/property-runs.js';

const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';
const header = { '@type': 'types.v2fly.org/v2ray.core.transport.internet.headers.http.Config' };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A little of everything. */
const sample: Json = {
  log: { access: { type: 'File', path: '/a' }, error: { type: 'Console', level: 'Info' } },
  inbounds: [
    { protocol: 'vmess', port: 1, tag: 'a', settings: { users: [id] } },
    { protocol: 'socks', port: 2, settings: { udpEnabled: true, packetEncoding: 'Packet' } },
    { protocol: 'dokodemo-door', port: 3, settings: { address: 'a', port: '53', networks: ['udp'] } },
  ],
  outbounds: [
    {
      protocol: 'vmess',
      settings: { address: 'a', port: 1, uuid: id },
      streamSettings: {
        transport: 'ws',
        transportSettings: { maxEarlyData: '1', header: [{ key: 'Host', value: 'a' }] },
        security: 'tls',
        securitySettings: { nextProtocol: ['h2'], certificate: [{ usage: 1, certificateFile: '/a' }] },
      },
    },
    {
      protocol: 'socks',
      tag: 'b',
      settings: { address: 'a', port: 1 },
      streamSettings: {
        transport: 'kcp',
        transportSettings: { mtu: { value: 1200 }, readBuffer: { size: 1 }, seed: { seed: 'a' } },
      },
      proxySettings: { tag: 'c' },
    },
    {
      protocol: 'freedom',
      tag: 'c',
      settings: { destinationOverride: { server: { address: 'a', port: 1 } } },
      streamSettings: {
        transportSettings: { headerSettings: { ...header, request: { uri: ['/'], header: [] } } },
      },
    },
  ],
  services: {
    policy: { level: { 0: { timeout: { connectionIdle: { value: 9 } }, buffer: { connection: 1 } } } },
  },
};

function examine(text: string): void {
  const lines = text.split('\n');
  for (const options of [{}, { format: 'jsonv5', strict: true, ignoreUnsupported: true } as const]) {
    const { settings, errors, warnings } = parseConfig(text, options);
    assert.equal(settings === undefined, errors.length > 0, 'settings or errors, never both or none');
    for (const problem of [...errors, ...warnings]) {
      assert.ok(problem.line >= 1 && problem.line <= lines.length, formatProblem(problem));
      assert.ok(problem.column >= 1 && problem.column <= lines[problem.line - 1]!.length + 1);
    }
  }
}

/** Every object and list inside, the outermost first. */
function containers(value: Json): (Json[] | Record<string, Json>)[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json[] | Record<string, Json>, ...Object.values(value).flatMap(containers)];
}

const keys = fc.constantFrom(
  ...[
    'settings',
    'streamSettings',
    'users',
    'clients',
    'vnext',
    'header',
    'headers',
    'value',
    'size',
    '@type',
  ],
  ...['transport', 'network', 'log', 'services', 'policy', 'level', 'constructor', '__proto__', 'toString'],
);
const values = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1.5, '', 'a', '7', [], {}, [[]], [{}], { value: {} }),
  fc.constantFrom<Json>('constructor', '__proto__', 'vmess', 'socks', 'kcp', 'quic', 'utls', 'tls', 'File'),
  fc.constantFrom<Json>({ key: 'a' }, { '@type': 'a' }, { server: {} }, { server: [] }, { type: 'File' }),
);

test('whatever is changed in a jsonv5 file, it gives settings or positioned errors', () => {
  const change = fc.tuple(fc.nat(), fc.nat(), fc.option(keys), values);
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(changes, (list) => {
      const config = structuredClone(sample) as Json;
      for (const [where, which, key, drawn] of list) {
        const value = structuredClone(drawn) as Json;
        const all = containers(config);
        const around = all[where % all.length] as Record<string, Json>;
        const present = Object.keys(around);
        const target = key ?? present[which % Math.max(1, present.length)] ?? '0';
        Object.defineProperty(around, target, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      examine(JSON.stringify(config, null, 1));
    }),
    runs(200),
  );
});

test('keys mean the same in both spellings and in any case', () => {
  const spellings: readonly ((key: string) => string)[] = [
    (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    (key) => key.toUpperCase(),
  ];
  const renamed = (value: Json, spell: (key: string) => string): Json => {
    if (Array.isArray(value)) return value.map((item: Json) => renamed(item, spell));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value as Readonly<Record<string, Json>>);
    return Object.fromEntries(
      entries.map(([key, item]) => [key.startsWith('@') ? key : spell(key), renamed(item, spell)]),
    );
  };
  const expected = parseConfig(JSON.stringify(sample));
  assert.deepEqual(expected.errors.map(formatProblem), []);
  for (const spell of spellings) {
    const { settings, errors } = parseConfig(JSON.stringify(renamed(sample, spell)));
    assert.deepEqual(errors.map(formatProblem), []);
    assert.deepEqual(settings, expected.settings);
  }
});
