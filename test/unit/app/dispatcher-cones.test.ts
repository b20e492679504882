import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextFor } from '../../helper/contexts.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { MemoryAccessLog } from '../../helper/memory-log.js';

class ConeOutbound extends FakeOutbound {
  fullCone({ port }: { readonly port: number }): boolean {
    return port !== 53;
  }
}

function start() {
  const accessLog = new MemoryAccessLog();
  const outbounds = [new ConeOutbound('0'), new ConeOutbound('1'), new FakeOutbound('2')];
  const state = { picked: 0 };
  const dispatcher = dispatcherTo(outbounds, {
    clock: new FakeClock(),
    accessLog,
    router: { pick: () => ({ outboundTag: String(state.picked) }) },
  });
  return { accessLog, outbounds, state, dispatcher };
}

const nothing = new Uint8Array(0);
const game = contextFor(at('192.0.2.1', 27_015, 'udp'));

test('one cone for each outbound that is full cone for the destination', () => {
  const { dispatcher, state } = start();
  const first = dispatcher.coneFor?.(game, nothing);
  assert.ok(first);
  assert.equal(dispatcher.coneFor?.(contextFor(at('192.0.2.2', 1, 'udp')), nothing), first);
  assert.equal(dispatcher.coneFor?.(contextFor(at('192.0.2.2', 53, 'udp')), nothing), undefined);
  state.picked = 1;
  assert.notEqual(dispatcher.coneFor?.(game, nothing), first);
  state.picked = 2;
  assert.equal(dispatcher.coneFor?.(game, nothing), undefined);
  assert.equal(dispatcherTo([]).coneFor?.(game, nothing), undefined);
});

test('a cone opens its own outbound, tells it that more destinations follow, and writes the access log', async () => {
  const { dispatcher, state, outbounds, accessLog } = start();
  const cone = dispatcher.coneFor?.(game, nothing);
  assert.equal(accessLog.records.length, 0);
  state.picked = 1;
  const route = await cone?.openPackets(game);
  assert.equal(outbounds[0]?.packetContexts[0]?.fullCone, true);
  assert.equal(outbounds[1]?.packetContexts.length, 0);
  assert.equal(accessLog.records[0]?.to, 'udp:192.0.2.1:27015');
  route?.discard();
  assert.equal(outbounds[0]?.packetLinks[0]?.gone, true);
});
