/** Listeners over others pass on that a client was let in: over mKCP its time would be over otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Accepted, Listen } from '../../../../src/contract/transport.js';
import { createProxiedListen } from '../../../../src/transport/proxy-protocol/listen.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeListen } from '../../../helper/fake-listen.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

test('behind PROXY protocol', async () => {
  const below = new FakeListen();
  const listen: Listen = createProxiedListen(below.listen, {
    clock: new FakeClock(),
    handshakeMs: 1_000,
    log: new MemoryLogger(),
  });
  const arrival = new Promise<Accepted>((resolve) => {
    void listen('127.0.0.1', 1, resolve);
  });
  const link = below.connect();
  link.deliver(Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 4000 443\r\n'));
  const accepted = await arrival;
  assert.deepEqual(below.admitted, []);
  accepted.admit();
  assert.deepEqual(below.admitted, [link]);
  accepted.link.destroy();
});
