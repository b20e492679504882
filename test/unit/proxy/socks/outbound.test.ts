import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { systemRandom } from '../../../../src/core/random.js';
import { createSocksOutbound } from '../../../../src/proxy/socks/outbound.js';
import type { UpstreamServer } from '../../../../src/proxy/socks/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDialer } from '../../../helper/fake-dialer.js';
import { at } from '../../../helper/fake-listen.js';
import { FakeBind } from '../../../helper/fake-packets.js';
import { settle } from '../../../helper/scripted-link.js';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/[\s|]/g, ''), 'hex');

const server = (host: string, users: UpstreamServer['users'] = []): UpstreamServer => ({
  address: parseAddress(host),
  port: 1080,
  users,
});

function start(servers: readonly UpstreamServer[] = [server('198.51.100.1')]) {
  const clock = new FakeClock();
  const dialer = new FakeDialer();
  const bind = new FakeBind();
  const resolved: string[] = [];
  const outbound = createSocksOutbound({
    tag: 'up',
    settings: { servers },
    dialer,
    bindPackets: bind.bind,
    resolver: {
      resolve: (name) => {
        resolved.push(name);
        return Promise.resolve([parseAddress('198.51.100.9')]);
      },
    },
    policy: { forLevel: () => ({ ...defaultLevelPolicy, handshakeMs: 4000 }) },
    clock,
    random: systemRandom,
  });
  return { clock, dialer, bind, outbound, resolved };
}

const target = at('example.com', 443);
const connectHex = '050100030b6578616d706c652e636f6d01bb';

test('opens a link through the server; bytes behind its answer are not lost', async () => {
  const { outbound, dialer, clock } = start();
  const opening = outbound.open(contextFor(target));
  await settle();
  assert.deepEqual(dialer.dialed, [at('198.51.100.1', 1080)]);
  const upstream = dialer.links[0]!;
  assert.equal(upstream.outputHex, '050100');
  upstream.clear();
  upstream.deliver(hex('0500'));
  assert.equal(upstream.outputHex, connectHex);
  upstream.deliver(Buffer.concat([hex('05000001 00000000 0000'), Buffer.from('banner')]));
  const link = await opening;
  const sink = CollectSink.on(link);
  upstream.clear();
  link.write(Buffer.from('request'));
  await settle();
  assert.equal(sink.text, 'banner');
  assert.equal(upstream.outputText, 'request');
  assert.equal(clock.pendingTimers, 0);
});

test('servers are used in turn, and the next one after a failure', async () => {
  const { outbound, dialer, clock } = start([server('198.51.100.1'), server('198.51.100.2')]);
  for (let round = 0; round < 3; round += 1) outbound.open(contextFor(target)).catch(() => undefined);
  await settle();
  assert.deepEqual(
    dialer.dialed.map(({ address }) => address.host),
    ['198.51.100.1', '198.51.100.2', '198.51.100.1'],
  );
  dialer.failures.push(new TsrayError('ERR_DIAL_REFUSED', 'first'));
  outbound.open(contextFor(target)).catch(() => undefined);
  await settle();
  assert.deepEqual(
    dialer.dialed.slice(3).map(({ address }) => address.host),
    ['198.51.100.2', '198.51.100.1'],
  );
  for (const link of dialer.links) link.destroy();
  await settle();
  assert.equal(clock.pendingTimers, 0);
});

test('a server that stays silent, goes away or refuses is named, and its link is gone', async () => {
  const ways: readonly [act: (parts: ReturnType<typeof start>) => void, code: string, message: RegExp][] = [
    [({ clock }) => clock.advance(4000), 'ERR_HANDSHAKE_TIMEOUT', /198\.51\.100\.1:1080/],
    [({ dialer }) => dialer.links[0]!.deliverEnd(), 'ERR_TRUNCATED', /198\.51\.100\.1:1080/],
    [({ dialer }) => dialer.links[0]!.goAway(), 'ERR_TRUNCATED', /198\.51\.100\.1:1080/],
    [({ dialer }) => dialer.links[0]!.deliver(hex('05ff')), 'ERR_UPSTREAM', /none of the offered/],
    [({ dialer }) => dialer.links[0]!.deliver(hex('0500 0505')), 'ERR_UPSTREAM', /refused \(5\)/],
  ];
  for (const [act, code, message] of ways) {
    const parts = start();
    const opening = parts.outbound.open(contextFor(target));
    await settle();
    const rejected = assert.rejects(opening, (error: TsrayError) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.hint !== undefined);
      return true;
    });
    act(parts);
    await rejected;
    assert.equal(parts.dialer.links[0]!.gone, true);
    assert.equal(parts.clock.pendingTimers, 0);
  }
});

