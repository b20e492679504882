import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { BoundPackets } from '../../../../src/contract/transport.js';
import type { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { bindPackets, maxDatagramBytes } from '../../../../src/transport/udp/bind.js';

const loopback = parseAddress('127.0.0.1');

function to(port: number, host = '127.0.0.1'): Destination {
  return { network: 'udp', address: parseAddress(host), port };
}

/** Packets as they arrive, each waited for with `next`. */
class Inbox {
  readonly packets: { readonly bytes: Buffer; readonly remote: Destination }[] = [];
  readonly #closed: Promise<TsrayError | undefined>;
  #wake: (() => void) | undefined;

  constructor(bound: BoundPackets) {
    this.#closed = new Promise((resolve) => {
      bound.link.start({
        packet: (bytes, remote) => {
          this.packets.push({ bytes: Buffer.from(bytes), remote });
          this.#wake?.();
        },
        closed: resolve,
      });
    });
  }

  get closed(): Promise<TsrayError | undefined> {
    return this.#closed;
  }

  async next(): Promise<{ readonly bytes: Buffer; readonly remote: Destination }> {
    while (this.packets.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.packets.shift()!;
  }
}

async function echo(type: 'udp4' | 'udp6', host: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket(type);
  socket.on('message', (bytes, remote) => socket.send(bytes, remote.port, remote.address));
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

test('a burst that comes while the process is busy is kept', {
  skip: process.platform === 'linux' ? false : 'what a socket holds differs between systems',
  timeout: 20_000,
}, async () => {
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  const inbox = new Inbox(bound);
  const sender = dgram.createSocket('udp4');
  sender.bind(0, '127.0.0.1');
  await once(sender, 'listening');
  // All of them leave before the first is looked at.
  for (let index = 0; index < 150; index += 1) {
    sender.send(Buffer.alloc(1000, index), bound.local.port, '127.0.0.1');
  }
  for (let index = 0; index < 150; index += 1) assert.equal((await inbox.next()).bytes[0], index);
  sender.close();
  bound.link.close();
  await inbox.closed;
});

test('sends and receives packets whole, empty ones and the largest too, with their peer', async () => {
  const server = await echo('udp4', '127.0.0.1');
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  const inbox = new Inbox(bound);
  const { port } = server.address();
  for (const size of [0, 1, 1400, maxDatagramBytes]) {
    const payload = randomBytes(size);
    assert.equal(bound.link.send(payload, to(port)), true);
    const { bytes, remote } = await inbox.next();
    assert.ok(bytes.equals(payload), `${size} bytes`);
    assert.deepEqual(remote, to(port));
  }
  assert.deepEqual(
    { sent: bound.counters.sent, received: bound.counters.received, errors: bound.counters.errors },
    { sent: 4, received: 4, errors: 0 },
  );
  bound.link.close();
  assert.equal(await inbox.closed, undefined);
  server.close();
});

test('has read lent bytes when send returns', async () => {
  const server = await echo('udp4', '127.0.0.1');
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  const inbox = new Inbox(bound);
  const lent = Buffer.alloc(3000, 1);
  bound.link.send(lent, to(server.address().port));
  lent.fill(2);
  bound.link.send(lent.subarray(0, 100), to(server.address().port));
  lent.fill(3);
  assert.ok((await inbox.next()).bytes.equals(Buffer.alloc(3000, 1)));
  assert.ok((await inbox.next()).bytes.equals(Buffer.alloc(100, 2)));
  bound.link.close();
  await inbox.closed;
  server.close();
});

test('drops and counts what it cannot send', async () => {
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  const inbox = new Inbox(bound);
  const bytes = Buffer.alloc(10);
  assert.equal(bound.link.send(Buffer.alloc(maxDatagramBytes + 1), to(9)), false);
  assert.equal(bound.link.send(bytes, to(0)), false);
  assert.equal(bound.link.send(bytes, to(9, '::1')), false);
  assert.equal(bound.link.send(bytes, to(9, 'example.com')), false);
  assert.equal(bound.counters.dropped, 4);
  bound.link.close();
  assert.equal(bound.link.send(bytes, to(9)), false);
  await inbox.closed;
});

test('goes on after packets to a closed port and to an unreachable address', async () => {
  const server = await echo('udp4', '127.0.0.1');
  const closed = await echo('udp4', '127.0.0.1');
  const { port } = closed.address();
  closed.close();
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  const inbox = new Inbox(bound);
  bound.link.send(Buffer.from('nobody'), to(port));
  // From a loopback source the kernel has no route outside (EINVAL).
  bound.link.send(Buffer.from('nowhere'), to(9, '192.0.2.1'));
  bound.link.send(Buffer.from('somebody'), to(server.address().port));
  assert.equal((await inbox.next()).bytes.toString(), 'somebody');
  assert.equal(bound.counters.errors, 1);
  bound.link.close();
  assert.equal(await inbox.closed, undefined);
  server.close();
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ family }) => family === 'IPv6'),
);

test('a dual-stack socket serves IPv4 peers as IPv4', {
  skip: hasIpv6 ? false : 'this machine has no IPv6',
}, async () => {
  const bound = await bindPackets('udp6', { dualStack: true });
  const inbox = new Inbox(bound);
  const client = dgram.createSocket('udp4');
  client.send('ping', bound.local.port, '127.0.0.1');
  const { bytes, remote } = await inbox.next();
  assert.equal(bytes.toString(), 'ping');
  assert.deepEqual(remote, to(client.address().port));
  const answered = once(client, 'message');
  assert.equal(bound.link.send(Buffer.from('pong'), remote), true);
  assert.equal(String((await answered)[0]), 'pong');
  bound.link.close();
  await inbox.closed;
  client.close();
});

test('a port in use is an error with a hint, and leaves no handle', async () => {
  const first = await bindPackets('udp4', { bindAddress: loopback });
  await assert.rejects(bindPackets('udp4', { bindAddress: loopback, port: first.local.port }), {
    code: 'ERR_LISTEN',
    message: /127\.0\.0\.1:\d+: the port is in use/,
    hint: /another port/,
  });
  first.link.close();
});

test('a link started after its end still hears of it; the reason is kept', async () => {
  const { TsrayError: ErrorClass } = await import('../../../../src/core/errors.js');
  const bound = await bindPackets('udp4', { bindAddress: loopback });
  bound.link.destroy(new ErrorClass('ERR_ABORTED', 'enough'));
  bound.link.close();
  await new Promise((resolve) => setImmediate(resolve));
  const error = await new Inbox(bound).closed;
  assert.equal(error?.code, 'ERR_ABORTED');
});
