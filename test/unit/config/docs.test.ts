import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AnySchema, type SchemaView, unwrap, viewOf } from '../../../src/config/check/notes.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { dnsSchema } from '../../../src/config/schema/dns/dns.js';
import { poolSchema } from '../../../src/config/schema/dns/fake-pools.js';
import { serverSchema } from '../../../src/config/schema/dns/server.js';
import { foreignKeys } from '../../../src/config/schema/foreign-keys.js';
import { inboundProtocols, inboundSchema } from '../../../src/config/schema/inbounds.js';
import { logSchema } from '../../../src/config/schema/log.js';
import { metricsSchema } from '../../../src/config/schema/metrics.js';
import { muxSchema } from '../../../src/config/schema/mux.js';
import { finalRuleSchema } from '../../../src/config/schema/outbound/final-rules.js';
import { outboundProtocols, outboundSchema } from '../../../src/config/schema/outbounds.js';
import { policySchema } from '../../../src/config/schema/policy.js';
import { rootSchema } from '../../../src/config/schema/root.js';
import { balancerSchema } from '../../../src/config/schema/routing/balancer.js';
import { routingSchema } from '../../../src/config/schema/routing/routing.js';
import { ruleSchema } from '../../../src/config/schema/routing/rule-schema.js';
import { sniffingSchema } from '../../../src/config/schema/routing/sniffing.js';
import { finalmaskSchema } from '../../../src/config/schema/stream/finalmask.js';
import { grpcSchema } from '../../../src/config/schema/stream/grpc.js';
import { h2Schema } from '../../../src/config/schema/stream/h2.js';
import { httpUpgradeSchema } from '../../../src/config/schema/stream/httpupgrade.js';
import { kcpSchema } from '../../../src/config/schema/stream/kcp.js';
import { quicSchema } from '../../../src/config/schema/stream/quic.js';
import { sockoptSchema } from '../../../src/config/schema/stream/sockopt.js';
import { tcpSchema } from '../../../src/config/schema/stream/tcp.js';
import { tlsSchema } from '../../../src/config/schema/stream/tls.js';
import { unixSchema } from '../../../src/config/schema/stream/unix.js';
import { wsSchema } from '../../../src/config/schema/stream/ws.js';
import { streamSchema } from '../../../src/config/schema/stream.js';
import { projectRoot } from '../../helper/project.js';

const text = readFileSync(join(projectRoot, 'docs', 'config.md'), 'utf8');

/** Heading → the text until the next heading. */
const sections = new Map(
  text.split(/^#{2,3} /m).map((part) => {
    const [heading = '', ...body] = part.split('\n');
    return [heading, body.join('\n')] as const;
  }),
);

