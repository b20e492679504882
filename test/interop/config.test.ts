import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { userId as id } from '../helper/config.js';
import { findProgram, skipWithout } from '../helper/peer.js';
import { projectRoot } from '../helper/project.js';

// Whether V2Ray 4.34 takes a configuration, asked of V2Ray itself. Where tsray is stricter, docs/config.md says so.

const freedom = { protocol: 'freedom' };
const socks = { protocol: 'socks', port: 1080 };
const inbound = (entry: unknown, ...more: unknown[]) => ({
  inbounds: [entry, ...more],
  outbounds: [freedom],
});
const outbound = (entry: unknown, ...more: unknown[]) => ({ inbounds: [socks], outbounds: [entry, ...more] });
const section = (sections: object) => ({ inbounds: [socks], outbounds: [freedom], ...sections });
const client = { protocol: 'vmess', port: 1, settings: { clients: [{ id }] } };
const vnext = (server: object) => outbound({ protocol: 'vmess', settings: { vnext: [server] } });
const server = { address: 'a.example', port: 1 };

/** Objects are written as JSON, texts as they are. */
const taken: Record<string, unknown> = {
  'an empty object': {},
  'all three comment forms': '// a\n# b\n{ /* c */ "log": {} # "d"\n}',
  'keys in any case': '{ "INBOUNDS": [{ "Protocol": "SOCKS", "PORT": 1080 }], "OutBounds": [] }',
  'null for every key': section({ log: null, policy: null, routing: null, dns: null, stats: null }),
  'a key given twice': '{ "log": { "loglevel": "debug" }, "Log": { "loglevel": "info" } }',
  'notes and $schema': section({ $schema: 'x', _note: 1 }),
  'port ranges': inbound({ ...socks, port: '1000-1005' }, { protocol: 'http', port: '80' }),
  'a port from the environment': inbound({ ...socks, port: 'env:TSRAY_TEST_PORT' }),
  'listen on IPv6 in brackets': inbound({ ...socks, listen: '[::1]' }),
  'listen on localhost': inbound({ ...socks, listen: 'localhost' }),
  'every key of a policy level': section({
    policy: {
      levels: {
        0: { handshake: 4, connIdle: 0, uplinkOnly: 0, downlinkOnly: 0, bufferSize: -1 },
        '007': { statsUserUplink: true, statsUserDownlink: true },
      },
      system: { statsInboundUplink: true, statsInboundDownlink: true },
    },
  }),
  'random allocation': inbound({ ...client, port: '1-9', allocate: { strategy: 'Random', concurrency: 8 } }),
  'a detour': inbound(
    { ...client, settings: { clients: [{ id }], detour: { to: 'b' } } },
    { ...client, port: 2, tag: 'b' },
  ),
  'a detour to nothing': inbound({ ...client, settings: { clients: [{ id }], detour: {} } }),
  'features.detour': inbound(
    { ...client, settings: { clients: [{ id }], features: { detour: { to: 'b' } } } },
    { ...client, port: 2, tag: 'b' },
  ),
  'a UUID without dashes': inbound({ ...client, settings: { clients: [{ id: id.replaceAll('-', '') }] } }),
  'text behind a UUID': inbound({ ...client, settings: { clients: [{ id: `${id}x` }] } }),
  'alterId 1000': inbound({ ...client, settings: { clients: [{ id, alterId: 1000, level: 255 }] } }),
  'two users of one ID': inbound({ ...client, settings: { clients: [{ id }, { id }] } }),
  'socks with accounts': inbound({
    ...socks,
    settings: { auth: 'password', accounts: [{ user: 'a', pass: 'b' }, {}], udp: true, ip: '::1' },
  }),
  'deprecated timeouts': inbound({ ...socks, settings: { timeout: 5 } }),
  'a network list': inbound({
    protocol: 'dokodemo-door',
    port: 1,
    settings: { address: '192.0.2.1', port: 53, network: ['tcp', 'UDP'] },
  }),
  'dokodemo-door without a port': inbound({
    protocol: 'dokodemo-door',
    port: 1,
    settings: { address: '192.0.2.1' },
  }),
  'every security that 4.34 has': vnext({
    ...server,
    users: ['auto', 'AES-128-GCM', 'chacha20-poly1305', 'none', ''].map((security) => ({ id, security })),
  }),
  redirects: outbound({ protocol: 'freedom', settings: { redirect: ':0', domainStrategy: 'use_ip_v4' } }),
  'a redirect to IPv6': outbound({ protocol: 'freedom', settings: { redirect: '[::1]:53' } }),
  'a response in capitals': outbound({ protocol: 'blackhole', settings: { response: { type: 'HTTP' } } }),
  'chained outbounds': outbound(
    { protocol: 'freedom', proxySettings: { tag: 'a' } },
    { protocol: 'freedom', tag: 'a', sendThrough: '127.0.0.1' },
  ),
  'mux switched off': outbound({ protocol: 'freedom', mux: { enabled: true, concurrency: -1 } }),
  'an outbound with empty stream settings': outbound({
    protocol: 'freedom',
    streamSettings: { network: 'TCP', security: '', tlsSettings: null, wsSettings: {}, sockopt: {} },
  }),
  'the deprecated top level': {
    port: 1,
    inbound: { protocol: 'socks' },
    inboundDetour: [{ protocol: 'http', port: 2 }],
    outbound: freedom,
    outboundDetour: [{ protocol: 'blackhole' }],
  },
};

