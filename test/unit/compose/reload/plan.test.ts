/** What differs between two configurations, as it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Plan, planReload } from '../../../../src/compose/reload/plan.js';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { formatProblem } from '../../../../src/config/problem.js';

const id = (n: number): string => `a3482e88-686a-4a58-8126-99c9df64b${String(n).padStart(3, '0')}`;

const server = {
  inbounds: [
    {
      protocol: 'vmess',
      tag: 'in',
      port: 10000,
      settings: {
        clients: [
          { id: id(1), email: 'a@x' },
          { id: id(2), email: 'b@x' },
        ],
      },
    },
    { protocol: 'http', port: 10001, listen: '127.0.0.1' },
  ],
  outbounds: [
    { protocol: 'freedom', tag: 'direct' },
    { protocol: 'blackhole', tag: 'block' },
  ],
  routing: { rules: [{ type: 'field', port: 25, outboundTag: 'block' }] },
};

type Config = typeof server & Record<string, unknown>;

function plan(change: (config: Config) => void): Plan {
  const settingsOf = (config: object) => {
    const { errors, settings } = parseConfig(JSON.stringify(config));
    assert.ok(settings, errors.map(formatProblem).join('\n'));
    return settings;
  };
  const next = structuredClone(server) as Config;
  change(next);
  return planReload(settingsOf(server), settingsOf(next));
}

const clients = (config: Config): { id: string; email?: string; level?: number }[] =>
  config.inbounds[0]!.settings!.clients;

test('a configuration that differs in nothing has nothing to tell', () => {
  const { inbounds, lines, outbounds, removedUsers, sections } = plan(() => undefined);
  assert.deepEqual(lines, []);
  assert.deepEqual(removedUsers, []);
  assert.equal(sections.size, 0);
  assert.ok([...inbounds.entries, ...outbounds.entries].every(({ differs }) => !differs));
});

const rows: readonly (readonly [name: string, change: (config: Config) => void, lines: readonly string[]])[] =
  [
    [
      'a user comes',
      (config) => clients(config).push({ id: id(3), email: 'c@x' }),
      ['inbound "in": user c@x added'],
    ],
    ['a user goes', (config) => clients(config).pop(), ['inbound "in": user b@x removed']],
    [
      'a user has another level',
      (config) => {
        clients(config)[0]!.level = 2;
      },
      ['inbound "in": user a@x changed'],
    ],
    [
      'a user has another ID',
      (config) => {
        clients(config)[0]!.id = id(9);
      },
      ['inbound "in": user a@x has another ID'],
    ],
    [
      'a user without an email comes',
      (config) => clients(config).push({ id: id(4) }),
      ['inbound "in": a user without an email added'],
    ],
    ['users in another order are no change', (config) => clients(config).reverse(), []],
    [
      'an inbound moves',
      (config) => {
        config.inbounds[0]!.port = 10009;
      },
      ['inbound "in" moves from 0.0.0.0:10000 to 0.0.0.0:10009'],
    ],
    [
      'an inbound is carried otherwise',
      (config) => Object.assign(config.inbounds[0]!, { streamSettings: { network: 'ws' } }),
      ['inbound "in" changed'],
    ],
    [
      'an inbound without a tag is known by its place',
      (config) => Object.assign(config.inbounds[1]!, { settings: { allowTransparent: true } }),
      ['inbound on 127.0.0.1:10001 changed'],
    ],
    [
      'inbounds come and go',
      (config) =>
        config.inbounds.splice(0, 1, { protocol: 'http', port: 10002, listen: '::1', tag: 'new' } as never),
      ['inbound "in" removed', 'inbound "new" added on [::1]:10002'],
    ],
    [
      'outbounds',
      (config) => {
        config.outbounds = [
          { protocol: 'freedom', tag: 'new' },
          { protocol: 'freedom', tag: 'direct', settings: { domainStrategy: 'UseIP' } } as never,
          { protocol: 'blackhole', tag: 'block' },
        ];
      },
      ['outbound "new" added', 'outbound "direct" changed'],
    ],
    [
      'another default',
      (config) => config.outbounds.reverse(),
      ['outbounds in another order, the first is the outbound "block"'],
    ],
    [
      'rules, policy, statistics, log, DNS, threads',
      (config) => {
        config.routing.rules.pop();
        Object.assign(config, {
          policy: { levels: { 0: { connIdle: 9 } } },
          stats: {},
          log: { loglevel: 'info' },
          dns: { servers: ['127.0.0.1'] },
          workers: 2,
        });
      },
      [
        'log changed',
        'policy changed',
        'stats changed',
        'dns changed',
        'routing changed: 1 rules before, 0 now',
        'workers changed: takes effect after a restart',
      ],
    ],
  ];

for (const [name, change, lines] of rows) {
  test(`told: ${name}`, () => assert.deepEqual(plan(change).lines, lines));
}

test('users that are cut: those removed, and those whose ID is another one now', () => {
  const { removedUsers } = plan((config) => {
    clients(config)[0]!.id = id(9);
    clients(config).pop();
  });
  assert.deepEqual(removedUsers, [
    { inboundTag: 'in', email: 'a@x' },
    { inboundTag: 'in', email: 'b@x' },
  ]);
});
