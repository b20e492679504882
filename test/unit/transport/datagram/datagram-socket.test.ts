/** UDP sockets of listeners: what strangers send must not end the process. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  bindDatagrams,
  receiveDatagrams,
  sendDatagram,
} from '../../../../src/transport/datagram/datagram-socket.js';

const buffer = { renew: () => undefined };
const bytes = Buffer.from('datagram');

function remote(port: number, address = '127.0.0.1'): dgram.RemoteInfo {
  return { address, port, family: 'IPv4', size: bytes.length };
}

test('a datagram from port 0 is dropped, one from any other port is delivered', async () => {
  const { socket } = await bindDatagrams('127.0.0.1', 0);
  const ports: number[] = [];
  receiveDatagrams(socket, (_datagram, { port }) => ports.push(port));
  for (const port of [0, 1, 53, 65_535]) socket.emit('message', bytes, remote(port));
  assert.deepEqual(ports, [1, 53, 65_535]);
  socket.close();
});

test('what an ICMP message says of one peer is no fault of the socket', async () => {
  const { socket } = await bindDatagrams('127.0.0.1', 0);
  receiveDatagrams(socket, () => undefined);
  socket.emit('error', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  socket.close();
});

for (const { what, port, address, code } of [
  { what: 'to port 0', port: 0, address: '127.0.0.1', code: 'ERR_SOCKET_BAD_PORT' },
  { what: 'to no port', port: Number.NaN, address: '127.0.0.1', code: 'ERR_SOCKET_BAD_PORT' },
  { what: 'to a port beyond 65535', port: 65_536, address: '127.0.0.1', code: 'ERR_SOCKET_BAD_PORT' },
]) {
  test(`sending ${what} fails without an exception`, async () => {
    const { socket } = await bindDatagrams('127.0.0.1', 0);
    const codes: (string | undefined)[] = [];
    sendDatagram(socket, bytes, buffer, port, address);
    sendDatagram(socket, bytes, buffer, port, address, (error) => codes.push(error.code));
    assert.deepEqual(codes, [code]);
    socket.close();
  });
}

test('sending on a closed socket fails without an exception', async () => {
  const bound = await bindDatagrams('127.0.0.1', 0);
  const connected = dgram.createSocket('udp4');
  connected.connect(9, '127.0.0.1');
  await once(connected, 'connect');
  bound.socket.close();
  connected.close();
  const codes: (string | undefined)[] = [];
  sendDatagram(bound.socket, bytes, buffer, 9, '127.0.0.1');
  sendDatagram(connected, bytes, buffer);
  sendDatagram(connected, bytes, buffer, undefined, undefined, (error) => codes.push(error.code));
  assert.equal(codes.length, 1);
});
