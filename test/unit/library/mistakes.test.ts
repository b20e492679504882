/** Mistakes of programs without types: each is refused with a code and the name that the program used. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createClient,
  createInstance,
  createServer,
  type OutboundObject,
  parseConfig,
  parseShareLink,
} from '../../../src/index.js';

const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';
const short = { host: 'a.example', port: 1, id };

/** What a program without types may call. */
type Loose = (...args: readonly unknown[]) => unknown;
const client = createClient as unknown as Loose;
const server = createServer as unknown as Loose;
const instance = createInstance as unknown as Loose;
const link = parseShareLink as unknown as Loose;
const config = parseConfig as unknown as Loose;

type Row = readonly [name: string, call: () => unknown, code: string, message: RegExp, hint?: RegExp];

const rows: readonly Row[] = [
  ['no server', () => client(), 'ERR_USAGE', /expected a share link/],
  [
    'a subscription',
    () => client('https://example.com/s'),
    'ERR_LINK',
    /address of a web page/,
    /fetchSubscription/,
  ],
  ['nothing of it', () => client({}), 'ERR_CONFIG_MISSING', /^host: .*\nport: .*\nid: /s],
  [
    'a port as text',
    () => client({ ...short, port: '443' }),
    'ERR_CONFIG_VALUE',
    /^port: .*Write it without quotes/,
  ],
  [
    'an ID cut short',
    () => client({ ...short, id: id.slice(1) }),
    'ERR_CONFIG_VALUE',
    /^id: .*found 35 characters/,
  ],
  [
    'a security',
    () => client({ ...short, security: 'aes' }),
    'ERR_CONFIG_VALUE',
    /^security: expected "auto"/,
  ],
  [
    'a misspelt option',
    () => client({ ...short, streem: {} }),
    'ERR_USAGE',
    /no option "streem"/,
    /"stream"/,
  ],
  [
    'a misspelt key of the transport',
    () => client({ ...short, stream: { network: 'ws', wsSetings: {} } }),
    'ERR_CONFIG_KEY',
    /^stream: unknown key "wsSetings".*"wsSettings"/,
  ],
  ['a protocol', () => client({ protocol: 'vmes' }), 'ERR_CONFIG_VALUE', /^protocol: .*Did you mean "vmess"/],
  [
    'an option of the client',
    () => client(short, { loglevel: 'info' }),
    'ERR_USAGE',
    /"loglevel"/,
    /"logLevel"/,
  ],
  [
    'no options of a server',
    () => server(),
    'ERR_USAGE',
    /createServer: expected an object, found undefined/,
  ],
  ['no listen', () => server({ users: [] }), 'ERR_USAGE', /createServer: listen: expected an object/],
  [
    'a misspelt option of a server',
    () => server({ listen: { port: 0 }, user: [] }),
    'ERR_USAGE',
    /"user"/,
    /"users"/,
  ],
  [
    'a handler',
    () => server({ listen: { port: 0 }, handler: 'x' }),
    'ERR_USAGE',
    /expected a function as handler/,
  ],
  ['no configuration', () => instance(), 'ERR_USAGE', /expected a configuration as text or object/],
  ['no link', () => link(), 'ERR_LINK', /expected a link as text, found undefined/],
  ['a number for a text', () => config(5), 'ERR_USAGE', /expected a text, found number/],
];

describe('mistakes', () => {
  for (const [name, call, code, message, hint] of rows) {
    test(name, () => {
      assert.throws(call, (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        if (hint !== undefined) assert.match(error.hint ?? '', hint);
        assert(!error.message.includes(id.slice(1)), error.message);
        return true;
      });
    });
  }
});

test('what is only odd is logged: an unknown key of an outbound, what a link asks for in vain', async () => {
  const logged: string[] = [];
  const onLog = ({ message }: { readonly message: string }): void => void logged.push(message);
  const vnext = [{ address: 'a.example', port: 1, users: [{ id }] }];
  const outbound: OutboundObject = { protocol: 'vmess', settings: { vnext }, streamSetings: {} };
  await createClient(outbound, { onLog }).close();
  await createClient(`vmess://${id}@a.example:1?security=tls&fp=chrome`, { onLog }).close();
  const sideways = createServer({
    listen: { port: 0 },
    onLog,
    stream: { network: 'ws', wsSettings: { pth: '/' } },
  });
  await sideways.close();
  assert.match(logged[0] ?? '', /unknown key "streamSetings".*Did you mean "streamSettings"/);
  assert.match(logged[1] ?? '', /fp="chrome"/);
  assert.match(logged[2] ?? '', /wsSettings: unknown key "pth"/);
  assert.equal(logged.length, 3);
});