const refused: Record<string, unknown> = {
  'an empty file': '',
  'a list': '[]',
  'a trailing comma': '{ "log": {}, }',
  'single quotes': "{ 'log': {} }",
  'a tab in a string': '{ "log": { "access": "a\tb" } }',
  'an unknown protocol': inbound({ protocol: 'sock', port: 1 }),
  'no protocol': inbound({ port: 1 }),
  'no port': inbound({ protocol: 'socks' }),
  'a port out of range': inbound({ ...socks, port: 65536 }),
  'a range that runs backwards': inbound({ ...socks, port: '2-1' }),
  'a range with spaces': inbound({ ...socks, port: '1 - 2' }),
  'a variable that is not set': inbound({ ...socks, port: 'env:TSRAY_TEST_UNSET' }),
  'a name to listen on': inbound({ ...socks, listen: 'proxy.example' }),
  'a zone to listen on': inbound({ ...socks, listen: 'fe80::1%eth0' }),
  'a string for a number': inbound({ ...client, settings: { clients: [{ id, alterId: '1' }] } }),
  'a string for a boolean': inbound({ ...socks, settings: { udp: 'true' } }),
  'a number for a string': inbound({ ...socks, settings: { accounts: [{ user: 1 }] } }),
  'a UUID that is too short': inbound({ ...client, settings: { clients: [{ id: id.slice(0, 35) }] } }),
  'alterId 65536': inbound({ ...client, settings: { clients: [{ id, alterId: 65536 }] } }),
  'two users of one email': inbound({
    ...client,
    settings: {
      clients: [
        { id, email: 'a@b' },
        { id, email: 'A@B' },
      ],
    },
  }),
  'too many ports at once': inbound({
    ...client,
    port: '1-3',
    allocate: { strategy: 'random', concurrency: 3 },
  }),
  'an unknown allocation': inbound({ ...client, allocate: { strategy: 'sometimes' } }),
  'no vnext': outbound({ protocol: 'vmess' }),
  'no users': vnext({ ...server, users: [] }),
  'no servers': outbound({ protocol: 'socks', settings: { servers: [] } }),
  'a redirect without port': outbound({ protocol: 'freedom', settings: { redirect: '127.0.0.1' } }),
  'a redirect to port 70000': outbound({ protocol: 'freedom', settings: { redirect: 'a:70000' } }),
  'an unknown response': outbound({ protocol: 'blackhole', settings: { response: { type: 'https' } } }),
  'an empty proxy tag': outbound({ protocol: 'freedom', proxySettings: { tag: '' } }),
  'sendThrough with a name': outbound({ protocol: 'freedom', sendThrough: 'eth0' }),
  'an unknown network': outbound({ protocol: 'freedom', streamSettings: { network: 'wss' } }),
  'a policy level that is no number': section({ policy: { levels: { default: {} } } }),
  'a fraction of a second': section({ policy: { levels: { 0: { connIdle: 1.5 } } } }),
  'a list for an object': section({ log: [] }),
};

describe('configurations, held against V2Ray', { skip: skipWithout('v2ray') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const environment = { TSRAY_TEST_PORT: '1000-1001' };

  /** V2Ray's last words if it refuses the text, else undefined. */
  function v2rayRefuses(text: string): string | undefined {
    const file = join(folder, 'config.json');
    writeFileSync(file, text);
    const env = { PATH: process.env['PATH'], ...environment };
    const result = spawnSync(findProgram('v2ray') ?? 'v2ray', ['-test', '-config', file], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return result.status === 0 ? undefined : `${result.stdout}${result.stderr}`.trim();
  }

  const textOf = (config: unknown) => (typeof config === 'string' ? config : JSON.stringify(config));

  for (const [name, config] of Object.entries(taken)) {
    test(`both take ${name}`, () => {
      assert.equal(v2rayRefuses(textOf(config)), undefined);
      assert.deepEqual(parseConfig(textOf(config), { environment }).errors.map(formatProblem), []);
    });
  }

  for (const [name, config] of Object.entries(refused)) {
    test(`both refuse ${name}`, () => {
      assert.notEqual(v2rayRefuses(textOf(config)), undefined);
      assert.notEqual(parseConfig(textOf(config), { environment }).errors.length, 0);
    });
  }

  test('V2Ray takes the examples of docs/config.md', () => {
    // jsonv5 is the format of V2Ray 5 alone.
    const docs = readFileSync(join(projectRoot, 'docs', 'config.md'), 'utf8')
      .replace(/^## jsonv5\n[\s\S]*?(?=^## )/m, '')
      .replaceAll('/var/log/tsray', folder);
    const examples = [...docs.matchAll(/```jsonc\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    assert.ok(examples.length >= 10);
    for (const example of examples) assert.equal(v2rayRefuses(example), undefined);
  });
});
