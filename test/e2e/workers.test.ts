/** Worker threads: one server, whichever thread a connection comes to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before } from 'node:test';
import { TsrayError } from '../../src/core/errors.js';
import { eventually } from '../helper/eventually.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { nativeTest } from '../helper/native.js';
import { payload } from '../helper/payload.js';
import { readExactly } from '../helper/socks-client.js';
import { startEcho, startTcpServer, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';
const email = 'a@example.com';

const server = {
  log: { loglevel: 'info', access: '' },
  workers: 2,
  stats: {},
  policy: {
    levels: { 0: { statsUserUplink: true, statsUserDownlink: true, connIdle: 20 } },
    system: { statsInboundUplink: true },
  },
  inbounds: [
    { protocol: 'vmess', tag: 'in', listen: '127.0.0.1', port: 0, settings: { clients: [{ id, email }] } },
  ],
  outbounds: [{ protocol: 'freedom', tag: 'direct' }],
  routing: { rules: [{ type: 'field', ruleTag: 'all', network: 'tcp', outboundTag: 'direct' }] },
};

function client(serverPort: number, targetPort: number, mux = false): object {
  const door = { address: '127.0.0.1', port: targetPort, network: 'tcp' };
  return {
    inbounds: [{ protocol: 'dokodemo-door', tag: 'door', listen: '127.0.0.1', port: 0, settings: door }],
    outbounds: [
      {
        protocol: 'vmess',
        mux: { enabled: mux },
        settings: {
          vnext: [{ address: '127.0.0.1', port: serverPort, users: [{ id, security: 'aes-128-gcm' }] }],
        },
      },
    ],
  };
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when it is closed, by whatever. */
function closedOf(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function echo(port: number, data: Buffer): Promise<net.Socket> {
  const socket = await connect(port);
  socket.write(data);
  assert.deepEqual(await readExactly(socket, data.length), data);
  return socket;
}

/** The thread that carries each connection, by the session ids of its log lines. */
function threadsOf(log: string): ReadonlySet<number> {
  return new Set([...log.matchAll(/\[(\d+)\] tcp:.* ended/g)].map(([, session]) => Number(session) >> 24));
}

let target: TestServer;
before(async () => {
  target = await startEcho();
});
after(() => target.close());

async function withBoth(
  use: (tsray: Tsray, doorPort: number) => Promise<void>,
  { mux = false, config = server }: { readonly mux?: boolean; readonly config?: object } = {},
): Promise<void> {
  const resources = countResources();
  const running = await startTsray(config);
  try {
    const front = await startTsray(client(running.port('in'), target.port, mux));
    try {
      await use(running, front.port('door'));
    } finally {
      await front.close();
    }
  } finally {
    await running.close();
  }
  await nothingLeft(resources);
}

nativeTest('connections go to every thread, and are counted, logged and listed as one server', async () => {
  await withBoth(async (tsray, doorPort) => {
    const { instance } = tsray;
    assert.equal(instance.workers?.size, 2);
    const sockets = [];
    const bytes = 40_000;
    for (let n = 0; n < 40; n += 1) sockets.push(await echo(doorPort, payload(bytes)));
    await eventually('all are listed', () => instance.connections.size === 40);
    const listed = [...instance.connections.list()];
    assert.deepEqual(new Set(listed.map(({ context }) => context.user?.email)), new Set([email]));
    assert.deepEqual(new Set(listed.map(({ outboundTag }) => outboundTag)), new Set(['direct']));
    await eventually('the bytes are counted', () =>
      listed.every(({ downlinkBytes, uplinkBytes }) => uplinkBytes === bytes && downlinkBytes === bytes),
    );
    assert.deepEqual(instance.router.counts(), [{ rule: 'all', matches: 40 }]);
    for (const socket of sockets) socket.destroy();
    await eventually('all have ended', () => instance.connections.size === 0);
    await eventually('both threads have logged', () => threadsOf(tsray.log).size === 2);
    assert.equal(tsray.log.match(/accepted tcp:.* email: a@example.com/g)?.length, 40);
  });
});

nativeTest('a user that is removed loses connections and Mux carriers in every thread', async () => {
  for (const mux of [false, true]) {
    await withBoth(
      async (tsray, doorPort) => {
        const sockets = [];
        for (let n = 0; n < 20; n += 1) sockets.push(await echo(doorPort, payload(100)));
        const { connections } = tsray.instance;
        await eventually('all are listed', () => connections.size === 20);
        const closed = sockets.map(closedOf);
        assert.equal(connections.endUser(email, new TsrayError('ERR_AUTH', 'the user was removed')), 20);
        await Promise.all(closed);
        await eventually('all have ended', () => connections.size === 0);
      },
      { mux },
    );
  }
});

nativeTest('a handshake that one thread has seen is a replay to all of them', async () => {
  await withBoth(async (tsray, _doorPort) => {
    // What a client sends, recorded on its way to the server.
    const recorded: Buffer[] = [];
    const recorder = await startTcpServer((socket) => {
      const onward = net.connect(tsray.port('in'), '127.0.0.1');
      onward.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        recorded.push(chunk);
        onward.write(chunk);
      });
      onward.pipe(socket);
      socket.on('close', () => onward.destroy());
    });
    const front = await startTsray(client(recorder.port, target.port));
    try {
      const socket = await echo(front.port('door'), payload(10));
      socket.destroy();
      const accepted = target.accepted;
      for (let n = 0; n < 24; n += 1) {
        const again = await connect(tsray.port('in'));
        again.end(Buffer.concat(recorded));
        again.resume();
        await closedOf(again);
      }
      assert.equal(target.accepted, accepted);
      await eventually(
        'every replay is logged',
        () => tsray.log.match(/rejected .*ERR_REPLAY/g)?.length === 24,
      );
    } finally {
      await front.close();
      await recorder.close();
    }
  });
});

