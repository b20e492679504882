/** dokodemo-door to freedom over real sockets: the shortest whole path through tsray. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Inbound } from '../../src/contract/inbound.js';
import { systemClock } from '../../src/core/clock.js';
import { parseAddress } from '../../src/core/net/address.js';
import { createDokodemoInbound } from '../../src/proxy/dokodemo/inbound.js';
import { createFreedomOutbound } from '../../src/proxy/freedom/outbound.js';
import type { FreedomSettings } from '../../src/proxy/freedom/settings.js';
import { createTcpDialer } from '../../src/transport/tcp/dial.js';
import { createTcpListen } from '../../src/transport/tcp/listen.js';
import { bindPackets } from '../../src/transport/udp/bind.js';
import { dispatcherTo } from '../helper/dispatchers.js';
import { portsOf } from '../helper/fake-listen.js';
import { countResources, nothingLeft } from '../helper/leaks.js';
import { MemoryAccessLog, MemoryLogger } from '../helper/memory-log.js';
import { payloadSha256, sha256 } from '../helper/payload.js';
import { TableResolver } from '../helper/scripted-dialer.js';
import { startEcho, startHalfCloser, startSink, startSource } from '../helper/tcp-servers.js';

interface Door {
  readonly inbound: Inbound;
  readonly port: number;
  readonly log: MemoryLogger;
  readonly accessLog: MemoryAccessLog;
}

/** A door to `host:port`; `two.example` has two addresses, the first of which nobody listens on. */
async function openDoor(host: string, port: number, settings: Partial<FreedomSettings> = {}): Promise<Door> {
  const log = new MemoryLogger();
  const accessLog = new MemoryAccessLog();
  const freedom = createFreedomOutbound({
    tag: 'direct',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false, ...settings },
    dialer: createTcpDialer({ clock: systemClock }),
    bindPackets,
    resolver: new TableResolver({ 'two.example': ['::1', '127.0.0.1'] }),
    clock: systemClock,
  });
  let id = 0;
  const inbound = createDokodemoInbound({
    tag: 'door',
    settings: { address: parseAddress(host), port, networks: ['tcp'], userLevel: 0 },
    place: 'door',
    openPorts: portsOf(createTcpListen(), '127.0.0.1', [0]),
    host: '127.0.0.1',
    ports: [0],
    bindPackets,
    dispatcher: dispatcherTo([freedom], { accessLog }),
    clock: systemClock,
    log,
    nextId: () => {
      id += 1;
      return id;
    },
  });
  await inbound.start();
  return { inbound, port: Number(inbound.addresses[0]!.split(':').at(-1)), log, accessLog };
}

/** Until the peer's end. (Iterating over the socket would destroy it then.) */
async function readAll(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const length = 16 * 1024 * 1024;

test('downloads arrive whole, and nothing stays behind', async () => {
  const before = countResources();
  const source = await startSource(length);
  const { inbound, port, accessLog } = await openDoor('127.0.0.1', source.port);
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const bytes = await readAll(client);
  client.end();
  assert.equal(sha256(bytes), payloadSha256(length));
  assert.deepEqual(
    accessLog.records.map(({ to, detour }) => `${to} ${detour}`),
    [`tcp:127.0.0.1:${source.port} direct`],
  );
  await inbound.close();
  await source.close();
  await nothingLeft(before);
});

test('an upload’s end is passed on while the answer is still to come', async () => {
  const sink = await startSink();
  const { inbound, port } = await openDoor('127.0.0.1', sink.port);
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.end(Buffer.alloc(1_000_000, 7));
  assert.match((await readAll(client)).toString(), /^1000000 [0-9a-f]{64}\n$/);
  await inbound.close();
  await sink.close();
});

test('a server’s end is passed on while the client still sends', async () => {
  const server = await startHalfCloser('greeting');
  const { inbound, port } = await openDoor('127.0.0.1', server.port);
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  assert.equal((await readAll(client)).toString(), 'greeting');
  client.end(Buffer.alloc(300_000));
  assert.equal(await server.done(), 300_000);
  await inbound.close();
  await server.close();
});

test('a name’s second address serves if nobody listens on the first', async () => {
  const echo = await startEcho();
  const { inbound, port } = await openDoor('two.example', echo.port);
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.end('over IPv4');
  assert.equal((await readAll(client)).toString(), 'over IPv4');
  assert.equal(echo.accepted, 1);
  await inbound.close();
  await echo.close();
});

test('a refused or blocked destination closes the client and says why in the log', async () => {
  const before = countResources();
  const gone = await startEcho();
  await gone.close();
  for (const [settings, expected] of [
    [{}, /ERR_DIAL_REFUSED: 127\.0\.0\.1:\d+ refused the connection/],
    [{ blockPrivate: true }, /ERR_BLOCKED: 127\.0\.0\.1 is a private address/],
  ] as const) {
    const { inbound, port, log } = await openDoor('127.0.0.1', gone.port, settings);
    const client = net.connect({ port, host: '127.0.0.1' });
    client.resume();
    await once(client, 'close');
    assert.match(log.text, expected);
    await inbound.close();
  }
  await nothingLeft(before);
});
