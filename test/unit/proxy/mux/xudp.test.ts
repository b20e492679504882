import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { systemRandom } from '../../../../src/core/random.js';
import type { PacketLink } from '../../../../src/core/stream/link.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { MuxClient } from '../../../../src/proxy/mux/client.js';
import { GlobalIds } from '../../../../src/proxy/mux/global-id.js';
import type { MuxSettings } from '../../../../src/proxy/mux/settings.js';
import { XudpClient } from '../../../../src/proxy/mux/xudp-client.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakePacketRoute } from '../../../helper/fake-dispatcher.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { settle } from '../../../helper/scripted-link.js';

const dns = at('8.8.8.8', 53, 'udp');
const game = at('192.0.2.1', 27_015, 'udp');
const swarm = at('1.1.1.1', 6881, 'udp');
const quic = at('1.1.1.1', 443, 'udp');
const udpSource = at('192.0.2.7', 50_000, 'udp');
const globalIds = new GlobalIds(nodeCrypto, systemRandom);

function collect(link: PacketLink): FakePacketRoute {
  const sink = new FakePacketRoute();
  void sink.relay(link);
  return sink;
}

function xudp() {
  const clock = new FakeClock();
  const outbound = new FakeOutbound();
  return { clock, outbound, client: new XudpClient({ outbound, clock, globalIds }) };
}

