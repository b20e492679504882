import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import type { Accepted } from '../../../../src/contract/transport.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { systemRandom } from '../../../../src/core/random.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createSocksInbound } from '../../../../src/proxy/socks/inbound.js';
import type { SocksInboundSettings } from '../../../../src/proxy/socks/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDispatcher } from '../../../helper/fake-dispatcher.js';
import { at, FakeListen, portsOf } from '../../../helper/fake-listen.js';
import { FakeBind } from '../../../helper/fake-packets.js';
import { MemoryAccessLog, MemoryLogger } from '../../../helper/memory-log.js';
import { settle } from '../../../helper/scripted-link.js';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex');

const greeting = hex('050100');
/** To 127.0.0.1:22. */
const connect = hex('05010001 7f000001 0016');
const associate = hex('05030001 00000000 0000');

async function start(settings: Partial<SocksInboundSettings> = {}, handle?: (accepted: Accepted) => void) {
  const clock = new FakeClock();
  const listen = new FakeListen();
  const bind = new FakeBind();
  const dispatcher = new FakeDispatcher();
  const log = new MemoryLogger();
  const accessLog = new MemoryAccessLog();
  let id = 0;
  const inbound = createSocksInbound({
    tag: 'socks-in',
    place: 'socks',
    openPorts: portsOf(listen.listen, '192.0.2.1', [1080]),
    settings: {
      auth: 'noauth',
      accounts: [],
      udp: false,
      ip: parseAddress('127.0.0.1'),
      userLevel: 3,
      mixed: true,
      ...settings,
    },
    bindPackets: bind.bind,
    dispatcher,
    policy: { forLevel: (level) => ({ ...defaultLevelPolicy, handshakeMs: level === 0 ? 4000 : 1 }) },
    clock,
    crypto: nodeCrypto,
    random: systemRandom,
    log,
    accessLog,
    nextId: () => {
      id += 1;
      return id;
    },
    ...(handle === undefined ? {} : { fallback: { accept: handle, drain() {} } }),
  });
  await inbound.start();
  return { clock, listen, bind, dispatcher, log, accessLog, inbound };
}

test('answers CONNECT once the outbound is open, with its own address, and hands over what came early', async () => {
  const { listen, dispatcher, inbound, clock } = await start();
  assert.deepEqual(inbound.addresses, ['192.0.2.1:1080']);
  const client = listen.connect();
  client.deliver(greeting);
  assert.equal(client.outputHex, '0500');
  client.clear();
  client.deliver(Buffer.concat([connect, Buffer.from('early')]));
  await settle();
  assert.equal(client.outputHex, '', 'no answer before the outbound is open');
  const pending = dispatcher.opens[0]!;
  const { context } = pending;
  assert.deepEqual(context.destination, at('127.0.0.1', 22));
  assert.equal(context.sourceText, 'tcp:192.0.2.7:50000');
  assert.equal(context.inboundTag, 'socks-in');
  assert.equal(context.level, 3);
  assert.equal(context.user, undefined);
  const route = pending.accept();
  await settle();
  assert.equal(client.outputHex, '05000001c00002010438');
  client.deliver(' and more');
  await settle();
  assert.equal(route.sink?.text, 'early and more');
  client.deliverEnd();
  await settle();
  assert.equal(route.sink?.ended, 1);
  route.link!.close();
  await settle();
  assert.equal(client.gone, true);
  assert.equal(clock.pendingTimers, 0);
});

test('a client is let in with its request, and only then', async () => {
  const { listen, inbound } = await start();
  const client = listen.connect();
  client.deliver(greeting);
  await settle();
  assert.deepEqual(listen.admitted, []);
  client.deliver(connect);
  await settle();
  assert.deepEqual(listen.admitted, [client]);
  const other = listen.connect();
  other.deliver(Buffer.from([5, 1, 0, 5, 9, 0, 1]));
  await settle();
  assert.deepEqual(listen.admitted, [client]);
  other.destroy();
  client.destroy();
  await inbound.close();
});

