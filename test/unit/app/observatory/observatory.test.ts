import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { BurstObservatory } from '../../../../src/app/observatory/burst-observatory.js';
import { Observatory } from '../../../../src/app/observatory/observatory.js';
import { probe } from '../../../../src/app/observatory/probe.js';
import type { BurstObservatorySettings } from '../../../../src/app/observatory/settings.js';
import type { Outbound } from '../../../../src/contract/outbound.js';
import { systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { systemRandom } from '../../../../src/core/random.js';
import { createTcpDialer } from '../../../../src/transport/tcp/dial.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

/** Connects to what it is asked for. */
function direct(tag: string): Outbound {
  const dialer = createTcpDialer({ clock: systemClock });
  return Object.assign(new FakeOutbound(tag), {
    open: (context: Parameters<Outbound['open']>[0]) =>
      dialer.dial(context.destination, context.signal === undefined ? {} : { signal: context.signal }),
  });
}

function broken(tag: string): Outbound {
  return Object.assign(new FakeOutbound(tag), {
    open: () => Promise.reject(new TsrayError('ERR_DIAL_REFUSED', 'refused')),
  });
}

async function withServer(
  answer: (count: number) => number,
  use: (url: string, server: Server) => Promise<void>,
): Promise<void> {
  let count = 0;
  const server = createServer((_request, response) => {
    count += 1;
    server.emit('probed', count);
    response.writeHead(answer(count)).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/check`, server);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function deps(outbounds: readonly Outbound[], clock = systemClock) {
  let id = 0;
  const nextId = (): number => {
    id += 1;
    return id;
  };
  return { clock, log: new MemoryLogger(), nextId, outbounds: () => outbounds };
}

const never = new AbortController().signal;

test('a probe takes any status for an answer, and says what went wrong otherwise', async () => {
  await withServer(
    () => 500,
    async (url) => {
      const request = { url, method: 'GET', timeoutMs: 5000, signal: never } as const;
      assert.ok((await probe(direct('a'), request, deps([]))) >= 0);
      await assert.rejects(probe(broken('b'), request, deps([])), { code: 'ERR_DIAL_REFUSED' });
    },
  );
});

test('a probe that is not answered ends in time, or when it is given up', async () => {
  const clock = new FakeClock();
  const silent = new FakeOutbound();
  const request = { url: 'http://127.0.0.1:9/', method: 'HEAD', timeoutMs: 5000, signal: never } as const;
  const late = probe(silent, request, deps([], clock));
  clock.advance(5000);
  await assert.rejects(late, { code: 'ERR_DIAL_TIMEOUT' });
  const left = new AbortController();
  const given = probe(silent, { ...request, signal: left.signal }, deps([], clock));
  left.abort();
  await assert.rejects(given, { code: 'ERR_ABORTED' });
  assert.equal(clock.pendingTimers, 0);
});

test('the observatory tells which of the selected outbounds live, and forgets those that are gone', async () => {
  await withServer(
    () => 204,
    async (probeUrl, server) => {
      const outbounds = [direct('proxy-a'), broken('proxy-b'), direct('other')];
      const observatory = new Observatory(
        { kind: 'steady', selector: ['proxy'], probeUrl, intervalMs: 100, concurrent: true },
        deps(outbounds),
      );
      assert.equal(observatory.of('proxy-a'), undefined);
      await observatory.start();
      await once(server, 'probed');
      await once(server, 'probed');
      assert.equal(observatory.of('proxy-a')?.alive, true);
      assert.equal(observatory.of('proxy-b')?.alive, false);
      assert.equal(observatory.of('other'), undefined);
      outbounds.splice(1, 1);
      await once(server, 'probed');
      await once(server, 'probed');
      assert.equal(observatory.of('proxy-b'), undefined);
      await observatory.close();
    },
  );
});

describe('the burst observatory', () => {
  const settings: BurstObservatorySettings = {
    kind: 'burst',
    selector: ['proxy'],
    probeUrl: '',
    method: 'HEAD',
    connectivityUrl: undefined,
    intervalMs: 1000,
    sampling: 3,
    timeoutMs: 5000,
  };

  test('knows outbounds from its start on, and how many probes failed', async () => {
    await withServer(
      () => 204,
      async (probeUrl, server) => {
        const outbounds = [direct('proxy-a'), broken('proxy-b')];
        const burst = new BurstObservatory(
          { ...settings, probeUrl, intervalMs: 20 },
          { ...deps(outbounds), random: systemRandom, direct: direct('direct') },
        );
        await burst.start();
        for (let count = 0; count < 5; count += 1) await once(server, 'probed');
        const alive = burst.of('proxy-a');
        assert.equal(alive?.alive, true);
        assert.ok((alive?.samples ?? 0) <= 3);
        assert.equal(alive?.failures, 0);
        const dead = burst.of('proxy-b');
        assert.equal(dead?.alive, false);
        assert.equal(dead?.failures, dead?.samples);
        await burst.close();
      },
    );
  });

  test('a failure while this machine is not connected says nothing of the outbound', async () => {
    const burst = new BurstObservatory(
      { ...settings, probeUrl: 'http://127.0.0.1:9/', connectivityUrl: 'http://127.0.0.1:9/' },
      { ...deps([broken('proxy-b')]), random: systemRandom, direct: broken('direct') },
    );
    await burst.start();
    await burst.close();
    assert.equal(burst.of('proxy-b'), undefined);
  });
});
