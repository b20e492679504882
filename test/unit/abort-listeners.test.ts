/** Who waits for many things under one signal: Node takes more than ten listeners for a leak and says so on stderr. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPredialer } from '../../src/app/predial.js';
import type { Resolver } from '../../src/contract/dns.js';
import type { Dialer } from '../../src/contract/transport.js';
import { TsrayError } from '../../src/core/errors.js';
import { createPipe } from '../../src/core/stream/pipe.js';
import { createFreedomOutbound } from '../../src/proxy/freedom/outbound.js';
import { bindPackets } from '../../src/transport/udp/bind.js';
import { contextFor, destinationOf } from '../helper/contexts.js';
import { FakeClock } from '../helper/fake-clock.js';

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new TsrayError('ERR_ABORTED', 'given up')), {
      once: true,
    });
  });
}

async function warningsDuring(action: () => Promise<void>): Promise<readonly string[]> {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  await action();
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('warning', note);
  return warnings;
}

test('many connections being made ready are no leak', async () => {
  let dials = 0;
  const inner: Dialer = {
    dial: (_destination, options) => {
      dials += 1;
      return dials === 1 ? Promise.resolve(createPipe()[0]) : aborted(options?.signal);
    },
    close: () => Promise.resolve(),
  };
  const dialer = createPredialer(inner, { count: 30, clock: new FakeClock() });
  const warnings = await warningsDuring(async () => {
    (await dialer.dial(destinationOf('tcp', '192.0.2.1', 443))).destroy();
  });
  assert.equal(dials, 31);
  assert.deepEqual(warnings, []);
  await dialer.close();
});

test('many names being looked up in one datagram session are no leak', async () => {
  let lookups = 0;
  const resolver: Resolver = {
    resolve: (_name, _family, signal) => {
      lookups += 1;
      return aborted(signal);
    },
  };
  const outbound = createFreedomOutbound({
    tag: 'direct',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false },
    dialer: { dial: () => Promise.reject(new Error('not dialed')), close: () => Promise.resolve() },
    bindPackets,
    resolver,
    clock: new FakeClock(),
  });
  const target = destinationOf('udp', '127.0.0.1', 9);
  const link = await outbound.openPackets(contextFor(target));
  const gone = new Promise<void>((resolve) => {
    link.start({ packet: () => undefined, closed: () => resolve() });
  });
  const warnings = await warningsDuring(async () => {
    for (let index = 0; index < 30; index += 1) {
      link.send(Uint8Array.of(1), destinationOf('udp', `name${index}.example`, 9));
    }
    await Promise.resolve();
  });
  assert.equal(lookups, 30);
  assert.deepEqual(warnings, []);
  link.close();
  await gone;
});
