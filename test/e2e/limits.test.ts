/** Limits of users on a running server: rate, quota, devices and expiry, and who is not limited. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../helper/eventually.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { closedPort } from '../helper/ports.js';
import { startSource, startTcpServer, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

const id = (n: number): string => `a3482e88-686a-4a58-8126-99c9df64b${String(n).padStart(3, '0')}`;
const size = 4_000_000;

let source: TestServer;
before(async () => {
  source = await startSource(size);
});
after(() => source.close());

async function withUsers(
  limits: readonly (object | undefined)[],
  use: (server: Tsray, door: (n: number) => number) => Promise<void>,
  {
    mux = false,
    target = source.port,
    more = {},
  }: { readonly mux?: boolean; readonly target?: number; readonly more?: object } = {},
): Promise<void> {
  const resources = countResources();
  const clients = limits.map((each, n) => ({
    id: id(n),
    email: `user${n}@x`,
    ...(each === undefined ? {} : { limits: each }),
  }));
  const server = await startTsray({
    log: { loglevel: 'info', access: 'none' },
    inbounds: [{ protocol: 'vmess', tag: 'in', listen: '127.0.0.1', port: 0, settings: { clients } }],
    outbounds: [{ protocol: 'freedom' }],
    ...more,
  });
  const vnext = (n: number): object[] => [
    { address: '127.0.0.1', port: server.port('in'), users: [{ id: id(n), security: 'aes-128-gcm' }] },
  ];
  const front = await startTsray({
    inbounds: limits.map((_, n) => ({
      protocol: 'dokodemo-door',
      tag: `door${n}`,
      listen: '127.0.0.1',
      port: 0,
      settings: { address: '127.0.0.1', port: target, network: 'tcp' },
    })),
    outbounds: limits.map((_, n) => ({
      protocol: 'vmess',
      tag: `out${n}`,
      mux: { enabled: mux },
      settings: { vnext: vnext(n) },
    })),
    routing: {
      rules: limits.map((_, n) => ({ type: 'field', inboundTag: [`door${n}`], outboundTag: `out${n}` })),
    },
  });
  try {
    await use(server, (n) => front.port(`door${n}`));
  } finally {
    await front.close();
    await server.close();
  }
  await nothingLeft(resources);
}

/** What came until the connection ended, and when. */
async function download(port: number): Promise<{ readonly bytes: number; readonly ms: number }> {
  const started = performance.now();
  const socket = net.connect(port, '127.0.0.1');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  await new Promise((resolve) => socket.once('close', resolve));
  return { bytes, ms: performance.now() - started };
}

test('a rate holds for one connection and for several, over Mux too, and others are not slowed', {
  timeout: 60_000,
}, async () => {
  for (const mux of [false, true]) {
    // 4 MB at 2 MB/s.
    const limits = [{ downlinkMbps: 16 }, { downlinkMbps: 64 }, undefined];
    await withUsers(
      limits,
      async (_server, door) => {
        const [slow, free, ...several] = await Promise.all([
          download(door(0)),
          download(door(2)),
          ...Array.from({ length: 4 }, () => download(door(1))),
        ]);
        for (const each of [slow, free, ...several]) assert.equal(each.bytes, size);
        // A late timer only makes it slower.
        assert.ok(slow.ms > 1_750, `one connection took ${slow.ms} ms`);
        const longest = Math.max(...several.map(({ ms }) => ms));
        assert.ok(longest > 1_750, `four took ${longest} ms`);
        assert.ok(free.ms < slow.ms, `without a limit ${free.ms} ms`);
      },
      { mux },
    );
  }
});

test('a quota ends what is open within a read for each connection, and refuses new ones', async () => {
  await withUsers([{ quotaGB: 0.001 }, undefined], async (server, door) => {
    const [first, second] = await Promise.all([download(door(0)), download(door(0))]);
    const sum = first.bytes + second.bytes;
    assert.ok(sum < 1_000_000 + 2 * 256 * 1024, `${sum}`);
    assert.equal((await download(door(0))).bytes, 0);
    await eventually('the log says why', () => /user user0@x: the quota is used up/.test(server.log));
    assert.equal((await download(door(1))).bytes, size);
  });
});

test('a quota that was used up is used up after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
  const more = { stats: { file: join(folder, 'stats.json') } };
  await withUsers([{ quotaGB: 0.001 }], async (_server, door) => void (await download(door(0))), { more });
  await withUsers(
    [{ quotaGB: 0.001 }],
    async (_server, door) => assert.equal((await download(door(0))).bytes, 0),
    { more },
  );
  rmSync(folder, { recursive: true });
});

test('an account that expires is cut and refused', async () => {
  const silent = await startTcpServer((socket) => socket.write('hello'));
  const expires = new Date(Date.now() + 1_500).toISOString();
  await withUsers(
    [{ expires }, { expires: '2020-01-01' }],
    async (server, door) => {
      const live = await download(door(0));
      assert.equal(live.bytes, 5);
      assert.ok(Date.now() >= Date.parse(expires));
      assert.ok(live.ms < 4_000, `${live.ms}`);
      assert.equal((await download(door(0))).bytes, 0);
      assert.equal((await download(door(1))).bytes, 0);
      await eventually('the log says why', () => /user user1@x: the account has expired/.test(server.log));
    },
    { target: silent.port },
  );
  await silent.close();
});

test('a target that cannot be reached costs no device its place', async () => {
  await withUsers(
    [{ devices: 1 }],
    async (_server, door) => {
      for (let n = 0; n < 3; n += 1) assert.equal((await download(door(0))).bytes, 0);
    },
    { target: await closedPort() },
  );
});
