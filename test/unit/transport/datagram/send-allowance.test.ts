import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendAllowance } from '../../../../src/transport/datagram/send-allowance.js';

test('with TLS above, certificates may follow once as much as a ClientHello came, once', () => {
  const allowance = new SendAllowance(8192);
  allowance.received(25);
  assert.equal(allowance.take(500), false);
  allowance.received(250);
  assert.equal(allowance.take(4000), true);
  assert.equal(allowance.take(4000), true);
  allowance.received(100);
  assert.equal(allowance.take(4000), false);
});
