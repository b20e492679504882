/** Datagrams from port 0, which nobody can be answered at, on every kind of UDP socket. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { mock, test } from 'node:test';
import type { Accepted, Listen } from '../../../../src/contract/transport.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { createStreamListen } from '../../../../src/transport/stack/stack.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { bindPackets } from '../../../../src/transport/udp/bind.js';
import { kcpDefaults } from '../../../helper/kcp.js';
import { transportDeps } from '../../../helper/stack.js';

/** The sockets that are made meanwhile. */
function watchSockets(): { readonly made: dgram.Socket[]; restore(): void } {
  const made: dgram.Socket[] = [];
  const original = dgram.createSocket;
  const watched = mock.method(dgram, 'createSocket', (options: dgram.SocketOptions) => {
    const socket = original(options);
    made.push(socket);
    return socket;
  });
  return { made, restore: () => watched.mock.restore() };
}

const stranger = (port: number): dgram.RemoteInfo => ({
  address: '127.0.0.1',
  family: 'IPv4',
  port,
  size: 0,
});

/** mKCP without a seed: FNV-1a over length and segments, then each byte XORed with the one four before it. */
function kcpDatagram(segment: Buffer): Buffer {
  const body = Buffer.alloc(2 + segment.length);
  body.writeUInt16BE(segment.length);
  segment.copy(body, 2);
  let hash = 0x811c9dc5;
  for (const byte of body) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const datagram = Buffer.alloc(4 + body.length);
  datagram.writeUInt32BE(hash);
  body.copy(datagram, 4);
  for (let at = 4; at < datagram.length; at += 1) datagram[at]! ^= datagram[at - 4]!;
  return datagram;
}

function kcpSegment(number: number, sendingNext: number): Buffer {
  const segment = Buffer.from('12340100 00000001 00000000 00000000 0004 61626364'.replaceAll(' ', ''), 'hex');
  segment.writeUInt32BE(number, 8);
  segment.writeUInt32BE(sendingNext, 12);
  return segment;
}

const sockopt = { acceptProxyProtocol: false };
const kcp: StreamSettings = { network: 'kcp', kcp: kcpDefaults, sockopt };
const quic: StreamSettings = {
  network: 'quic',
  quic: { security: 'none', key: '', header: 'none' },
  sockopt,
};
/** An unknown version: it is answered with those there are. */
const quicUnknown = Buffer.alloc(1250, 0);
Buffer.from('c01a2a3a4a0801020304050607080808070605040302 01'.replaceAll(' ', ''), 'hex').copy(quicUnknown);

const datagrams = [
  ['mKCP, a first segment', kcp, kcpDatagram(kcpSegment(0, 0))],
  ['mKCP, a segment of a session that is not known', kcp, kcpDatagram(kcpSegment(5, 5))],
  ['quic, an unknown version', quic, quicUnknown],
] as const;

for (const [what, settings, datagram] of datagrams) {
  test(`${what}: from port 0 it is dropped, and from another port it is not`, async () => {
    const sockets = watchSockets();
    const accepted: Accepted[] = [];
    const listen: Listen = createStreamListen(settings, transportDeps());
    const listener = await listen('127.0.0.1', 0, (one) => accepted.push(one));
    sockets.restore();
    const [socket] = sockets.made;
    assert.ok(socket !== undefined);
    const sends = mock.method(socket, 'send', () => undefined);
    socket.emit('message', Buffer.from(datagram), stranger(0));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.equal(sends.mock.callCount() + accepted.length, 0, 'nothing was opened or answered');
    socket.emit('message', Buffer.from(datagram), stranger(40_000));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    assert.ok(sends.mock.callCount() + accepted.length > 0);
    for (const { link } of accepted) link.destroy();
    await listener.close();
  });
}

test('UDP of socks, dokodemo-door, freedom and vmess: packets from port 0 reach nobody', async () => {
  const sockets = watchSockets();
  const { link } = await bindPackets('udp4', { bindAddress: parseAddress('127.0.0.1') });
  sockets.restore();
  const heard: number[] = [];
  const closed = new Promise((resolve) => {
    link.start({ packet: (_bytes, remote) => heard.push(remote.port), closed: resolve });
  });
  const [socket] = sockets.made;
  socket?.emit('message', Buffer.from('x'), stranger(0));
  socket?.emit('message', Buffer.from('x'), stranger(40_001));
  assert.deepEqual(heard, [40_001]);
  assert.equal(
    link.send(Buffer.from('x'), { network: 'udp', ...{ address: parseAddress('127.0.0.1'), port: 0 } }),
    false,
  );
  link.close();
  await closed;
});

test('a socket whose handler throws goes on', async () => {
  const sockets = watchSockets();
  const { link } = await bindPackets('udp4', { bindAddress: parseAddress('127.0.0.1') });
  sockets.restore();
  let heard = 0;
  const closed = new Promise((resolve) => {
    link.start({
      packet: () => {
        heard += 1;
        if (heard === 1) throw new TypeError('a defect');
      },
      closed: resolve,
    });
  });
  const [socket] = sockets.made;
  socket?.emit('message', Buffer.from('x'), stranger(40_000));
  socket?.emit('message', Buffer.from('x'), stranger(40_000));
  assert.equal(heard, 2);
  link.close();
  await closed;
});
