import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ConfigError,
  createClient,
  createInstance,
  createServer,
  formatShareLink,
  generateId,
  type LogEntry,
  parseConfig,
  parseShareLink,
  type ServerAddress,
  TsrayError,
} from '../../../src/index.js';
import { closedPort } from '../../helper/ports.js';
import { startEcho } from '../../helper/tcp-servers.js';

const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';

function errorOf(action: () => unknown): TsrayError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof TsrayError);
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe('createClient', () => {
  test('refuses what is no server, with a stable code and the place', () => {
    const cases: readonly (readonly [ServerAddress, string, RegExp])[] = [
      ['', 'ERR_LINK', /vmess:\/\//],
      ['https://example.com/', 'ERR_LINK', /vmess:\/\//],
      [{ host: 'a', port: 0, id }, 'ERR_CONFIG_VALUE', /^port: /],
      [{ host: 'a', port: 1, id: `${id.slice(0, -2)}zz` }, 'ERR_CONFIG_VALUE', /^id: /],
      [{ host: 'http://a/', port: 1, id }, 'ERR_CONFIG_VALUE', /^host: /],
      [{ protocol: 'vless' }, 'ERR_CONFIG_UNSUPPORTED', /^protocol: /],
      [{ protocol: 'vmess' }, 'ERR_CONFIG_MISSING', /vnext/],
      [
        { host: 'a', port: 1, id, stream: { network: 'tcp', security: 'xtls' as 'tls' } },
        'ERR_CONFIG_UNSUPPORTED',
        /^stream\.security: /,
      ],
      [undefined as unknown as string, 'ERR_USAGE', /share link/],
    ];
    for (const [server, code, message] of cases) {
      const error = errorOf(() => createClient(server));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /b831381d/);
      if (code.startsWith('ERR_CONFIG')) assert.ok(error instanceof ConfigError && error.problems.length > 0);
    }
  });

  test('its errors hold everything that is wrong', () => {
    const error = errorOf(() => createClient({ host: 'a/b', port: 0, id: 'x'.repeat(31) })) as ConfigError;
    assert.equal(error.problems.length, 3);
    assert.equal(error.message.split('\n').length, 3);
  });

  test('takes what formatShareLink makes of a server', () => {
    const outbound = {
      protocol: 'vmess',
      settings: { vnext: [{ address: 'server.example', port: 443, users: [{ id, security: 'auto' }] }] },
      streamSettings: { network: 'ws', security: 'tls', wsSettings: { path: '/chat' } },
    };
    const link = formatShareLink(outbound, { name: 'here' });
    assert.equal(parseShareLink(link).name, 'here');
    assert.doesNotThrow(() => createClient(link));
  });

  test('a server that is not there: codes, and nobody waits longer than the signal says', async () => {
    const port = await closedPort();
    const client = createClient({ host: '127.0.0.1', port, id });
    const target = { host: 'example.com', port: 80 };
    const refused = client.connect({ ...target, signal: AbortSignal.timeout(50) });
    await assert.rejects(refused, { code: 'ERR_ABORTED' });
    await assert.rejects(client.ping({ url: 'http://example.com/', timeoutMs: 50 }), {
      code: 'ERR_DIAL_TIMEOUT',
    });
    const given = client.ping({ url: 'http://example.com/', signal: AbortSignal.abort() });
    await assert.rejects(given, { code: 'ERR_ABORTED' });
    await assert.rejects(client.ping({ url: 'ftp://example.com/' }), { code: 'ERR_USAGE' });
    await assert.rejects(client.connect({ host: 'a b', port: 80 }), { code: 'ERR_USAGE' });
    await assert.rejects(client.connect({ host: 'a', port: 0 }), { code: 'ERR_USAGE' });
    const dialing = client.connect(target);
    const ended = assert.rejects(dialing, { code: 'ERR_CLOSED' });
    await client.close();
    await ended;
    assert.throws(() => client.agent(), { code: 'ERR_CLOSED' });
    assert.throws(() => client.datagram(), { code: 'ERR_CLOSED' });
    await assert.rejects(client.fetch('http://example.com/'), (error: Error) => {
      assert.equal(error.name, 'TypeError');
      assert.equal((error.cause as TsrayError).code, 'ERR_CLOSED');
      return true;
    });
  });

  test('a server that goes away without an answer', async () => {
    const server = createServer({ users: [{ id: generateId() }], listen: { host: '127.0.0.1', port: 0 } });
    await server.start();
    const client = createClient({ host: '127.0.0.1', port: server.port, id });
    const stream = await client.connect({ host: 'example.com', port: 80 });
    const failed = new Promise<TsrayError>((resolve) => stream.once('error', resolve as () => void));
    const refused = new Promise((resolve) => server.once('refused', resolve));
    stream.resume();
    stream.write('x');
    await refused;
    await server.close();
    assert.equal((await failed).code, 'ERR_SERVER_SILENT');
    await client.close();
  });

  test('log entries come with level and connection, and only as many as asked for', async () => {
    const echo = await startEcho();
    for (const logLevel of ['warning', 'info'] as const) {
      const entries: LogEntry[] = [];
      const server = createServer({
        users: [{ id }],
        listen: { host: '127.0.0.1', port: 0 },
        logLevel,
        onLog: (entry) => entries.push(entry),
      });
      await server.start();
      const client = createClient({ host: '127.0.0.1', port: server.port, id });
      const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
      const closed = new Promise((resolve) => server.once('close', resolve));
      stream.end('x');
      stream.resume();
      await closed;
      await client.close();
      await server.close();
      if (logLevel === 'warning') assert.deepEqual(entries, []);
      else assert.ok(entries.some(({ connection, level }) => level === 'info' && connection === 1));
    }
    await echo.close();
  });
});

describe('createInstance', () => {
  const config = {
    inbounds: [{ tag: 'in', protocol: 'socks', listen: '127.0.0.1', port: 0 }],
    outbounds: [{ protocol: 'freedom' }],
  };

  test('runs an object, a text with comments, and settings', async () => {
    const { settings } = parseConfig(JSON.stringify(config));
    assert.ok(settings !== undefined);
    for (const given of [config, `// comment\n${JSON.stringify(config)}`, settings]) {
      const instance = createInstance(given, { onLog: () => undefined });
      await instance.start();
      assert.match(instance.inbounds[0]!.addresses[0]!, /^127\.0\.0\.1:\d+$/);
      await instance.reopenLogs();
      await instance[Symbol.asyncDispose]();
    }
  });

  test('names the line of a text, and the key of an object', () => {
    const text = '{\n  "outbounds": [{ "protocol": "fredom" }]\n}';
    assert.match(
      errorOf(() => createInstance(text)).message,
      /^config:2:\d+ {2}ERR_CONFIG_VALUE {2}outbounds\[0\]/,
    );
    const wrong = { outbounds: [{ protocol: 'fredom' }] };
    assert.match(errorOf(() => createInstance(wrong)).message, /^outbounds\[0\]\.protocol: /);
  });
});

describe('generateId', () => {
  test('makes version 4 UUIDs, another each time', () => {
    const ids = new Set(Array.from({ length: 100 }, generateId));
    assert.equal(ids.size, 100);
    for (const each of ids)
      assert.match(each, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});
