/** Reload: only what differs changes, connections go on, removed users are cut, and what fails changes nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatProblem } from '../../src/config/problem.js';
import type { Settings } from '../../src/config/settings.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { Child } from '../helper/child.js';
import { eventually } from '../helper/eventually.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { readExactly } from '../helper/socks-client.js';
import { startEcho, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { cleanEnvironment, spawnTsray, tsrayProgram } from '../helper/tsray-process.js';

const id = (n: number): string => `a3482e88-686a-4a58-8126-99c9df64b${String(n).padStart(3, '0')}`;
const user = (n: number): object => ({ id: id(n), email: `user${n}@x` });

interface Config {
  readonly workers?: number;
  readonly log?: object;
  readonly inbounds: readonly object[];
  readonly outbounds: readonly object[];
  readonly [section: string]: unknown;
}

function server(port: number, users: readonly number[], more: Partial<Config> = {}): Config {
  return {
    inbounds: [
      { protocol: 'vmess', tag: 'in', listen: '127.0.0.1', port, settings: { clients: users.map(user) } },
    ],
    outbounds: [{ protocol: 'freedom', tag: 'direct' }],
    // Strangers are kept waiting until then.
    policy: { levels: { 0: { handshake: 1 } } },
    ...more,
  };
}

function settingsOf(config: object): Settings {
  const { errors, settings } = parseConfig(JSON.stringify({ log: {}, ...config }));
  assert.ok(settings, errors.map(formatProblem).join('\n'));
  return settings;
}

let target: TestServer;
before(async () => {
  target = await startEcho();
});
after(() => target.close());

/** A door to the echo for each user. */
function clients(serverPort: number, users: readonly number[]): object {
  return {
    inbounds: users.map((n) => ({
      protocol: 'dokodemo-door',
      tag: `door${n}`,
      listen: '127.0.0.1',
      port: 0,
      settings: { address: '127.0.0.1', port: target.port, network: 'tcp' },
    })),
    outbounds: users.map((n) => ({
      protocol: 'vmess',
      tag: `out${n}`,
      settings: {
        vnext: [{ address: '127.0.0.1', port: serverPort, users: [{ id: id(n), security: 'aes-128-gcm' }] }],
      },
    })),
    routing: {
      rules: users.map((n) => ({ type: 'field', inboundTag: [`door${n}`], outboundTag: `out${n}` })),
    },
  };
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

async function echoes(socket: net.Socket, text = 'ping'): Promise<void> {
  socket.write(text);
  assert.equal(String(await readExactly(socket, text.length)), text);
}

async function opened(port: number): Promise<net.Socket> {
  const socket = await connect(port);
  await echoes(socket);
  return socket;
}

/** Whether a new connection is served. */
async function isServed(port: number): Promise<boolean> {
  const socket = await connect(port);
  socket.write('ping');
  return new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function withServer(
  config: (port: number) => Config,
  users: readonly number[],
  use: (running: Tsray, door: (n: number) => number, port: number) => Promise<void>,
): Promise<void> {
  const resources = countResources();
  const [port = 0] = await freePorts(1);
  const running = await startTsray(config(port));
  try {
    const front = await startTsray(clients(port, users));
    try {
      await use(running, (n) => front.port(`door${n}`), port);
    } finally {
      await front.close();
    }
  } finally {
    await running.close();
  }
  await nothingLeft(resources);
}

for (const workers of [undefined, 2]) {
  const skip = workers !== undefined && defaultCrypto().addon === undefined ? 'no addon' : false;
  const more = workers === undefined ? {} : { workers };

  describe(`reload with ${workers ?? 1} threads`, { skip }, () => {
    test('users come and go: who stays keeps connections, who is removed is cut', async () => {
      await withServer(
        (port) => server(port, [1, 2], more),
        [1, 2, 3],
        async ({ instance }, door, port) => {
          const first = await opened(door(1));
          const second = await opened(door(2));
          assert.equal(await isServed(door(3)), false);
          await eventually('both are listed', () => instance.connections.size === 2);
          const gone = new Promise((resolve) => second.once('close', resolve));
          const { lines } = await instance.reload(settingsOf(server(port, [1, 3], more)));
          assert.deepEqual(lines, ['inbound "in": user user2@x removed', 'inbound "in": user user3@x added']);
          await gone;
          await echoes(first, 'still there');
          await eventually('the new user is served', () => isServed(door(3)));
          await eventually('the old one is not', async () => !(await isServed(door(2))));
          assert.equal(await isServed(door(1)), true);
          first.destroy();
        },
      );
    });

    test('rules and outbounds hold for new connections, live ones keep what they have', async () => {
      const rules = { rules: [{ type: 'field', network: 'tcp', outboundTag: 'block' }] };
      const outbounds = [
        { protocol: 'freedom', tag: 'direct', settings: { domainStrategy: 'UseIP' } },
        { protocol: 'blackhole', tag: 'block' },
      ];
      await withServer(
        (port) => server(port, [1], more),
        [1],
        async ({ instance }, door, port) => {
          const live = await opened(door(1));
          const { lines } = await instance.reload(
            settingsOf(server(port, [1], { ...more, outbounds, routing: rules })),
          );
          assert.deepEqual(lines, [
            'outbound "direct" changed',
            'outbound "block" added',
            'routing changed: 0 rules before, 1 now',
          ]);
          assert.equal(await isServed(door(1)), false);
          await echoes(live, 'still there');
          await instance.reload(settingsOf(server(port, [1], more)));
          assert.equal(await isServed(door(1)), true);
          await echoes(live, 'still there');
          live.destroy();
        },
      );
    });

    test('what cannot be had changes nothing', async () => {
      const taken = await startEcho();
      await withServer(
        (port) => server(port, [1], more),
        [1, 2],
        async ({ instance }, door, port) => {
          const live = await opened(door(1));
          const next = server(port, [2], more);
          const door2 = { address: '127.0.0.1', port: target.port, network: 'tcp' };
          const inUse = {
            protocol: 'dokodemo-door',
            tag: 'x',
            listen: '127.0.0.1',
            port: taken.port,
            settings: door2,
          };
          const reloaded = instance.reload(settingsOf({ ...next, inbounds: [...next.inbounds, inUse] }));
          await assert.rejects(reloaded, { code: 'ERR_LISTEN' });
          await echoes(live, 'still there');
          await eventually('the old user is served', () => isServed(door(1)));
          assert.equal(await isServed(door(2)), false);
          assert.deepEqual(instance.plan(settingsOf(server(port, [1], more))).lines, []);
          assert.deepEqual(
            instance.inbounds.map(({ tag }) => tag),
            ['in'],
          );
          live.destroy();
        },
      );
      await taken.close();
    });

    test('inbounds move, come and go, and their connections go on', async () => {
      const [other = 0] = await freePorts(1);
      await withServer(
        (port) => server(port, [1], more),
        [1],
        async ({ instance }, door, port) => {
          const live = await opened(door(1));
          await instance.reload(settingsOf(server(other, [1], more)));
          assert.equal(await isServed(door(1)), false);
          await echoes(live, 'moved');
          const both = server(port, [1], more);
          const second = { ...server(other, [1]).inbounds[0], tag: 'second' };
          const { lines } = await instance.reload(
            settingsOf({ ...both, inbounds: [...both.inbounds, second] }),
          );
          assert.deepEqual(lines, [
            `inbound "in" moves from 127.0.0.1:${other} to 127.0.0.1:${port}`,
            `inbound "second" added on 127.0.0.1:${other}`,
          ]);
          assert.equal(await isServed(door(1)), true);
          await echoes(live, 'moved back');
          live.destroy();
        },
      );
    });
  });
}

test('a handshake from before the reload is a replay after it', async () => {
  await withServer(
    (port) => server(port, [1]),
    [1],
    async ({ instance }, _door, port) => {
      const recorded: Buffer[] = [];
      const tap = net.createServer((socket) => {
        const onward = net.connect(port, '127.0.0.1');
        socket.on('data', (bytes: Buffer) => recorded.push(bytes)).on('error', () => undefined);
        onward.on('error', () => undefined);
        socket.on('close', () => onward.destroy());
        socket.pipe(onward).pipe(socket);
      });
      tap.listen(0, '127.0.0.1');
      await once(tap, 'listening');
      const front = await startTsray(clients((tap.address() as net.AddressInfo).port, [1]));
      const socket = await opened(front.port('door1'));
      socket.destroy();
      await front.close();
      await new Promise((resolve) => tap.close(resolve));
      await instance.reload(settingsOf(server(port, [1, 2])));
      const { accepted } = target;
      const again = await connect(port);
      again.end(Buffer.concat(recorded));
      again.resume();
      await new Promise((resolve) => again.once('close', resolve));
      assert.equal(target.accepted, accepted);
    },
  );
});

test('the other sections: log, policy, statistics, DNS, API', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
  const [apiPort = 0] = await freePorts(1);
  await withServer(
    (port) => server(port, [1]),
    [1],
    async ({ instance }, door, port) => {
      const access = join(folder, 'access.log');
      const more = {
        log: { access, loglevel: 'info' },
        policy: { levels: { 0: { handshake: 1, connIdle: 7, statsUserUplink: true } } },
        stats: {},
        dns: { servers: ['localhost'] },
        api: { tag: 'api', listen: `127.0.0.1:${apiPort}`, services: ['StatsService'] },
      };
      await instance.reload(settingsOf(server(port, [1], more)));
      (await opened(door(1))).destroy();
      await eventually('the line is in the new file', () =>
        /email: user1@x/.test(readFileSync(access, 'utf8')),
      );
      const api = await connect(apiPort);
      assert.equal(api.destroyed, false);
      api.destroy();
      await instance.reload(settingsOf(server(port, [1])));
      const closed = await connect(apiPort);
      assert.equal(closed.destroyed, true);
    },
  );
  rmSync(folder, { recursive: true });
});

test('under load nothing is dropped that was not removed, over 40 reloads', {
  timeout: 120_000,
}, async () => {
  await withServer(
    (port) => server(port, [1, 2]),
    [1],
    async ({ instance }, door, port) => {
      const live = await Promise.all(Array.from({ length: 100 }, () => opened(door(1))));
      const [other = 0] = await freePorts(1);
      let running = true;
      let served = 0;
      const faults: string[] = [];
      const load = Promise.all(
        Array.from({ length: 8 }, async () => {
          while (running) {
            if (await isServed(door(1))) served += 1;
            else faults.push('a new connection was not served');
          }
        }),
      );
      for (let round = 0; round < 40; round += 1) {
        const users = round % 2 === 0 ? [1, 3] : [1, 2];
        const next = server(port, users, {
          outbounds: [
            { protocol: 'freedom', tag: 'direct', settings: { userLevel: round % 3 } },
            { protocol: 'blackhole', tag: 'block' },
          ],
          routing: { rules: [{ type: 'field', port: 1 + round, outboundTag: 'block' }] },
        });
        const extra = { protocol: 'http', tag: 'extra', listen: '127.0.0.1', port: other };
        const inbounds = round % 4 < 2 ? [...next.inbounds, extra] : next.inbounds;
        await instance.reload(settingsOf({ ...next, inbounds }));
        const before = served;
        await eventually('some more were served', () => served >= before + 8 || faults.length > 0);
      }
      running = false;
      await load;
      assert.deepEqual(faults, []);
      assert.ok(served > 100, `${served} new connections`);
      for (const socket of live) {
        await echoes(socket, 'alive');
        socket.destroy();
      }
    },
  );
});

describe('tsray run', { skip: process.platform === 'win32' ? 'no signals on Windows' : false }, () => {
  async function withRun(
    args: readonly string[],
    use: (run: {
      readonly child: Child;
      readonly write: (config: object | string) => void;
      readonly file: string;
      readonly env: NodeJS.ProcessEnv;
      readonly port: number;
    }) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
    const env = { XDG_RUNTIME_DIR: folder, RUNTIME_DIRECTORY: '' };
    const file = join(folder, 'config.json');
    const port = await closedPort();
    const write = (config: object | string): void =>
      writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
    write(server(port, [1]));
    const child = spawnTsray(['run', '-c', file, ...args], { env });
    try {
      await child.line(/started/);
      await use({ child, write, file, env, port });
    } finally {
      await child.close();
      rmSync(folder, { recursive: true });
    }
  }

  const ask = (file: string, env: NodeJS.ProcessEnv): Child =>
    new Child(process.execPath, [tsrayProgram, 'reload', '-c', file], { env: cleanEnvironment(env) });

  test('SIGHUP reloads and says what changed; errors are told, and the old configuration goes on', async () => {
    await withRun([], async ({ child, port, write }) => {
      child.kill('SIGHUP');
      await child.line(/reloaded, nothing differs/);
      write(server(port, [1, 2]));
      child.kill('SIGHUP');
      await child.line(/reloaded, 1 change:/);
      await child.line(/tsray: inbound "in": user user2@x added/);
      write('{ "inbounds": [ { "protocol": "vmes" } ] }');
      child.kill('SIGHUP');
      await child.line(/not reloaded, the old configuration goes on/);
      assert.match(child.output, /vmes/);
      child.kill('SIGTERM');
      assert.deepEqual(await child.exit, { code: 0, signal: null });
    });
  });

  test('tsray reload prints the same and has an exit code', async () => {
    await withRun([], async ({ env, file, port, write }) => {
      write(server(port, [2]));
      const good = ask(file, env);
      assert.deepEqual(await good.exit, { code: 0, signal: null });
      assert.match(good.output, /user user1@x removed/);
      write('{');
      const bad = ask(file, env);
      assert.deepEqual(await bad.exit, { code: 23, signal: null });
      assert.match(bad.output, /ERR_CONFIG_SYNTAX[\s\S]*not reloaded/);
      const nobody = ask(join(tmpdir(), 'no-such.json'), env);
      assert.equal((await nobody.exit).code, 1);
      assert.match(nobody.output, /no tsray of yours runs/);
    });
  });

  test('--watch reloads when the file changes', async () => {
    await withRun(['--watch'], async ({ child, port, write }) => {
      write(server(port, [1, 2]));
      await child.line(/user user2@x added/);
    });
  });
});
