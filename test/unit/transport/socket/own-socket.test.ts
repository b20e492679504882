import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { parseAddress } from '../../../../src/core/net/address.js';
import { openOwnSocket, redirectedFrom, socketFlag } from '../../../../src/transport/socket/own-socket.js';
import { nativeTest } from '../../../helper/native.js';

const { bind, datagram, dualStack } = socketFlag;

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

nativeTest('arguments no caller gives are refused', (addon) => {
  assert.equal(addon.openSocket(new Uint8Array(5), 0, 0, 0) < 0, true);
  assert.throws(() => addon.openSocket(new Uint8Array(4), -1, 0, 0), RangeError);
  assert.throws(() => addon.originalDestination(1, new Uint8Array(17)), RangeError);
  assert.equal(addon.originalDestination(4_000_000_000, new Uint8Array(18)), -1);
});
