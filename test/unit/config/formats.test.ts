import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { type ConfigFormat, formatOf } from '../../../src/config/tree/format.js';

const json = `{
  "log": { "loglevel": "info" },
  "inbounds": [{ "tag": "in", "protocol": "socks", "listen": "127.0.0.1", "port": 1080, "settings": { "udp": true } }],
  "outbounds": [
    { "tag": "a", "protocol": "freedom", "settings": { "domainStrategy": "UseIPv4" } },
    { "tag": "b", "protocol": "blackhole" }
  ]
}`;
const yaml = `
# the same
log: { loglevel: info }
inbounds:
  - tag: in
    protocol: socks
    listen: 127.0.0.1
    port: 1080
    settings: &shared
      udp: true
outbounds:
  - tag: a
    protocol: freedom
    settings:
      domainStrategy: UseIPv4
  - { tag: b, protocol: blackhole }
`;
const toml = `
log.loglevel = "info"
[[inbounds]]
tag = "in"
protocol = "socks"
listen = "127.0.0.1"
port = 1_080
[inbounds.settings]
udp = true
[[outbounds]]
tag = "a"
protocol = "freedom"
settings = { domainStrategy = "UseIPv4" }
[[outbounds]]
tag = "b"
protocol = "blackhole"
`;

function problems(text: string, format: ConfigFormat): readonly string[] {
  const { errors } = parseConfig(text, { fileName: `c.${format}` });
  return errors.map(formatProblem);
}

test('JSON, YAML and TOML of one configuration give the same settings', () => {
  const [a, b, c] = [json, yaml, toml].map((text, index) =>
    parseConfig(text, { fileName: `config.${['json', 'yml', 'toml'][index]}` }),
  );
  assert.deepEqual(a!.errors, []);
  assert.ok(a!.settings !== undefined);
  assert.deepEqual(b!.settings, a!.settings);
  assert.deepEqual(c!.settings, a!.settings);
});

test('the format follows the ending, or is given', () => {
  assert.deepEqual(['a.json', 'a.YAML', 'b.yml', 'c.toml', 'config', '/x.d/config'].map(formatOf), [
    'json',
    'yaml',
    'yaml',
    'toml',
    'json',
    'json',
  ]);
  assert.ok(parseConfig(yaml, { fileName: 'standard input', format: 'yaml' }).settings !== undefined);
});

describe('mistakes are told with their place', () => {
  const cases: readonly (readonly [name: string, format: ConfigFormat, text: string, expected: RegExp])[] = [
    [
      'a misspelt value in YAML',
      'yaml',
      'outbounds:\n  - protocol: freedm\n',
      /^c\.yaml:2:15 .*outbounds\[0\]\.protocol.*Did you mean "freedom"/,
    ],
    [
      'a misspelt value in TOML',
      'toml',
      '[[outbounds]]\nprotocol = "freedm"\n',
      /^c\.toml:2:12 .*outbounds\[0\]\.protocol.*Did you mean "freedom"/,
    ],
    [
      'a tab in YAML',
      'yaml',
      'log:\n\tloglevel: info\n',
      /^c\.yaml:2:1 .*ERR_CONFIG_SYNTAX.*found a tab.*spaces only/,
    ],
    ['a broken YAML list', 'yaml', 'inbounds: [\n', /^c\.yaml:.*ERR_CONFIG_SYNTAX.*not YAML/],
    ['a broken TOML value', 'toml', 'log = \n', /^c\.toml:2:1 .*ERR_CONFIG_SYNTAX.*not TOML/],
    ['an empty YAML file', 'yaml', '# nothing\n', /empty file/],
    [
      'a port that YAML reads as text',
      'yaml',
      'inbounds:\n  - protocol: socks\n    port: "80 80"\n',
      /^c\.yaml:3:11 .*inbounds\[0\]\.port/,
    ],
    ['an alias that holds itself', 'yaml', 'log: &x [*x]\n', /aliases/],
    ['a date in TOML', 'toml', 'log = 1979-05-27\n', /^c\.toml:1:7 .*log: expected an object/],
  ];
  for (const [name, format, text, expected] of cases) {
    test(name, () => {
      const found = problems(text, format);
      assert.ok(
        found.some((line) => expected.test(line)),
        found.join('\n'),
      );
    });
  }
});

test('a TOML table may be continued, and keys may be dotted and quoted', () => {
  const text = '[policy.levels."1"]\nhandshake = 5\n[policy]\nlevels.2.connIdle = 7\n';
  const { settings, errors } = parseConfig(text, { fileName: 'p.toml' });
  assert.deepEqual(errors.map(formatProblem), []);
  assert.equal(settings?.policy.get(1)?.handshakeMs, 5000);
  assert.equal(settings?.policy.get(2)?.connIdleMs, 7000);
});

test('no text throws, however deep', () => {
  for (const format of ['yaml', 'toml', 'json'] as const) {
    for (const text of [
      '['.repeat(5000),
      `a = ${'['.repeat(5000)}`,
      '{a: '.repeat(2000),
      '- '.repeat(3000),
    ]) {
      assert.ok(problems(text, format).length > 0, `${format} ${text.slice(0, 10)}`);
    }
  }
});

test('YAML: a key of the object itself wins over what "<<" brings in', () => {
  const text = `x: &base {protocol: freedom, tag: base, settings: {domainStrategy: UseIP}}
outbounds:
  - {<<: *base, tag: own}
  - <<: [{tag: first}, *base]
`;
  const { errors, settings } = parseConfig(text, { fileName: 'c.yaml', format: 'yaml' });
  assert.deepEqual(errors, []);
  assert.deepEqual(
    settings?.outbounds.map(({ protocol, tag }) => `${protocol} ${tag}`),
    ['freedom own', 'freedom first'],
  );
});
