import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { TsrayError } from '../../../src/core/errors.js';
import { parseAddress } from '../../../src/core/net/address.js';
import type { Destination } from '../../../src/core/net/destination.js';
import type { PacketLink } from '../../../src/core/stream/link.js';
import { DatagramSessions } from '../../../src/library/datagram-sessions.js';
import { DatagramSocket } from '../../../src/library/datagram-socket.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { FakePackets } from '../../helper/fake-packets.js';

interface Opened {
  readonly destination: Destination;
  readonly signal: AbortSignal;
  readonly fullCone: boolean;
  readonly packets: FakePackets;
}

interface Setup {
  readonly socket: DatagramSocket;
  readonly opened: Opened[];
  readonly clock: FakeClock;
  closedTimes(): number;
}

function setup(options: { readonly fullCone?: boolean; readonly fails?: TsrayError } = {}): Setup {
  const clock = new FakeClock();
  const opened: Opened[] = [];
  let closed = 0;
  const socket = new DatagramSocket(
    (onPacket) =>
      new DatagramSessions({
        outbound: { fullCone: () => options.fullCone ?? false },
        open: async (destination, signal, fullCone): Promise<PacketLink> => {
          const packets = new FakePackets();
          opened.push({ destination, signal, fullCone, packets });
          if (options.fails !== undefined) throw options.fails;
          return packets;
        },
        onPacket,
        clock,
        idleMs: 1_000,
      }),
    () => {
      closed += 1;
    },
  );
  return { socket, opened, clock, closedTimes: () => closed };
}

