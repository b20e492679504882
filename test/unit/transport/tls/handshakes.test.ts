import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TsrayError } from '../../../../src/core/errors.js';
import { Handshakes } from '../../../../src/transport/tls/handshakes.js';
import { FakeClock } from '../../../helper/fake-clock.js';

class FakeSocket {
  error: TsrayError | undefined;

  destroy(error: TsrayError): void {
    this.error = error;
  }
}

function crowd(handshakes: Handshakes, count: number): FakeSocket[] {
  const sockets = Array.from({ length: count }, () => new FakeSocket());
  for (const socket of sockets) handshakes.begin(socket);
  return sockets;
}

test('a crowd that is quick is left alone; whoever takes long makes room, the oldest first', () => {
  const clock = new FakeClock();
  const handshakes = new Handshakes(clock);
  const slow = crowd(handshakes, 512);
  const quick = crowd(handshakes, 500);
  assert.equal(handshakes.count, 1012);
  clock.advance(2_000);
  const late = crowd(handshakes, 3);
  assert.deepEqual(
    slow.slice(0, 4).map(({ error }) => error?.code),
    ['ERR_LIMIT', 'ERR_LIMIT', 'ERR_LIMIT', undefined],
  );
  for (const { error } of [...quick, ...late]) assert.equal(error, undefined);
  assert.equal(handshakes.count, 1012);
});

test('there are never more than 2,048, however quickly they come', () => {
  const handshakes = new Handshakes(new FakeClock());
  const sockets = crowd(handshakes, 3_000);
  assert.equal(handshakes.count, 2_048);
  assert.equal(sockets.filter(({ error }) => error !== undefined).length, 3_000 - 2_048);
  assert.equal(sockets[0]?.error?.code, 'ERR_LIMIT');
  assert.equal(sockets.at(-1)?.error, undefined);
});

test('those that are done take no room', () => {
  const clock = new FakeClock();
  const handshakes = new Handshakes(clock);
  const done = crowd(handshakes, 600);
  for (const socket of done) handshakes.end(socket);
  for (const socket of done) handshakes.end(socket);
  assert.equal(handshakes.count, 0);
  clock.advance(10_000);
  crowd(handshakes, 511);
  assert.equal(handshakes.count, 511);
});