test('the name of the account becomes the user', async () => {
  const { listen, dispatcher } = await start({
    auth: 'password',
    accounts: [{ user: 'bob', pass: 'secret' }],
  });
  const client = listen.connect();
  client.deliver(hex('050102 01 03 626f62 06 736563726574'));
  client.deliver(connect);
  await settle();
  assert.deepEqual(dispatcher.opens[0]?.context.user, { email: 'bob', level: 3 });
});

test('a failed password is answered 01 FF, logged without it, and ends the connection', async () => {
  const { listen, dispatcher, log, accessLog, clock } = await start({
    auth: 'password',
    accounts: [{ user: 'bob', pass: 'secret' }],
  });
  const client = listen.connect();
  client.deliver(hex('050102 01 03 626f62 06 736563726575'));
  await settle();
  assert.equal(client.outputHex, '050201ff');
  assert.equal(client.closed, true);
  assert.equal(dispatcher.opens.length, 0);
  assert.equal(accessLog.records[0]?.status, 'rejected');
  assert.equal(accessLog.records[0]?.from, 'tcp:192.0.2.7:50000');
  assert.match(log.text, /ERR_AUTH/);
  assert.doesNotMatch(log.text + JSON.stringify(accessLog.records), /secre/);
  assert.equal(clock.pendingTimers, 0);
});

test('a target that cannot be opened is answered with its code', async () => {
  const { listen, dispatcher } = await start();
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, connect]));
  await settle();
  dispatcher.opens[0]!.fail(new TsrayError('ERR_DIAL_REFUSED', 'no'));
  await settle();
  assert.equal(client.outputHex, '050005050001000000000000');
  assert.equal(client.closed, true);
  const old = listen.connect();
  old.deliver(hex('0401 0050 c0000207 00'));
  await settle();
  dispatcher.opens[1]!.fail(new TsrayError('ERR_DIAL_REFUSED', 'no'));
  await settle();
  assert.equal(old.outputHex, '005b000000000000');
});

test('a client that stays silent is cut off at the deadline of level 0, in every phase', async () => {
  for (const sent of ['', '05', '050100', '050100 0501', '0401 0050 c0000207 61']) {
    const { listen, clock, accessLog, log } = await start();
    const client = listen.connect();
    if (sent !== '') client.deliver(hex(sent));
    clock.advance(3999);
    await settle();
    assert.equal(client.gone, false);
    clock.advance(1);
    await settle();
    // Without a reason towards the client; the log has it.
    assert.equal(client.destroyed, true);
    assert.equal(client.error, undefined);
    assert.match(log.text, /ERR_HANDSHAKE_TIMEOUT/);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(accessLog.records.length, 0);
  }
});

test('a client that goes away in the handshake leaves nothing', async () => {
  for (const leave of ['deliverEnd', 'goAway'] as const) {
    const { listen, clock, dispatcher } = await start();
    const client = listen.connect();
    client.deliver(greeting);
    client[leave]();
    await settle();
    assert.equal(client.gone, true);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(dispatcher.opens.length, 0);
  }
});

test('a client that goes away while the outbound opens aborts the opening; a route that came too late is discarded', async () => {
  const { listen, dispatcher } = await start();
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, connect]));
  await settle();
  const pending = dispatcher.opens[0]!;
  assert.equal(pending.context.signal?.aborted, false);
  client.goAway(new TsrayError('ERR_RESET', 'reset'));
  await settle();
  assert.equal(pending.context.signal?.aborted, true);
  client.clear();
  const route = pending.accept();
  await settle();
  assert.equal(route.discarded, true);
  assert.equal(route.link, undefined);
  assert.equal(client.outputHex, '');
});

test('a client that ends its side unanswered, having sent nothing, has left: the opening is aborted', async () => {
  const { listen, dispatcher } = await start();
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, connect]));
  await settle();
  client.deliverEnd();
  await settle();
  assert.equal(dispatcher.opens[0]!.context.signal?.aborted, true);
});

test('a client that sends and half-closes while the outbound opens is served; the half-close is passed on', async () => {
  const { listen, dispatcher } = await start();
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, connect, Buffer.from('bye')]));
  client.deliverEnd();
  await settle();
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(route.sink?.text, 'bye');
  assert.equal(route.sink?.ended, 1);
});