/** Key → its default cell, of all tables under a heading. */
function documented(heading: string): Map<string, string> {
  const keys = new Map<string, string>();
  for (const line of (sections.get(heading) ?? '').split('\n')) {
    const [, names, , byDefault] = line.split('|').map((cell) => cell.trim());
    for (const name of names?.matchAll(/`([^`]+)`/g) ?? []) keys.set(name[1] ?? '', byDefault ?? '');
  }
  return keys;
}

interface Entry {
  readonly required: boolean;
  readonly byDefault: unknown;
}

/** Every key of a schema, those inside its objects and lists included if `deep`. */
function schemaKeys(schema: AnySchema | SchemaView, deep: boolean): Map<string, Entry> {
  const keys = new Map<string, Entry>();
  const view = unwrap(viewOf(schema as AnySchema));
  const object = view.type === 'array' && view.item !== undefined ? unwrap(view.item) : view;
  for (const [key, entry] of Object.entries(object.entries ?? {})) {
    keys.set(key, { required: unwrap(entry) === entry, byDefault: (entry as { default?: unknown }).default });
    if (deep) for (const [inner, value] of schemaKeys(entry, true)) keys.set(inner, keys.get(inner) ?? value);
  }
  return keys;
}

/** Told in a table of their own (foreign-keys.test.ts). */
const notObeyed = new Set(Object.values(foreignKeys).flatMap((keys) => Object.keys(keys)));

const levels = unwrap(unwrap(viewOf(policySchema)).entries?.['levels'] as SchemaView).value as SchemaView;

/** Settings of networks and securities that there are not; they only draw a warning. */
const unusable = [
  'hy2Settings',
  'hysteriaSettings',
  'splithttpSettings',
  'xhttpSettings',
  'xtlsSettings',
  'realitySettings',
];

/** Heading, schema, and keys that belong to it but are told elsewhere. */
const documentedSchemas: readonly [string, AnySchema | SchemaView, readonly string[]][] = [
  ['Top level', rootSchema, []],
  ['log', logSchema, []],
  ['policy', levels, []],
  ['inbounds', inboundSchema, []],
  ['socks inbound', inboundProtocols.socks.schema, ['user', 'pass']],
  ['metrics', metricsSchema, []],
  ['http inbound', inboundProtocols.http.schema, ['user', 'pass']],
  ['dokodemo-door inbound', inboundProtocols['dokodemo-door'].schema, []],
  ['vmess inbound', inboundProtocols.vmess.schema, ['to']],
  ['outbounds', outboundSchema, ['transportLayer', ...Object.keys(muxSchema.entries)]],
  ['mux', muxSchema, []],
  [
    'freedom outbound',
    outboundProtocols.freedom.schema,
    ['action', 'network', 'port', 'ip', 'blockDelay', 'ruleTag'],
  ],
  ['final rules', finalRuleSchema, []],
  ['finalmask', finalmaskSchema, ['type', 'settings', 'header', 'value', 'password']],
  ['blackhole outbound', outboundProtocols.blackhole.schema, ['type']],
  ['socks outbound', outboundProtocols.socks.schema, ['user', 'pass', 'level', 'email']],
  ['sniffing', sniffingSchema, []],
  ['dns', dnsSchema, []],
  ['dns servers', serverSchema, []],
  ['fake pools', poolSchema, []],
  ['dns outbound', outboundProtocols.dns.schema, []],
  ['routing', routingSchema, []],
  ['routing rules', ruleSchema, []],
  ['routing balancers', balancerSchema, []],
  ['streamSettings', streamSchema, unusable],
  ['tcpSettings', tcpSchema, []],
  ['wsSettings', wsSchema, []],
  ['httpSettings', h2Schema, []],
  ['grpcSettings', grpcSchema, []],
  ['httpupgradeSettings', httpUpgradeSchema, []],
  ['kcpSettings', kcpSchema, ['type']],
  ['quicSettings', quicSchema, ['type']],
  ['dsSettings', unixSchema, []],
  ['tlsSettings', tlsSchema, []],
  ['sockopt', sockoptSchema, []],
  ['vmess outbound', outboundProtocols.vmess.schema, ['id', 'alterId', 'level', 'email']],
];

test('docs/config.md lists every key of the schemas', () => {
  for (const [heading, schema, elsewhere] of documentedSchemas) {
    const known = documented(heading);
    for (const key of schemaKeys(schema, true).keys()) {
      if (elsewhere.includes(key) || notObeyed.has(key)) continue;
      assert.ok(known.has(key), `${heading}: "${key}" is missing`);
    }
  }
});

test('docs/config.md lists no key that the schemas lack', () => {
  for (const [heading, schema] of documentedSchemas) {
    const real = schemaKeys(schema, true);
    for (const key of documented(heading).keys()) {
      assert.ok(real.has(key), `${heading}: "${key}" does not exist`);
    }
  }
});

test('docs/config.md tells the defaults of the schemas', () => {
  for (const [heading, schema] of documentedSchemas) {
    const known = documented(heading);
    for (const [key, { required, byDefault }] of schemaKeys(schema, false)) {
      const told = known.get(key);
      if (told === undefined) continue;
      const plain = typeof byDefault === 'string' && byDefault !== '';
      const value = plain ? byDefault : JSON.stringify(byDefault);
      if (required) assert.equal(told, 'required', `${heading}: ${key}`);
      else if (byDefault !== undefined) assert.equal(told, `\`${value}\``, `${heading}: ${key}`);
    }
  }
});

const examples = [...text.matchAll(/```jsonc\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

test('docs/config.md has examples', () => {
  assert.ok(examples.length >= 10);
});

for (const [index, example] of examples.entries()) {
  test(`docs/config.md example ${index + 1} is a valid configuration without warnings`, () => {
    const { errors, warnings } = parseConfig(example, { strict: true });
    assert.deepEqual([...errors, ...warnings].map(formatProblem), []);
  });
}
