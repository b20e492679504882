import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { TsrayError } from '../../../src/core/errors.js';
import type { Link } from '../../../src/core/stream/link.js';
import { Connection, whenConnected } from '../../../src/library/connection.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { ScriptedLink } from '../../helper/scripted-link.js';

/** A connection whose dial the test ends. */
function dialing(clock = new FakeClock()): {
  readonly connection: Connection;
  readonly link: ScriptedLink;
  readonly signal: () => AbortSignal;
  succeed(): void;
  fail(error: Error): void;
} {
  const link = new ScriptedLink();
  let resolve!: (link: Link) => void;
  let reject!: (error: Error) => void;
  let signal!: AbortSignal;
  const connection = new Connection((given) => {
    signal = given;
    return new Promise<Link>((succeed, fail) => {
      resolve = succeed;
      reject = fail;
    });
  }, clock);
  return {
    connection,
    link,
    signal: () => signal,
    succeed: () => resolve(link),
    fail: (error) => reject(error),
  };
}

describe('Connection', () => {
  test('keeps what is written until it is open', async () => {
    const { connection, link, succeed } = dialing();
    connection.write('early ');
    connection.end('bird');
    assert.equal(connection.connecting, true);
    await new Promise(setImmediate);
    succeed();
    await once(connection, 'connect');
    await once(connection, 'finish');
    assert.equal(connection.connecting, false);
    assert.equal(link.outputText, 'early bird');
    assert.equal(link.ended, true);
    connection.destroy();
  });

  test('destroying it cancels the dial, without an error', async () => {
    const { connection, fail, signal } = dialing();
    await new Promise(setImmediate);
    connection.destroy();
    assert.equal(signal().aborted, true);
    fail(new TsrayError('ERR_ABORTED', 'given up'));
    // `once` would reject at an 'error' event.
    await once(connection, 'close');
    assert.equal(connection.errored, null);
  });

  test('a link that comes too late is destroyed', async () => {
    const { connection, link, succeed } = dialing();
    await new Promise(setImmediate);
    connection.destroy();
    succeed();
    await once(connection, 'close');
    assert.equal(link.destroyed, true);
  });

  test('a dial that fails is its error', async () => {
    const { connection, fail } = dialing();
    await new Promise(setImmediate);
    fail(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
    const [error] = (await once(connection, 'error')) as [TsrayError];
    assert.equal(error.code, 'ERR_DIAL_REFUSED');
    assert.equal(connection.destroyed, true);
  });

  test('setTimeout tells of quiet time, counted from the last traffic, and goes on', async () => {
    const clock = new FakeClock();
    const { connection, link, succeed } = dialing(clock);
    await new Promise(setImmediate);
    succeed();
    await once(connection, 'connect');
    let timeouts = 0;
    connection.on('timeout', () => {
      timeouts += 1;
    });
    connection.resume();
    await new Promise(setImmediate);
    connection.setTimeout(1_000);
    assert.equal(connection.timeout, 1_000);
    clock.advance(900);
    link.deliver(Buffer.from('x'));
    clock.advance(900);
    connection.write('y');
    clock.advance(900);
    assert.equal(timeouts, 0);
    clock.advance(100);
    assert.equal(timeouts, 1);
    assert.equal(connection.destroyed, false);
    connection.setTimeout(0);
    connection.setTimeout(500);
    connection.destroy();
    await once(connection, 'close');
    assert.equal(clock.pendingTimers, 0);
    connection.setTimeout(500);
    assert.equal(clock.pendingTimers, 0);
  });

  test('has the setters of a net.Socket that HTTP clients call', () => {
    const { connection } = dialing();
    assert.equal(connection.setNoDelay(true).setKeepAlive(true, 1).ref().unref(), connection);
    connection.destroy();
  });
});

describe('whenConnected', () => {
  test('gives the connection once it is open, and leaves no listener', async () => {
    const { connection, succeed } = dialing();
    const { signal } = new AbortController();
    const waiting = whenConnected(connection, signal);
    await new Promise(setImmediate);
    succeed();
    assert.equal(await waiting, connection);
    assert.equal(connection.listenerCount('error'), 0);
    assert.equal(await whenConnected(connection), connection);
    connection.destroy();
  });

  test('a signal gives up the dial, one that was aborted before too', async () => {
    for (const early of [true, false]) {
      const { connection, fail, signal } = dialing();
      const aborter = new AbortController();
      if (early) aborter.abort();
      const waiting = whenConnected(connection, aborter.signal);
      const rejected = assert.rejects(waiting, { code: 'ERR_ABORTED' });
      await new Promise(setImmediate);
      aborter.abort();
      await rejected;
      assert.equal(connection.destroyed, true);
      if (signal() !== undefined) fail(new TsrayError('ERR_ABORTED', 'given up'));
    }
  });

  test('closing it meanwhile is an error of its own', async () => {
    const { connection, fail } = dialing();
    const waiting = assert.rejects(whenConnected(connection), { code: 'ERR_CLOSED' });
    await new Promise(setImmediate);
    connection.destroy();
    fail(new TsrayError('ERR_ABORTED', 'given up'));
    await waiting;
  });
});
