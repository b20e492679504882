/** A bridge and a portal joined in memory; the same against V2Ray is in test/interop/reverse.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { systemRandom } from '../../../../src/core/random.js';
import { MuxServer } from '../../../../src/proxy/mux/server.js';
import { Bridge } from '../../../../src/proxy/reverse/bridge.js';
import { Portal } from '../../../../src/proxy/reverse/portal.js';
import { contextFor } from '../../../helper/contexts.js';
import { dispatcherTo } from '../../../helper/dispatchers.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

const domain = 'tunnel.example';

function start() {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  let lastId = 0;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const bufferBytes = (): number => 64 * 1024;
  const portal = new Portal({
    settings: { tag: 'portal', domain },
    clock,
    random: systemRandom,
    log,
    bufferBytes,
  });
  const inside = new FakeOutbound('inside');
  const dispatcher = dispatcherTo([portal, inside], {
    clock,
    router: {
      pick: ({ destination, inboundTag }) => ({
        outboundTag: inboundTag === 'bridge' && destination.address.host !== domain ? 'inside' : 'portal',
      }),
    },
  });
  const mux = new MuxServer({ clock, nextId, policy: { forLevel: () => defaultLevelPolicy } });
  const bridge = new Bridge({ settings: { tag: 'bridge', domain }, dispatcher, mux, clock, log, nextId });
  return { bridge, clock, dispatcher, inside, portal };
}

async function finish({ bridge, clock, portal }: ReturnType<typeof start>): Promise<void> {
  await bridge.close();
  await portal.close();
  await settle();
  assert.equal(portal.size, 0);
  assert.equal(bridge.size, 0);
  clock.advance(120_000);
  assert.equal(clock.pendingTimers, 0);
}

test('a connection given to the portal leaves at the bridge, and its answer comes back', async () => {
  const parts = start();
  await parts.bridge.start();
  await settle();
  assert.equal(parts.portal.size, 1);
  const client = new ScriptedLink();
  const route = await parts.dispatcher.open(contextFor(at('192.0.2.1', 80)));
  const done = route.relay(client);
  client.deliver('request');
  await settle();
  parts.clock.advance(100);
  await settle();
  const [context] = parts.inside.contexts;
  assert.equal(context?.inboundTag, 'bridge');
  assert.deepEqual(context?.destination, at('192.0.2.1', 80));
  assert.equal(parts.inside.links[0]?.outputText, 'request');
  parts.inside.links[0]?.deliver('answer');
  await settle();
  assert.equal(client.outputText, 'answer');
  client.goAway();
  await done;
  await finish(parts);
});

test('the control session stays inside, and its heartbeat opens nothing', async () => {
  const parts = start();
  await parts.bridge.start();
  await settle();
  for (let beat = 0; beat < 5; beat += 1) {
    parts.clock.advance(2000);
    await settle();
  }
  assert.equal(parts.inside.packetContexts.length, 0);
  assert.equal(parts.bridge.size, 1);
  await finish(parts);
});

test('without a bridge a connection fails with a hint', async () => {
  const parts = start();
  await assert.rejects(parts.dispatcher.open(contextFor(at('192.0.2.1', 80))), {
    code: 'ERR_UPSTREAM',
    hint: /tunnel\.example/,
  });
  await finish(parts);
});

test('a carrier that is lost is replaced at the next look', async () => {
  const parts = start();
  await parts.bridge.start();
  await settle();
  await parts.portal.close();
  await settle();
  assert.equal(parts.portal.size, 0);
  parts.clock.advance(2000);
  await settle();
  assert.equal(parts.portal.size, 1);
  await finish(parts);
});

test('after 256 sessions a carrier drains, and the bridge opens another', async () => {
  const parts = start();
  await parts.bridge.start();
  await settle();
  for (let count = 0; count < 260; count += 1) {
    const client = new ScriptedLink();
    const route = await parts.dispatcher.open(contextFor(at('192.0.2.1', 80)));
    void route.relay(client);
    client.deliver('x');
    client.goAway();
    await settle();
  }
  parts.clock.advance(2000);
  await settle();
  assert.equal(parts.portal.size, 2);
  await finish(parts);
});