function send(socket: DatagramSocket, text: string, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.send(text, port, host, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

const at = (host: string, port: number): Destination => ({
  network: 'udp',
  address: parseAddress(host),
  port,
});

describe('DatagramSocket', () => {
  test('opens a session for each destination, names unresolved, and uses it again', async () => {
    const { opened, socket } = setup();
    assert.equal(await send(socket, 'one', 53, 'dns.example'), 3);
    await send(socket, 'two', 53, 'dns.example');
    await send(socket, 'three', 54, 'dns.example');
    await send(socket, 'four', 53, '2001:db8::1');
    assert.deepEqual(
      opened.map(({ destination }) => [destination.address.kind, destination.address.host, destination.port]),
      [
        ['domain', 'dns.example', 53],
        ['domain', 'dns.example', 54],
        ['ipv6', '2001:db8::1', 53],
      ],
    );
    assert.deepEqual(
      opened[0]!.packets.sent.map(({ hex }) => Buffer.from(hex, 'hex').toString()),
      ['one', 'two'],
    );
    socket.close();
  });

  test('one session serves all destinations where the outbound has full cone', async () => {
    const { opened, socket } = setup({ fullCone: true });
    await send(socket, 'one', 53, 'dns.example');
    await send(socket, 'two', 54, '192.0.2.1');
    assert.equal(opened.length, 1);
    assert.equal(opened[0]!.fullCone, true);
    const got = once(socket, 'message');
    opened[0]!.packets.deliver(Buffer.from('from elsewhere'), at('192.0.2.9', 99));
    const [message, remote] = await got;
    assert.equal(String(message), 'from elsewhere');
    assert.deepEqual(remote, { address: '192.0.2.9', family: 'IPv4', port: 99, size: 14 });
    socket.close();
  });

  test('takes everything that dgram takes as a message', async () => {
    const { opened, socket } = setup();
    const bytes = Buffer.from('0123456789');
    socket.send(bytes, 2, 3, 53, 'a.example');
    socket.send(['a', Buffer.from('b')], 53, 'a.example');
    socket.send(new DataView(bytes.buffer, bytes.byteOffset, 2), 53, 'a.example');
    socket.connect(53, 'a.example');
    socket.send('connected');
    socket.send(bytes, 9, 1);
    // Copied when it was sent.
    bytes.fill(0);
    await new Promise(setImmediate);
    assert.deepEqual(
      opened[0]!.packets.sent.map(({ hex }) => Buffer.from(hex, 'hex').toString()),
      ['234', 'ab', '01', 'connected', '9'],
    );
    assert.equal(opened.length, 1);
    socket.close();
  });

  test('once connected it hears its target alone', async () => {
    const { opened, socket } = setup({ fullCone: true });
    const connected = once(socket, 'connect');
    socket.connect(53, '192.0.2.1');
    await connected;
    assert.deepEqual(socket.remoteAddress(), { address: '192.0.2.1', family: 'IPv4', port: 53 });
    socket.send('x');
    await new Promise(setImmediate);
    const heard: string[] = [];
    socket.on('message', (message) => heard.push(String(message)));
    opened[0]!.packets.deliver(Buffer.from('other'), at('192.0.2.2', 53));
    opened[0]!.packets.deliver(Buffer.from('other port'), at('192.0.2.1', 54));
    opened[0]!.packets.deliver(Buffer.from('mine'), at('192.0.2.1', 53));
    assert.deepEqual(heard, ['mine']);
    socket.disconnect();
    assert.throws(() => socket.remoteAddress(), { code: 'ERR_USAGE' });
    assert.throws(() => socket.send('x'), { code: 'ERR_USAGE' });
    socket.close();
  });

  test('what cannot be sent is told to the callback, or else by an error event', async () => {
    const fails = new TsrayError('ERR_DIAL_REFUSED', 'refused');
    const { opened, socket } = setup({ fails });
    await assert.rejects(send(socket, 'x', 53, 'a.example'), { code: 'ERR_DIAL_REFUSED' });
    socket.send('y', 53, 'a.example');
    const [error] = (await once(socket, 'error')) as [TsrayError];
    assert.equal(error.code, 'ERR_DIAL_REFUSED');
    // Each try is a new one.
    assert.equal(opened.length, 2);
    socket.close();
  });

  test('a datagram that its session does not take is lost and told', async () => {
    const { opened, socket } = setup();
    await send(socket, 'x', 53, 'a.example');
    opened[0]!.packets.limitBytes = 3;
    await assert.rejects(send(socket, 'too long', 53, 'a.example'), { code: 'ERR_LIMIT' });
    await send(socket, 'ok', 53, 'a.example');
    assert.throws(() => socket.send(Buffer.alloc(65_508), 53, 'a.example'), { code: 'ERR_LIMIT' });
    socket.close();
  });

  test('what waits for a session is bounded', async () => {
    const { socket } = setup();
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, () => send(socket, 'x', 53, 'a.example')),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 256);
    socket.close();
  });

  test('hosts, ports and ranges that make no sense are refused at once', () => {
    const { socket } = setup();
    for (const [port, host] of [
      [0, 'a.example'],
      [65_536, 'a.example'],
      [53, 'not a name'],
      [53, ''],
    ] as const) {
      assert.throws(() => socket.send('x', port, host), { code: 'ERR_USAGE' });
    }
    assert.throws(() => socket.send('abc', 2, 2, 53, 'a.example'), { code: 'ERR_USAGE' });
    socket.close();
  });

  test('a quiet session ends, and the next datagram opens another', async () => {
    const { clock, opened, socket } = setup();
    await send(socket, 'x', 53, 'a.example');
    clock.advance(900);
    opened[0]!.packets.deliver(Buffer.from('y'), at('a.example', 53));
    clock.advance(900);
    assert.equal(opened[0]!.packets.gone, false);
    clock.advance(100);
    assert.equal(opened[0]!.packets.gone, true);
    await send(socket, 'x', 53, 'a.example');
    assert.equal(opened.length, 2);
    socket.close();
    assert.equal(clock.pendingTimers, 0);
  });

  test('of more than 256 sessions the one quiet for longest ends', async () => {
    const { opened, socket } = setup();
    for (let port = 1; port <= 256; port += 1) await send(socket, 'x', port, 'a.example');
    await send(socket, 'x', 1, 'a.example');
    await send(socket, 'x', 1_000, 'a.example');
    assert.deepEqual(
      opened.filter(({ packets }) => packets.gone).map(({ destination }) => destination.port),
      [2],
    );
    socket.close();
    assert.ok(opened.every(({ packets }) => packets.gone));
  });

  test('close ends its sessions, also those that are opening; bind and address are there for form', async () => {
    const { clock, closedTimes, opened, socket } = setup();
    const listening = once(socket, 'listening');
    assert.equal(socket.bind(0), socket);
    await listening;
    assert.deepEqual(socket.address(), { address: '0.0.0.0', family: 'IPv4', port: 0 });
    const waiting = assert.rejects(send(socket, 'x', 53, 'a.example'), { code: 'ERR_CLOSED' });
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    await waiting;
    assert.equal(opened[0]!.signal.aborted, true);
    await new Promise(setImmediate);
    assert.equal(opened[0]!.packets.gone, true);
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
    assert.equal(closedTimes(), 1);
    assert.equal(clock.pendingTimers, 0);
    assert.throws(() => socket.send('x', 53, 'a.example'), { code: 'ERR_CLOSED' });
  });
});
