import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { rootSchema } from '../../../src/config/schema/root.js';
import { anyText } from '../../helper/any-text.js';
import { runs } from '../../helper/property-runs.js';

/** Parses and checks what must hold for any text at all. */
function examine(text: string): void {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const options of [{}, { strict: true, ignoreUnsupported: true }]) {
    const { settings, errors, warnings } = parseConfig(text, options);
    assert.equal(settings === undefined, errors.length > 0, 'settings or errors, never both or none');
    for (const problem of [...errors, ...warnings]) {
      assert.ok(problem.line >= 1 && problem.line <= lines.length, formatProblem(problem));
      assert.ok(problem.column >= 1 && problem.column <= lines[problem.line - 1]!.length + 1);
    }
  }
}

test('any text gives settings or positioned errors, and nothing is thrown', () => {
  fc.assert(fc.property(anyText(200), examine), runs(200));
});

test('any soup of JSON tokens gives settings or positioned errors', () => {
  const token = fc.constantFrom(
    ...['{', '}', '[', ']', ',', ':', '"', "'", '\\', '\n', '\r', '//', '/*', '*/', '#', '"a"', '"inbounds"'],
    ...[
      '1',
      '-',
      '01',
      '1.',
      'true',
      'null',
      'nul',
      '\uFEFF',
      '"port"',
      '"settings"',
      '“',
      '\\u00',
      '__proto__',
    ],
  );
  const soup = fc.array(token, { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(fc.property(soup, examine), runs(1500));
});

test('brackets nested too deep are an error, however they are hidden from the scan', () => {
  const deep = 50_000;
  for (const unit of ['[', '{"a":', '[},', '{],', "'[", '"\\\n"[', '[{', '][[', '[/**/', '["]",']) {
    examine(unit.repeat(deep));
    examine(`{"x":${unit.repeat(deep)}`);
    examine(`}${']'.repeat(deep)}${unit.repeat(deep)}`);
  }
});

/** Objects with keys of real sections and any values in them. */
function configLike(): fc.Arbitrary<unknown> {
  const keys = [
    ...Object.keys(rootSchema.entries),
    ...['protocol', 'port', 'listen', 'tag', 'settings', 'streamSettings', 'allocate', 'sniffing', 'mux'],
    ...[
      'clients',
      'id',
      'alterId',
      'vnext',
      'servers',
      'users',
      'address',
      'accounts',
      'levels',
      '0',
      'detour',
    ],
    ...['proxySettings', 'network', 'security', 'to', 'strategy', 'redirect', '__proto__', 'constructor'],
  ];
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(
      'vmess',
      'socks',
      'http',
      'freedom',
      'dokodemo-door',
      'blackhole',
      'tcp',
      '',
      'ws',
    ),
    fc.constantFrom<unknown>(0, 1, -1, 80, 65536, 1.5, 1e300, true, false, null, '1000-1005', 'env:PORT'),
    fc.string({ maxLength: 8 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'medium' }, scalar, tie('object'), fc.array(tie('value'), { maxLength: 3 })),
    object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
  }));
  return fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 8 });
}

test('real keys with any values give settings or positioned errors', () => {
  fc.assert(
    fc.property(configLike(), (config) => examine(JSON.stringify(config))),
    runs(200),
  );
});

test('handlers of every protocol with any settings give settings or positioned errors', () => {
  const protocol = fc.constantFrom(
    'vmess',
    'socks',
    'http',
    'freedom',
    'dokodemo-door',
    'blackhole',
    'VMess',
  );
  fc.assert(
    fc.property(protocol, configLike(), configLike(), (name, settings, stream) => {
      const handler = { protocol: name, port: 1, settings, streamSettings: stream };
      examine(JSON.stringify({ inbounds: [handler], outbounds: [handler] }));
    }),
    runs(200),
  );
});
