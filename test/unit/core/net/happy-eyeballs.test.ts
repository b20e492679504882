import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { type Address, parseAddress } from '../../../../src/core/net/address.js';
import {
  interleaveFamilies,
  type RaceOptions,
  raceAddresses,
} from '../../../../src/core/net/happy-eyeballs.js';
import { FakeClock } from '../../../helper/fake-clock.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const addresses = (...hosts: string[]): Address[] => hosts.map(parseAddress);

interface Attempt {
  readonly host: string;
  readonly atMs: number;
  readonly signal: AbortSignal;
  readonly connect: () => void;
  readonly fail: (error: TsrayError) => void;
}

/** A race whose attempts the test answers by hand. */
function scripted(hosts: readonly string[], signal?: AbortSignal) {
  const clock = new FakeClock();
  const attempts: Attempt[] = [];
  const discarded: string[] = [];
  const options: RaceOptions<string> = {
    addresses: addresses(...hosts),
    clock,
    what: 'example.com:443',
    signal,
    discard: (late) => discarded.push(late),
    dial: (address, attemptSignal) =>
      new Promise((resolve, reject) => {
        attempts.push({
          host: address.host,
          atMs: clock.monotonicMs(),
          signal: attemptSignal,
          connect: () => resolve(address.host),
          fail: reject,
        });
      }),
  };
  return { clock, attempts, discarded, race: raceAddresses(options) };
}

const refused = (host: string): TsrayError => new TsrayError('ERR_DIAL_REFUSED', `${host} refused`);

test('families alternate, beginning with the first', () => {
  const order = (...hosts: string[]): string[] =>
    interleaveFamilies(addresses(...hosts)).map(({ host }) => host);
  assert.deepEqual(order('2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2', '192.0.2.3'), [
    '2001:db8::1',
    '192.0.2.1',
    '2001:db8::2',
    '192.0.2.2',
    '192.0.2.3',
  ]);
  assert.deepEqual(order('192.0.2.1', '2001:db8::1'), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(order('192.0.2.1', '192.0.2.2'), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(order(), []);
});

test('a silent address delays the next by a quarter of a second; the first to answer wins', async () => {
  const { clock, attempts, discarded, race } = scripted(['2001:db8::1', '192.0.2.1', '192.0.2.2']);
  clock.advance(249);
  assert.equal(attempts.length, 1);
  clock.advance(1);
  assert.deepEqual(
    attempts.map(({ host, atMs }) => [host, atMs]),
    [
      ['2001:db8::1', 0],
      ['192.0.2.1', 250],
    ],
  );
  attempts[1]!.connect();
  assert.equal(await race, '192.0.2.1');
  assert.ok(attempts[0]!.signal.aborted);
  clock.advance(10_000);
  assert.equal(attempts.length, 2);
  assert.equal(clock.pendingTimers, 0);
  // It connected in spite of the signal: it is closed.
  attempts[0]!.connect();
  await settled();
  assert.deepEqual(discarded, ['2001:db8::1']);
});

test('a slow first address wins while later ones are silent', async () => {
  const { clock, attempts, race } = scripted(['2001:db8::1', '192.0.2.1']);
  clock.advance(600);
  attempts[0]!.connect();
  assert.equal(await race, '2001:db8::1');
  assert.ok(attempts[1]!.signal.aborted);
  attempts[1]!.fail(new TsrayError('ERR_ABORTED', 'given up'));
  await settled();
});

test('a failed address makes room for the next at once; all failures are told', async () => {
  const { clock, attempts, race } = scripted(['2001:db8::1', '192.0.2.1']);
  attempts[0]!.fail(refused('[2001:db8::1]:443'));
  await settled();
  assert.deepEqual(
    attempts.map(({ atMs }) => atMs),
    [0, 0],
  );
  attempts[1]!.fail(refused('192.0.2.1:443'));
  await assert.rejects(race, {
    code: 'ERR_DIAL_REFUSED',
    message: 'example.com:443: [2001:db8::1]:443 refused; 192.0.2.1:443 refused',
  });
  assert.equal(clock.pendingTimers, 0);
});

test('an early failure does not end a race whose other attempts are under way', async () => {
  const { clock, attempts, race } = scripted(['192.0.2.1', '192.0.2.2']);
  clock.advance(250);
  attempts[1]!.fail(refused('192.0.2.2:443'));
  await settled();
  attempts[0]!.connect();
  assert.equal(await race, '192.0.2.1');
});

test('giving up ends every attempt', async () => {
  const abort = new AbortController();
  const { clock, attempts, discarded, race } = scripted(['192.0.2.1', '192.0.2.2'], abort.signal);
  clock.advance(250);
  abort.abort();
  await assert.rejects(race, { code: 'ERR_ABORTED' });
  assert.ok(attempts.every(({ signal }) => signal.aborted));
  attempts[0]!.connect();
  attempts[1]!.fail(new TsrayError('ERR_ABORTED', 'given up'));
  await settled();
  assert.deepEqual(discarded, ['192.0.2.1']);
  assert.equal(clock.pendingTimers, 0);
  const early = scripted(['192.0.2.1'], abort.signal);
  await assert.rejects(early.race, { code: 'ERR_ABORTED' });
  assert.equal(early.attempts.length, 0);
});

test('tries no more than ten addresses', async () => {
  const hosts = Array.from({ length: 30 }, (_, index) => `192.0.2.${index}`);
  const { attempts, race } = scripted(hosts);
  const failed = assert.rejects(race, { code: 'ERR_DIAL_REFUSED' });
  for (let i = 0; i < 10; i += 1) {
    attempts[i]!.fail(refused(String(i)));
    await settled();
  }
  await failed;
  assert.equal(attempts.length, 10);
});
