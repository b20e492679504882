import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import type { PacketLink } from '../../../../src/core/stream/link.js';
import { PacketAddrClient } from '../../../../src/proxy/packet-addr/client.js';
import {
  decodePacketAddr,
  packetAddrHeader,
  SegmentDecoder,
} from '../../../../src/proxy/packet-addr/codec.js';
import { createPacketAddrDispatcher } from '../../../../src/proxy/packet-addr/dispatcher.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher, FakePacketRoute } from '../../../helper/fake-dispatcher.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeOutbound } from '../../../helper/fake-outbound.js';
import { FakePackets } from '../../../helper/fake-packets.js';
import { readVectors } from '../../../helper/project.js';
import { ScriptedLink, settle } from '../../../helper/scripted-link.js';
import { splits } from '../../../helper/split.js';

interface Vectors {
  readonly packetAddr: readonly {
    readonly name: string;
    readonly addressText: string;
    readonly port: number;
    readonly payload: string;
    readonly wire: string;
  }[];
  readonly packetAddrStream: readonly { readonly wire: string }[];
}

const { packetAddr, packetAddrStream } = readVectors<Vectors>('vmess.json');
const streamWire = packetAddrStream[0]!.wire;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const flow = at('sp.packet-addr.v2fly.arpa', 0, 'udp');
const stream = at('st.packet-addr.v2fly.arpa', 0, 'tcp');
const dns = at('8.8.8.8', 53, 'udp');

for (const { name, addressText, port, payload, wire } of packetAddr) {
  test(`vector, both ways: ${name}`, () => {
    const address = parseAddress(addressText);
    assert.equal(hex(packetAddrHeader(address, port)!) + payload, wire);
    const decoded = decodePacketAddr(bytes(wire))!;
    assert.deepEqual(decoded.address, address);
    assert.equal(decoded.port, port);
    assert.equal(hex(decoded.payload), payload);
  });
}

test('names cannot be written; short packets and unknown types cannot be read', () => {
  assert.equal(packetAddrHeader(parseAddress('example.com'), 53), undefined);
  for (const wire of [
    '',
    '01',
    '01080808080035'.slice(0, -2),
    '0320010db8',
    '00080808080035',
    '02080808080035',
  ]) {
    assert.equal(decodePacketAddr(bytes(wire)), undefined, wire);
  }
  assert.equal(decodePacketAddr(bytes('01080808080035'))?.payload.length, 0);
});

test('segments read the same whole, byte by byte and at random splits', () => {
  const long = Buffer.concat([bytes('ffff'), Buffer.alloc(0xffff, 3)]);
  const wire = Buffer.concat([bytes(streamWire), long, bytes(streamWire)]);
  for (const parts of splits(wire)) {
    const decoder = new SegmentDecoder();
    const seen: string[] = [];
    for (const part of parts) decoder.push(part, (segment) => seen.push(hex(segment)));
    assert.deepEqual(seen, [streamWire.slice(4), '03'.repeat(0xffff), streamWire.slice(4)]);
    assert.equal(decoder.atBoundary, true);
  }
});

test('a segment of no bytes is refused', () => {
  for (const parts of splits(bytes(`${streamWire}0000`))) {
    const decoder = new SegmentDecoder();
    const push = (): void => {
      for (const part of parts) decoder.push(part, () => undefined);
    };
    assert.throws(push, { code: 'ERR_PROTOCOL' });
  }
});

function collect(link: PacketLink): FakePacketRoute {
  const sink = new FakePacketRoute();
  void sink.relay(link);
  return sink;
}

test('client: one flow to the magic host, each packet behind its address', async () => {
  const outbound = new FakeOutbound();
  const client = new PacketAddrClient(outbound, 'packet');
  const link = await client.openPackets(contextFor(dns));
  assert.deepEqual(outbound.packetContexts[0]?.destination, flow);
  const sink = collect(link);
  for (const { addressText, port, payload } of packetAddr) {
    assert.equal(link.send(bytes(payload), at(addressText, port, 'udp')), true);
  }
  const [far] = outbound.packetLinks;
  assert.deepEqual(
    far?.sent,
    packetAddr.map(({ wire }) => ({ hex: wire, remote: flow })),
  );
  far?.deliver(bytes('010101010101bb61'), flow);
  far?.deliver(bytes('0801'), flow);
  assert.deepEqual(sink.packets, [{ text: 'a', remote: at('1.1.1.1', 443, 'udp') }]);
  assert.equal(link.send(Buffer.from('x'), at('example.com', 53, 'udp')), false);
  link.close();
  await settle();
  assert.equal(sink.closes, 1);
});

