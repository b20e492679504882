import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { closeSync } from 'node:fs';
import { parseAddress } from '../../../../src/core/net/address.js';
import { openOwnSocket, redirectedFrom, socketFlag } from '../../../../src/transport/socket/own-socket.js';
import { nativeTest } from '../../../helper/native.js';

const { bind, datagram, dualStack, original } = socketFlag;

nativeTest('sockets of both families and kinds are opened and bound', () => {
  for (const host of ['127.0.0.1', '::1', '::']) {
    for (const flags of [0, bind, datagram, datagram | bind | dualStack]) {
      closeSync(openOwnSocket(parseAddress(host), 0, {}, flags));
    }
  }
});

nativeTest('an address of another machine cannot be bound without "transparent"', () => {
  const open = (): number => openOwnSocket(parseAddress('192.0.2.1'), 0, {}, bind);
  assert.throws(open, { code: 'EADDRNOTAVAIL', syscall: 'socket' });
});

nativeTest('a socket that nothing redirected has no original destination', () => {
  const fd = openOwnSocket(parseAddress('127.0.0.1'), 0, {}, bind);
  assert.equal(redirectedFrom(fd), undefined);
  closeSync(fd);
  assert.equal(redirectedFrom(fd), undefined);
});

nativeTest('a socket of any free port tells which it has', (addon) => {
  for (const host of ['127.0.0.1', '::1', '::']) {
    const first = openOwnSocket(parseAddress(host), 0, {}, datagram | bind);
    const port = addon.localPort(first);
    assert.ok(port > 0 && port < 65_536, String(port));
    const second = (): number => openOwnSocket(parseAddress(host), port, {}, datagram | bind);
    assert.throws(second, { code: 'EADDRINUSE' });
    closeSync(first);
  }
});

nativeTest('arguments no caller gives are refused', (addon) => {
  assert.equal(addon.openSocket(new Uint8Array(5), 0, 0, 0) < 0, true);
  assert.throws(() => addon.openSocket(new Uint8Array(4), -1, 0, 0), RangeError);
  assert.throws(() => addon.originalDestination(1, new Uint8Array(17)), RangeError);
  assert.equal(addon.originalDestination(4_000_000_000, new Uint8Array(18)), -1);
  assert.equal(addon.localPort(4_000_000_000) < 0, true);
  assert.equal(addon.receive(4_000_000_000, new Uint8Array(1), new Uint8Array(38)), -1);
  assert.throws(() => addon.receive(1, new Uint8Array(1), new Uint8Array(37)), RangeError);
  assert.equal(addon.sendTo(1, new Uint8Array(1), new Uint8Array(3), 1) < 0, true);
  assert.throws(() => addon.pollOpen(4_000_000_000, () => undefined));
});

nativeTest(
  'a watched descriptor tells of a datagram, who sent it and where it went, until it is closed',
  async (addon) => {
    const address = Uint8Array.of(127, 0, 0, 1);
    const server = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    const { port } = server.address();
    server.close();
    const fd = openOwnSocket(parseAddress('127.0.0.1'), port, {}, datagram | bind | original);
    const sender = openOwnSocket(parseAddress('127.0.0.1'), 0, {}, datagram | bind);
    const told = new Uint8Array(38);
    const into = new Uint8Array(16);
    const bytes = await new Promise<number>((resolve) => {
      const poller = addon.pollOpen(fd, () => {
        resolve(addon.receive(fd, into, told));
        addon.pollClose(poller);
      });
      assert.equal(addon.sendTo(sender, Uint8Array.of(7, 8, 9), address, port), 3);
    });
    assert.deepEqual([...into.subarray(0, bytes)], [7, 8, 9]);
    assert.deepEqual([told[0], told[1]], [4, 4]);
    assert.deepEqual([...told.subarray(18, 22)], [...address]);
    assert.equal((told[36]! << 8) | told[37]!, port);
    assert.equal(addon.receive(fd, into, told) < 0, true);
    closeSync(fd);
    closeSync(sender);
  },
);