test('a caller that gives up in the handshake leaves nothing', async () => {
  const { outbound, dialer, clock } = start();
  const controller = new AbortController();
  const opening = outbound.open(contextFor(target, { signal: controller.signal }));
  await settle();
  const rejected = assert.rejects(opening, { code: 'ERR_ABORTED' });
  controller.abort();
  await rejected;
  assert.equal(dialer.links[0]!.destroyed, true);
  assert.equal(clock.pendingTimers, 0);
});

/** An association whose server answers with `bound`. */
async function associated(bound: string, upstreamServer = server('198.51.100.1')) {
  const parts = start([upstreamServer]);
  const opening = parts.outbound.openPackets(contextFor(at('8.8.8.8', 53, 'udp')));
  await settle();
  const control = parts.dialer.links[0]!;
  control.deliver(hex('0500'));
  control.deliver(hex(`050000 ${bound}`));
  const link = await opening;
  const udp = parts.bind.bound[0]!.link;
  const packets: [string, Destination][] = [];
  const state = { closed: 0, error: undefined as TsrayError | undefined };
  link.start({
    packet: (bytes, remote) => packets.push([Buffer.from(bytes).toString(), remote]),
    closed: (error) => {
      state.closed += 1;
      state.error = error;
    },
  });
  return { ...parts, control, link, udp, packets, state };
}

test('UDP goes to the address the server gave, with headers, and comes back without', async () => {
  const { link, udp, packets, control } = await associated('01 c6336402 2710');
  assert.equal(control.outputHex, `05010005030001000000000000`);
  const relay = at('198.51.100.2', 10_000, 'udp');
  assert.equal(link.send(Buffer.from('q'), at('8.8.8.8', 53, 'udp')), true);
  assert.equal(link.send(Buffer.from('r'), at('dns.example', 53, 'udp')), true);
  assert.deepEqual(udp.sent, [
    { hex: '0000000108080808003571', remote: relay },
    { hex: `000000030b${Buffer.from('dns.example').toString('hex')}003572`, remote: relay },
  ]);
  udp.deliver(hex('000000 01 08080808 0035 61'), relay);
  udp.deliver(hex('000001 01 08080808 0035 62'), relay);
  udp.deliver(hex('000000 01 08080808 0035 63'), at('198.51.100.3', 10_000, 'udp'));
  udp.deliver(hex('000000 01 08080808 0035 64'), at('198.51.100.2', 10_001, 'udp'));
  assert.deepEqual(packets, [['a', at('8.8.8.8', 53, 'udp')]]);
  udp.limitBytes = 100;
  assert.equal(link.send(new Uint8Array(200), at('8.8.8.8', 53, 'udp')), false);
});

test('UDP: a server that does not know its address is asked where it is', async () => {
  const cases: readonly [bound: string, host: string, expected: string][] = [
    ['01 00000000 2710', '198.51.100.1', '198.51.100.1'],
    ['04 00000000000000000000000000000000 2710', '198.51.100.1', '198.51.100.1'],
    ['01 7f000001 2710', '198.51.100.1', '198.51.100.1'],
    ['01 7f000001 2710', '127.0.0.2', '127.0.0.1'],
    ['01 00000000 2710', 'proxy.example', '198.51.100.9'],
  ];
  for (const [bound, host, expected] of cases) {
    const { link, udp } = await associated(bound, server(host));
    link.send(Buffer.from('q'), at('8.8.8.8', 53, 'udp'));
    assert.equal(udp.sent[0]?.remote.address.host, expected);
  }
});

test('UDP: connection and socket end together', async () => {
  const closed = await associated('01 c6336402 2710');
  closed.link.close();
  await settle();
  assert.equal(closed.control.closed, true);
  assert.equal(closed.udp.gone, true);
  assert.deepEqual(closed.state, { closed: 1, error: undefined });

  const ended = await associated('01 c6336402 2710');
  ended.control.deliverEnd();
  await settle();
  assert.equal(ended.udp.gone, true);
  assert.equal(ended.state.closed, 1);
  assert.equal(ended.state.error?.code, 'ERR_UPSTREAM');
  assert.equal(ended.link.send(Buffer.from('q'), target), false);

  const broken = await associated('01 c6336402 2710');
  broken.udp.destroy(new TsrayError('ERR_CLOSED', 'socket'));
  await settle();
  assert.equal(broken.control.destroyed, true);
  assert.equal(broken.state.error?.code, 'ERR_CLOSED');
});

test('UDP: a socket that cannot be opened ends the connection', async () => {
  const { outbound, dialer, bind } = start();
  bind.error = new TsrayError('ERR_LISTEN', 'too many open files');
  const opening = outbound.openPackets(contextFor(at('8.8.8.8', 53, 'udp')));
  await settle();
  dialer.links[0]!.deliver(hex('0500 05000001 c6336402 2710'));
  await assert.rejects(opening, { code: 'ERR_LISTEN' });
  assert.equal(dialer.links[0]!.destroyed, true);
});