test('a client that floods while the outbound opens is paused', async () => {
  const { listen, dispatcher } = await start();
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, connect, Buffer.alloc(20_000)]));
  await settle();
  assert.equal(client.paused, true);
  const route = dispatcher.opens[0]!.accept();
  await settle();
  assert.equal(client.paused, false);
  assert.equal(route.sink?.bytes.length, 20_000);
});

test('connections that are not SOCKS go to the fallback whole, or are refused without one', async () => {
  const taken: Accepted[] = [];
  const mixed = await start({}, (accepted) => taken.push(accepted));
  mixed.listen.connect().deliver('GET http://x/ HTTP/1.1\r\n');
  await settle();
  assert.deepEqual(taken[0]?.source, at('192.0.2.7', 50_000));
  const sink = CollectSink.on(taken[0]!.link);
  await settle();
  assert.equal(sink.text, 'GET http://x/ HTTP/1.1\r\n');
  assert.equal(mixed.clock.pendingTimers, 0);

  const strict = await start({ mixed: false }, (accepted) => taken.push(accepted));
  const client = strict.listen.connect();
  client.deliver('GET');
  await settle();
  assert.equal(client.closed, true);
  assert.equal(strict.accessLog.records[0]?.status, 'rejected');
  assert.equal(taken.length, 1);
});

test('opens all ports or none', async () => {
  const listen = new FakeListen();
  listen.failOn = { port: 2, error: new TsrayError('ERR_LISTEN', 'busy') };
  const { ListenerGroup } = await import('../../../../src/proxy/ports/listener-group.js');
  const group = new ListenerGroup({
    listen: listen.listen,
    host: '::1',
    ports: [1, 2, 3],
    random: systemRandom,
    accept() {},
  });
  await assert.rejects(group.start(), { code: 'ERR_LISTEN' });
  assert.deepEqual(listen.open, []);
  assert.deepEqual(group.addresses, []);
});

/** An association of a client at 192.0.2.7. */
async function associated(settings: Partial<SocksInboundSettings> = {}) {
  const parts = await start({ udp: true, ip: parseAddress('192.0.2.1'), ...settings });
  const client = parts.listen.connect();
  client.deliver(Buffer.concat([greeting, associate]));
  await settle();
  const bound = parts.bind.bound[0]!;
  return { ...parts, client, bound, udp: bound.link };
}

const clientUdp = at('192.0.2.7', 60_000, 'udp');
/** To 8.8.8.8:53. */
const query = Buffer.concat([hex('000000 01 08080808 0035'), Buffer.from('query')]);

test('UDP ASSOCIATE: tells address and port, relays datagrams in both directions', async () => {
  const { client, bound, udp, dispatcher } = await associated();
  assert.equal(client.outputHex, '050005000001c00002019c40');
  assert.equal(bound.family, 'udp4');
  assert.equal(bound.options.bindAddress?.host, '192.0.2.1');
  udp.deliver(query, clientUdp);
  udp.deliver(query, clientUdp);
  const { context } = dispatcher.packetOpens[0]!;
  assert.deepEqual(context.destination, at('8.8.8.8', 53, 'udp'));
  assert.equal(context.sourceText, 'udp:192.0.2.7:60000');
  assert.equal(dispatcher.packetOpens.length, 1, 'one session for both');
  const route = dispatcher.packetOpens[0]!.accept();
  await settle();
  assert.deepEqual(
    route.packets.map(({ text }) => text),
    ['query', 'query'],
  );
  route.link!.send(Buffer.from('answer'), at('8.8.8.8', 53, 'udp'));
  assert.deepEqual(udp.sent, [
    {
      hex: `00000001080808080035${Buffer.from('answer').toString('hex')}`,
      remote: clientUdp,
    },
  ]);
});

