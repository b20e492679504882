// Writes schema/config.schema.json, the JSON Schema of the configuration, from the schemas that check it.
// With --check it only tells whether the file is up to date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { projectRoot } from './prepare.mjs';

const load = (name) => import(new URL(`../dist/config/schema/${name}.js`, import.meta.url).href);
const [{ rootSchema }, inbound, outbound, stream, { policySchema }, { logSchema }, routing, sniffing, dns] =
  await Promise.all(
    [
      'root',
      'inbounds',
      'outbounds',
      'stream',
      'policy',
      'log',
      'routing/routing',
      'routing/sniffing',
      'dns/dns',
    ].map(load),
  );
const { serverSchema } = await load('dns/server');
const { poolSchema } = await load('dns/fake-pools');

const { otherProtocolNames } = await import(new URL('../dist/config/newer-forms.js', import.meta.url).href);

/** One valibot schema in JSON Schema's words; what only a function can check is left out. */
function convert(schema) {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' });
  return clean(rest);
}

/** Our own metadata goes; unknown keys draw warnings, not errors, so nothing is closed. */
function clean(node) {
  if (Array.isArray(node)) return node.map(clean);
  if (node === null || typeof node !== 'object') return node;
  const result = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'notes' || (key === 'additionalProperties' && value === false)) continue;
    result[key] = clean(value);
  }
  // Other spellings that tsray takes.
  const aliases = Object.keys(node.notes?.words?.aliases ?? {});
  if (Array.isArray(result.enum)) result.enum.push(...aliases);
  return result;
}

/** Members that are checked on their own, put in their places. */
function withMembers(object, members) {
  return { ...object, properties: { ...object.properties, ...members } };
}

/** The handler's keys, and for each protocol the shape of its settings. */
function handler(role, schema, protocols) {
  const names = Object.keys(protocols);
  const allNames = (name) => [name, ...otherProtocolNames(role, name)];
  const base = withMembers(convert(schema), {
    protocol: { enum: names.flatMap(allNames) },
    settings: { type: 'object' },
    streamSettings: { $ref: '#/definitions/streamSettings' },
  });
  return {
    ...base,
    allOf: names.map((name) => ({
      if: { properties: { protocol: { enum: allNames(name) } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
      then: { properties: { settings: flatToo(convert(protocols[name].schema)) } },
    })),
  };
}

/** A server may stand directly in `settings` in place of the list of them. */
function flatToo({ required = [], ...shape }) {
  const list = required.find((key) => key === 'vnext' || key === 'servers');
  if (list === undefined) return required.length === 0 ? shape : { ...shape, required };
  return { ...shape, anyOf: [{ required: [list] }, { required: ['address', 'port'] }] };
}

/** One pool, or a list of pools and ranges. */
const range = { type: 'string' };
const pools = {
  anyOf: [convert(poolSchema), { type: 'array', items: { anyOf: [convert(poolSchema), range] } }],
};

const dnsServer = withMembers(convert(serverSchema), { fakedns: { anyOf: [{ type: 'boolean' }, pools] } });

const root = convert(rootSchema);
const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tsray configuration',
  description: "V2Ray's config.json as tsray reads it.",
  ...withMembers(root, {
    $schema: { type: 'string' },
    log: convert(logSchema),
    policy: convert(policySchema),
    routing: withMembers(convert(routing.routingSchema), {
      rules: { type: 'array', items: convert(routing.routingParts.rules) },
      balancers: { type: 'array', items: convert(routing.routingParts.balancers) },
    }),
    dns: withMembers(convert(dns.dnsSchema), {
      servers: { type: 'array', items: { anyOf: [{ type: 'string' }, dnsServer] } },
      hosts: {
        type: 'object',
        additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      },
      fakedns: pools,
    }),
    fakeDns: pools,
    inbounds: { type: 'array', items: { $ref: '#/definitions/inbound' } },
    outbounds: { type: 'array', items: { $ref: '#/definitions/outbound' } },
    transport: convert(stream.defaultsSchema),
  }),
  definitions: {
    inbound: withMembers(handler('inbound', inbound.inboundSchema, inbound.inboundProtocols), {
      sniffing: convert(sniffing.sniffingSchema),
    }),
    outbound: handler('outbound', outbound.outboundSchema, outbound.outboundProtocols),
    streamSettings: withMembers(
      convert(stream.streamSchema),
      Object.fromEntries(Object.entries(stream.streamMembers).map(([key, value]) => [key, convert(value)])),
    ),
  },
};

const file = join(projectRoot, 'schema', 'config.schema.json');
const text = `${JSON.stringify(schema, null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('schema/config.schema.json is out of date: run `npm run schema`.');
    process.exit(1);
  }
} else {
  mkdirSync(join(projectRoot, 'schema'), { recursive: true });
  writeFileSync(file, text);
}