test('client: packets to names go as they are, since the form has none', async () => {
  const outbound = new FakeOutbound();
  const client = new PacketAddrClient(outbound, 'packet');
  const named = at('example.com', 53, 'udp');
  await client.openPackets(contextFor(named));
  assert.deepEqual(outbound.packetContexts[0]?.destination, named);
  assert.equal(client.fullCone(named), false);
  assert.equal(client.fullCone(dns), true);
});

test('client, stream form: segments over a connection; a full one drops packets', async () => {
  const outbound = new FakeOutbound();
  const client = new PacketAddrClient(outbound, 'stream');
  const link = await client.openPackets(contextFor(dns));
  assert.deepEqual(outbound.contexts[0]?.destination, stream);
  const sink = collect(link);
  const [far] = outbound.links;
  link.send(bytes('1234'), dns);
  assert.equal(far?.outputHex, streamWire);
  far?.deliver(bytes(streamWire).subarray(0, 5));
  far?.deliver(bytes(streamWire).subarray(5));
  assert.deepEqual(sink.packets, [{ text: '\x12\x34', remote: dns }]);
  far!.accepts = false;
  assert.equal(link.send(bytes('1234'), dns), true);
  assert.equal(link.send(bytes('1234'), dns), false);
  far?.drain();
  assert.equal(link.send(bytes('1234'), dns), true);
  far?.deliver(bytes('0000'));
  await settle();
  assert.equal(sink.error?.code, 'ERR_PROTOCOL');
});

test('client, stream form: an end between segments is orderly, in the middle of one it is not', async () => {
  for (const [wire, code] of [
    [streamWire, undefined],
    [streamWire.slice(0, -2), 'ERR_TRUNCATED'],
  ] as const) {
    const outbound = new FakeOutbound();
    const link = await new PacketAddrClient(outbound, 'stream').openPackets(contextFor(dns));
    const sink = collect(link);
    outbound.links[0]?.deliver(bytes(wire));
    outbound.links[0]?.deliverEnd();
    await settle();
    assert.equal(sink.closes, 1);
    assert.equal(sink.error?.code, code);
  }
});

function server() {
  const clock = new FakeClock();
  const inner = new FakeDispatcher();
  let lastId = 0;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const policy = { forLevel: () => defaultLevelPolicy };
  return { clock, inner, dispatcher: createPacketAddrDispatcher(inner, { clock, policy, nextId }) };
}

const targets = (inner: FakeDispatcher): readonly Destination[] =>
  inner.packetOpens.map(({ context }) => context.destination);

test('server: each packet of a flow goes where it says; answers carry their source', async () => {
  const { clock, inner, dispatcher } = server();
  const route = await dispatcher.openPackets(contextFor(flow));
  const client = new FakePackets();
  const done = route.relay(client);
  for (const { wire } of packetAddr) client.deliver(bytes(wire), flow);
  assert.deepEqual(
    targets(inner),
    packetAddr.map(({ addressText, port }) => at(addressText, port, 'udp')),
  );
  const first = inner.packetOpens[0]!.accept();
  await settle();
  assert.deepEqual(first.packets, [{ text: '\x12\x34', remote: dns }]);
  first.link?.send(bytes('1234'), dns);
  assert.deepEqual(client.sent, [{ hex: packetAddr[0]!.wire, remote: flow }]);
  client.close();
  await done;
  await settle();
  assert.equal(first.closes, 1);
  assert.equal(clock.pendingTimers, 0);
});

test('server: a flow that is quiet for connIdle ends', async () => {
  const { clock, dispatcher } = server();
  const client = new FakePackets();
  const route = await dispatcher.openPackets(contextFor(flow));
  const done = route.relay(client);
  clock.advance(300_000);
  await done;
  assert.equal(client.gone, true);
  assert.equal(clock.pendingTimers, 0);
});

test('server, stream form', async () => {
  const { clock, inner, dispatcher } = server();
  const client = new ScriptedLink();
  const route = await dispatcher.open(contextFor(stream));
  const done = route.relay(client);
  client.deliver(bytes(streamWire));
  assert.deepEqual(targets(inner), [dns]);
  const out = inner.packetOpens[0]!.accept();
  await settle();
  out.link?.send(bytes('1234'), dns);
  assert.equal(client.outputHex, streamWire);
  client.deliverEnd();
  await done;
  assert.equal(clock.pendingTimers, 0);
});

test('server: everything else goes on as it is', async () => {
  const { inner, dispatcher } = server();
  void dispatcher.open(contextFor(at('example.com', 80)));
  void dispatcher.openPackets(contextFor(dns));
  await settle();
  assert.equal(inner.opens.length, 1);
  assert.equal(inner.packetOpens.length, 1);
  assert.equal(dispatcher.coneFor?.(contextFor(dns), new Uint8Array(0)), undefined);
});