nativeTest(
  'a thread that dies takes only its own connections with it, and another takes its place',
  async () => {
    await withBoth(async (tsray, doorPort) => {
      const { instance } = tsray;
      const sockets: net.Socket[] = [];
      for (let n = 0; n < 40; n += 1) sockets.push(await echo(doorPort, payload(100)));
      await eventually('all are listed', () => instance.connections.size === 40);
      const [first] = instance.workers!.threads;
      const mine = [...instance.connections.list()].filter(
        ({ context }) => context.id >> 24 === first!.number,
      ).length;
      assert.ok(mine > 0 && mine < 40);
      await first!.terminate();
      await eventually(
        'the connections of the thread are gone',
        () => sockets.filter(({ closed }) => closed).length === mine,
      );
      assert.equal(instance.connections.size, 40 - mine);
      for (const socket of sockets.filter(({ closed }) => !closed)) {
        socket.write('still there');
        assert.equal(String(await readExactly(socket, 11)), 'still there');
      }
      await eventually('two threads run again', () => instance.workers!.threads.length === 2);
      assert.match(tsray.log, /worker thread 1 ended.*its connections are lost/);
      for (let n = 0; n < 20; n += 1) (await echo(doorPort, payload(100))).destroy();
      for (const socket of sockets) socket.destroy();
      await eventually('all have ended', () => instance.connections.size === 0);
    });
  },
);

nativeTest('inbounds that need one thread stay in it beside shared ones', async () => {
  const socks = { protocol: 'socks', tag: 'socks', listen: '127.0.0.1', port: 0, settings: { udp: true } };
  const config = { ...server, inbounds: [...server.inbounds, socks] };
  await withBoth(
    async (tsray, doorPort) => {
      (await echo(doorPort, payload(100))).destroy();
      assert.ok(tsray.port('socks') > 0);
      assert.match(tsray.log, /the inbound "socks" stays in the main thread: it serves UDP/);
    },
    { config },
  );
});

nativeTest('a port in use is an error, and nothing stays open', async () => {
  const taken = await startEcho();
  const resources = countResources();
  const inbounds = [...server.inbounds, { ...server.inbounds[0], tag: 'taken', port: taken.port }];
  await assert.rejects(startTsray({ ...server, inbounds }), {
    code: 'ERR_LISTEN',
    message: /the port is in use/,
  });
  await nothingLeft(resources);
  await taken.close();
});

nativeTest('tsray run --workers serves connections and lets them finish when it is stopped', async () => {
  const { workers: _workers, ...config } = server;
  const process = await startTsrayProcess(config, {}, ['--workers', '2', '--grace', '10']);
  const [, port] = /in listens on 127\.0\.0\.1:(\d+)/.exec(process.log) ?? [];
  const front = await startTsray(client(Number(port), target.port));
  try {
    const socket = await echo(front.port('door'), payload(100));
    process.process.kill('SIGTERM');
    await process.process.line(/stopping/);
    await eventually('nothing is accepted', async () => !(await accepts(Number(port))));
    socket.write('still there');
    assert.equal(String(await readExactly(socket, 11)), 'still there');
    socket.destroy();
    assert.equal((await process.process.exit).code, 0);
  } finally {
    await front.close();
    await process.close();
  }
});

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
