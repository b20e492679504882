import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PacketCone } from '../../../src/contract/dispatcher.js';
import type { RouteQuery } from '../../../src/contract/route-query.js';
import type { Sniffing } from '../../../src/contract/sniffer.js';
import { HeldPackets } from '../../../src/core/stream/held-packets.js';
import { PacketSessions } from '../../../src/core/stream/packet-sessions.js';
import { contextFor } from '../../helper/contexts.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { FakePackets } from '../../helper/fake-packets.js';
import { settle } from '../../helper/scripted-link.js';

/** Two datagrams, `hello` and a name, tell the name. */
const names: Sniffing = {
  stream: () => ({ state: 'no' }),
  packets: () => {
    let begun = false;
    return {
      push: (packet) => {
        const text = Buffer.from(packet).toString();
        if (!begun) {
          begun = text === 'hello';
          return { state: begun ? 'more' : 'no' };
        }
        return { state: 'found', sniffed: { protocol: 'test', domain: text } };
      },
    };
  },
  metadata: () => undefined,
  overrides: () => true,
  routeOnly: false,
  waitMs: 200,
  limitBytes: 1024,
};

class ConeOutbound extends FakeOutbound {
  fullCone(): boolean {
    return true;
  }
}

const target = at('192.0.2.1', 443, 'udp');
const textOf = (hex: string): string => Buffer.from(hex, 'hex').toString();

function start(sniffing: Partial<Sniffing> = {}) {
  const clock = new FakeClock();
  const outbound = new ConeOutbound();
  const queries: RouteQuery[] = [];
  const router = {
    pick: (query: RouteQuery) => {
      queries.push(query);
      return {};
    },
  };
  const whole = { ...names, ...sniffing };
  const dispatcher = dispatcherTo([outbound], { clock, router }).withSniffing(whole);
  return { clock, dispatcher, outbound, queries };
}

describe('datagrams of an inbound that sniffs', () => {
  test('a name that two datagrams tell takes the place of the address; the client keeps to the address', async () => {
    const { dispatcher, outbound, queries } = start();
    const client = new FakePackets();
    const held = new HeldPackets(client);
    const opening = dispatcher.openPackets(contextFor(target), held);
    client.deliver(Buffer.from('hello'), target);
    client.deliver(Buffer.from('example.com'), target);
    const route = await opening;
    void route.relay(held);
    await settle();
    assert.equal(queries[0]?.destination.address.host, 'example.com');
    assert.equal(outbound.packetContexts[0]?.destination.address.host, 'example.com');
    const [way] = outbound.packetLinks;
    assert.deepEqual(
      way?.sent.map(({ hex, remote }) => [textOf(hex), remote.address.host]),
      [
        ['hello', 'example.com'],
        ['example.com', 'example.com'],
      ],
    );
    way?.deliver(Buffer.from('answer'), at('203.0.113.9', 443, 'udp'));
    assert.deepEqual(client.sent.at(-1)?.remote, target);
  });

  test('datagrams of nothing that is known are routed at once, and may share a session', async () => {
    const { dispatcher, outbound } = start();
    assert.notEqual(dispatcher.coneFor?.(contextFor(target), Buffer.from('game')), undefined);
    assert.equal(dispatcher.coneFor?.(contextFor(target), Buffer.from('hello')), undefined);
    const client = new FakePackets();
    const held = new HeldPackets(client);
    const opening = dispatcher.openPackets(contextFor(target), held);
    client.deliver(Buffer.from('game'), target);
    await opening;
    assert.equal(outbound.packetContexts[0]?.destination.address.host, '192.0.2.1');
  });

  test('a name that does not come is waited for no longer than configured', async () => {
    const { clock, dispatcher, outbound } = start();
    const client = new FakePackets();
    const opening = dispatcher.openPackets(contextFor(target), new HeldPackets(client));
    client.deliver(Buffer.from('hello'), target);
    clock.advance(200);
    await opening;
    assert.equal(outbound.packetContexts[0]?.destination.address.host, '192.0.2.1');
    assert.equal(clock.pendingTimers, 0);
  });

  test('sessions of a socket give their first datagrams to the sniffer, and lose none', async () => {
    const { clock, dispatcher, outbound } = start();
    const source = at('192.0.2.7', 5000, 'udp');
    const sessions = new PacketSessions<PacketCone>({
      clock,
      open: (_source, each, signal, cone, first) =>
        (cone ?? dispatcher).openPackets(contextFor(each, { signal }), first),
      coneFor: (_source, each, packet) => dispatcher.coneFor?.(contextFor(each), packet),
      reply: () => true,
    });
    sessions.deliver(Buffer.from('hello'), source, target);
    sessions.deliver(Buffer.from('example.com'), source, target);
    await settle();
    assert.deepEqual(
      outbound.packetLinks[0]?.sent.map(({ hex }) => textOf(hex)),
      ['hello', 'example.com'],
    );
    sessions.close();
  });
});
