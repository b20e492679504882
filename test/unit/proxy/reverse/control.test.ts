import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemRandom } from '../../../../src/core/random.js';
import { decodeControl, encodeControl } from '../../../../src/proxy/reverse/control.js';

/** Captured between a bridge and a portal of V2Ray 4.34 and 5.52. */
const heartbeats = [
  '9a06145171658f75842ff1ba467084f7fb6e22f27ceb82',
  '9a062a946e3d21e8b988a505e110b6d7a4448123a42cc75808555d63be23380a13c675dce9e719fbc51e55da3c',
  '9a061292bfb4d032af43f709444fe3acce8011a530',
  '9a06018e',
];

test("V2Ray's heartbeats say that the portal is active", () => {
  for (const hex of heartbeats) assert.equal(decodeControl(Buffer.from(hex, 'hex')), 'active');
});

test('a state in front of the padding, or behind it, is read', () => {
  assert.equal(decodeControl(Buffer.from('08019a06018e', 'hex')), 'drain');
  assert.equal(decodeControl(Buffer.from('9a06018e0801', 'hex')), 'drain');
  assert.equal(decodeControl(Buffer.from('08009a06018e', 'hex')), 'active');
  assert.equal(decodeControl(new Uint8Array(0)), 'active');
});

test('what is written is read again, and looks as V2Ray writes it', () => {
  for (let round = 0; round < 200; round += 1) {
    for (const state of ['active', 'drain'] as const) {
      const bytes = encodeControl(state, systemRandom);
      assert.ok(bytes.length > 0 && bytes.length <= 68);
      assert.equal(decodeControl(bytes), state);
    }
  }
});

test('no message ends in an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeControl(bytes)));
});