test('UDP: each source and destination has a session of its own', async () => {
  const { udp, dispatcher } = await associated();
  udp.deliver(query, clientUdp);
  udp.deliver(query, at('192.0.2.7', 60_001, 'udp'));
  udp.deliver(hex('000000 01 08080404 0035 00'), clientUdp);
  udp.deliver(query, clientUdp);
  assert.equal(dispatcher.packetOpens.length, 3);
  assert.equal(new Set(dispatcher.packetOpens.map(({ context }) => context.id)).size, 3);
});

test('UDP: strangers, fragments and malformed datagrams are dropped', async () => {
  const { udp, dispatcher, log, client } = await associated();
  udp.deliver(query, at('192.0.2.8', 60_000, 'udp'));
  udp.deliver(hex('000001 01 08080808 0035 aa'), clientUdp);
  udp.deliver(hex('0000'), clientUdp);
  assert.equal(dispatcher.packetOpens.length, 0);
  client.goAway();
  await settle();
  assert.match(log.text, /dropped 3 refused/);
});

test('UDP: an answer that does not fit a datagram with its header is dropped and counted', async () => {
  const { udp, dispatcher, log, client } = await associated();
  udp.deliver(query, clientUdp);
  const route = dispatcher.packetOpens[0]!.accept();
  await settle();
  assert.equal(route.link!.send(new Uint8Array(65_497), at('8.8.8.8', 53, 'udp')), true);
  assert.equal(route.link!.send(new Uint8Array(65_498), at('8.8.8.8', 53, 'udp')), false);
  client.goAway();
  await settle();
  assert.match(log.text, /1 downlink datagrams/);
});

test('UDP: the association ends with its TCP connection, and all its sessions with it', async () => {
  for (const leave of ['deliverEnd', 'goAway'] as const) {
    const { udp, dispatcher, client, clock } = await associated();
    udp.deliver(query, clientUdp);
    udp.deliver(hex('000000 01 08080404 0035 00'), clientUdp);
    const route = dispatcher.packetOpens[0]!.accept();
    await settle();
    client.deliver('what a client sends here is ignored');
    client[leave]();
    await settle();
    assert.equal(client.gone, true);
    assert.equal(udp.gone, true);
    assert.equal(route.closes, 1);
    assert.equal(dispatcher.packetOpens[1]!.context.signal?.aborted, true);
    const late = dispatcher.packetOpens[1]!.accept();
    await settle();
    assert.equal(late.discarded, true);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('UDP: an association without datagrams for connIdle ends', async () => {
  const { udp, client, clock } = await associated();
  clock.advance(299_000);
  udp.deliver(query, clientUdp);
  clock.advance(299_000);
  await settle();
  assert.equal(client.gone, false);
  clock.advance(1000);
  await settle();
  assert.equal(client.gone, true);
  assert.equal(udp.gone, true);
  assert.equal(clock.pendingTimers, 0);
});

test('UDP: which address is bound and told', async () => {
  const cases: readonly [ip: string, bound: string | undefined, told: string][] = [
    ['192.0.2.1', '192.0.2.1', '01c0000201'],
    ['127.0.0.1', '127.0.0.1', '017f000001'],
    // Of a router before this machine.
    ['203.0.113.5', undefined, '01cb007105'],
    // Unspecified: the one the client connected to.
    ['0.0.0.0', '192.0.2.1', '01c0000201'],
    ['proxy.example', '192.0.2.1', `030d${Buffer.from('proxy.example').toString('hex')}`],
  ];
  for (const [ip, address, told] of cases) {
    const { client, bound } = await associated({ ip: parseAddress(ip) });
    assert.equal(bound.options.bindAddress?.host, address, ip);
    assert.equal(client.outputHex, `0500050000${told}9c40`, ip);
  }
});

test('UDP: no socket to be had is a general failure', async () => {
  const { listen, bind, log } = await start({ udp: true });
  bind.error = new TsrayError('ERR_LISTEN', 'too many open files');
  const client = listen.connect();
  client.deliver(Buffer.concat([greeting, associate]));
  await settle();
  assert.equal(client.outputHex, '050005010001000000000000');
  assert.equal(client.closed, true);
  assert.match(log.text, /too many open files/);
});
