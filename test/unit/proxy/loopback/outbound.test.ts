import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteQuery } from '../../../../src/contract/route-query.js';
import { createLoopbackOutbound } from '../../../../src/proxy/loopback/outbound.js';
import { contextFor } from '../../../helper/contexts.js';
import { dispatcherTo } from '../../../helper/dispatchers.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';

/** Connections from the inbound `again` leave by `out`, or go round in circles. */
function start(circle = false) {
  const out = new FakeOutbound('out');
  const queries: RouteQuery[] = [];
  const loop = createLoopbackOutbound({
    tag: 'loop',
    settings: { inboundTag: 'again' },
    dispatcher: () => dispatcher,
  });
  const dispatcher = dispatcherTo([loop, out], {
    router: {
      pick: (query) => {
        queries.push(query);
        return { outboundTag: query.inboundTag === 'again' && !circle ? 'out' : 'loop' };
      },
    },
  });
  return { dispatcher, out, queries };
}

test('a connection is routed again with the other inbound tag, without what was sniffed', async () => {
  const { dispatcher, out, queries } = start();
  const link = new ScriptedLink();
  const sniffed = { protocol: 'tls', domain: 'example.com' };
  const user = { email: 'love@example.com', level: 1 };
  const context = contextFor(at('192.0.2.1', 443), { inboundTag: 'in', sniffed, user });
  const route = await dispatcher.open(context);
  const done = route.relay(link);
  assert.deepEqual(
    queries.map(({ inboundTag, sniffed: seen, user: who }) => [inboundTag, seen, who]),
    [
      ['in', sniffed, user],
      ['again', undefined, user],
    ],
  );
  link.deliver('up');
  await settle();
  assert.equal(out.links[0]?.outputText, 'up');
  out.links[0]?.deliver('down');
  await settle();
  assert.equal(link.outputText, 'down');
  link.goAway();
  await done;
  await settle();
  assert.equal(out.links[0]?.gone, true);
});

test('datagrams go the same way', async () => {
  const { dispatcher, out } = start();
  const target = at('192.0.2.1', 53, 'udp');
  const route = await dispatcher.openPackets(contextFor(target));
  assert.equal(out.packetContexts[0]?.inboundTag, 'again');
  route.discard();
});

test('rules that lead round in a circle end the connection with what is wrong', async () => {
  const { dispatcher } = start(true);
  await assert.rejects(dispatcher.open(contextFor(at('192.0.2.1', 443))), {
    code: 'ERR_NO_OUTBOUND',
    message: /round in a circle/,
  });
});