test('bytes of an XUDP client: New with the first packet, then Keep with an address, session 0', async () => {
  const { outbound, client, clock } = xudp();
  const link = await client.openPackets(contextFor(game));
  assert.deepEqual(outbound.contexts[0]?.destination, at('v1.mux.cool', 666));
  const sink = collect(link);
  const [carrier] = outbound.links;
  assert.equal(link.send(Buffer.from([0x12, 0x34]), at('8.8.8.8', 53, 'udp')), true);
  // The vectors "first packet, sing form" and "later packet or reply with per-packet address".
  assert.equal(carrier?.outputHex, '000c00000101020035010808080800021234');
  carrier?.clear();
  link.send(Buffer.from([0x9a]), quic);
  assert.equal(carrier?.outputHex, '000c000002010201bb010101010100019a');
  carrier?.clear();
  link.send(Buffer.from([0x9b]), quic);
  assert.equal(carrier?.outputHex, '000c000002010201bb010101010100019b');
  carrier?.deliver(Buffer.from('000c000002010201bb0101010101000161', 'hex'));
  // Without an address, as from V2Ray: it comes from the first destination.
  carrier?.deliver(Buffer.from('00040000020100015a', 'hex'));
  assert.deepEqual(sink.packets, [
    { text: 'a', remote: quic },
    { text: 'Z', remote: game },
  ]);
  carrier?.clear();
  link.close();
  assert.equal(carrier?.outputHex, '000400000300');
  assert.equal(carrier?.closed, true);
  await settle();
  assert.equal(sink.closes, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('the Global ID of a UDP client stands behind the first address, as in the vector', async () => {
  const { outbound, client } = xudp();
  const link = await client.openPackets(contextFor(game, { source: udpSource }));
  link.send(Buffer.from([0x12, 0x34]), dns);
  const id = Buffer.from(globalIds.of(udpSource)!).toString('hex');
  assert.equal(outbound.links[0]?.outputHex, `0014000001010200350108080808${id}00021234`);
  link.close();
});

test('Global IDs: 8 bytes, the same for a source, different for others, none for clients that came by TCP', () => {
  const id = globalIds.of(udpSource);
  assert.equal(id?.length, 8);
  assert.deepEqual(globalIds.of({ ...udpSource }), id);
  assert.notDeepEqual(globalIds.of(at('192.0.2.7', 50_001, 'udp')), id);
  assert.notDeepEqual(new GlobalIds(nodeCrypto, systemRandom).of(udpSource), id);
  assert.equal(globalIds.of(at('192.0.2.7', 50_000, 'tcp')), undefined);
});

test('ports 53 and 443 go as plain UDP without mux', async () => {
  const { outbound, client } = xudp();
  for (const target of [dns, quic]) {
    assert.equal(client.fullCone(target), false);
    await client.openPackets(contextFor(target));
  }
  assert.equal(client.fullCone(game), true);
  assert.equal(outbound.links.length, 0);
  assert.deepEqual(
    outbound.packetContexts.map(({ destination }) => destination),
    [dns, quic],
  );
});

test('packets that no server takes, empty ones, and those a full carrier has no room for are dropped', async () => {
  const { outbound, client } = xudp();
  const link = await client.openPackets(contextFor(game));
  assert.equal(link.send(new Uint8Array(7527), game), false);
  assert.equal(link.send(new Uint8Array(0), game), false);
  outbound.links[0]!.accepts = false;
  assert.equal(link.send(new Uint8Array(7526), game), true);
  assert.equal(link.send(Buffer.from('x'), game), false);
  link.close();
});

for (const [name, act, code] of [
  ['End', (deliver: (hex: string) => void) => deliver('000400000300'), undefined],
  ['End with Error', (deliver: (hex: string) => void) => deliver('000400000302'), 'ERR_RESET'],
  ['garbage', (deliver: (hex: string) => void) => deliver('ffff'), 'ERR_PROTOCOL'],
] as const) {
  test(`${name} from the server ends the session and its carrier`, async () => {
    const { outbound, client, clock } = xudp();
    const link = await client.openPackets(contextFor(game));
    const sink = collect(link);
    link.send(Buffer.from('x'), game);
    const [carrier] = outbound.links;
    act((hex) => carrier?.deliver(Buffer.from(hex, 'hex')));
    await settle();
    assert.equal(sink.closes, 1);
    assert.equal(sink.error?.code, code);
    assert.equal(carrier?.gone, true);
    assert.equal(link.send(Buffer.from('y'), game), false);
    assert.equal(clock.pendingTimers, 0);
  });
}

test('a lost carrier ends the session with the reason', async () => {
  const { outbound, client, clock } = xudp();
  const sink = collect(await client.openPackets(contextFor(game)));
  outbound.links[0]?.goAway(new TsrayError('ERR_RESET', 'the peer reset the connection'));
  await settle();
  assert.equal(sink.error?.code, 'ERR_RESET');
  assert.equal(clock.pendingTimers, 0);
});

function muxed(settings: Partial<MuxSettings>, isXudp: boolean) {
  const clock = new FakeClock();
  const outbound = new FakeOutbound();
  const client = new MuxClient({
    outbound,
    clock,
    log: new MemoryLogger(),
    nextId: () => 1,
    bufferBytes: () => 64 * 1024,
    globalIds,
    settings: { concurrency: 8, udpConcurrency: 0, udp443: undefined, ...settings },
    xudp: isXudp,
  });
  return { clock, outbound, client };
}

test("bytes of UDP in V2Ray's mux: the address in New only, packets of up to 2048 bytes", async () => {
  const { outbound, client } = muxed({}, false);
  const link = await client.openPackets(contextFor(at('2001:db8::1', 53, 'udp'), { source: udpSource }));
  const sink = collect(link);
  link.send(Buffer.from([0x12, 0x34]), dns);
  assert.equal(outbound.links[0]?.outputHex, '0018000101010200350320010db800000000000000000000000100021234');
  outbound.links[0]?.clear();
  link.send(Buffer.from('hello'), dns);
  assert.equal(outbound.links[0]?.outputHex, '000400010201000568656c6c6f');
  assert.equal(link.send(new Uint8Array(2048), dns), true);
  assert.equal(link.send(new Uint8Array(2049), dns), false);
  outbound.links[0]?.deliver(Buffer.from('000400010201000161', 'hex'));
  assert.deepEqual(sink.packets, [{ text: 'a', remote: at('2001:db8::1', 53, 'udp') }]);
  assert.equal(client.fullCone(game), false);
  await client.close();
  await settle();
});

test('XUDP in mux: an ordinary session id, addresses in Keep, a Global ID', async () => {
  const { outbound, client } = muxed({}, true);
  await client.open(contextFor(at('example.com', 80)));
  const link = await client.openPackets(contextFor(game, { source: udpSource }));
  assert.equal(outbound.links.length, 1);
  link.send(Buffer.from([0x12, 0x34]), dns);
  const id = Buffer.from(globalIds.of(udpSource)!).toString('hex');
  assert.equal(outbound.links[0]?.outputHex, `0014000201010200350108080808${id}00021234`);
  outbound.links[0]?.clear();
  link.send(Buffer.from([0x9a]), swarm);
  assert.equal(outbound.links[0]?.outputHex, '000c00020201021ae1010101010100019a');
  assert.equal(client.fullCone(game), true);
  await client.close();
  await settle();
});

test('xudpConcurrency: carriers of their own, or no mux for UDP', async () => {
  const own = muxed({ udpConcurrency: 2 }, true);
  await own.client.open(contextFor(at('example.com', 80)));
  for (let count = 0; count < 3; count += 1) await own.client.openPackets(contextFor(game));
  assert.equal(own.outbound.links.length, 3);
  assert.equal(own.client.carriers, 3);
  await own.client.close();
  const none = muxed({ udpConcurrency: undefined }, true);
  await none.client.openPackets(contextFor(game));
  assert.equal(none.outbound.packetLinks.length, 1);
  assert.equal(none.client.fullCone(game), false);
  const alone = muxed({ concurrency: undefined, udpConcurrency: 8 }, true);
  await alone.client.openPackets(contextFor(game));
  assert.deepEqual(alone.outbound.contexts[0]?.destination, at('v1.mux.cool', 9527));
  await alone.client.close();
  await settle();
});

test('xudpProxyUDP443: as Xray refused with XUDP, as V2Ray carried without; or as told', async () => {
  const outcome = async (settings: Partial<MuxSettings>, isXudp: boolean): Promise<string> => {
    const { outbound, client } = muxed(settings, isXudp);
    try {
      const open = (target: Destination) => client.openPackets(contextFor(target));
      await open(quic);
      return outbound.packetLinks.length === 1 ? 'outside' : 'carried';
    } catch (thrown) {
      return (thrown as TsrayError).code;
    } finally {
      await client.close();
    }
  };
  assert.equal(await outcome({}, true), 'ERR_BLOCKED');
  assert.equal(await outcome({}, false), 'carried');
  for (const isXudp of [false, true]) {
    assert.equal(await outcome({ udp443: 'reject' }, isXudp), 'ERR_BLOCKED');
    assert.equal(await outcome({ udp443: 'allow' }, isXudp), 'carried');
    assert.equal(await outcome({ udp443: 'skip' }, isXudp), 'outside');
    assert.equal(await outcome({ udp443: 'reject', udpConcurrency: undefined }, isXudp), 'outside');
  }
  await settle();
});
