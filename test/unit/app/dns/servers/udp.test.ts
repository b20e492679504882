import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UdpChannel } from '../../../../../src/app/dns/servers/udp.js';
import { encodeQuery } from '../../../../../src/core/dns/message.js';
import { TsrayError } from '../../../../../src/core/errors.js';
import { parseAddress } from '../../../../../src/core/net/address.js';
import type { Destination } from '../../../../../src/core/net/destination.js';
import { FakeClock } from '../../../../helper/fake-clock.js';
import { FakePackets } from '../../../../helper/fake-packets.js';
import { loopbackOnly, replyTo } from '../../../../helper/name-server.js';

const server: Destination = { network: 'udp', address: parseAddress('127.0.0.1'), port: 53 };

function scripted(clock = new FakeClock()) {
  const links: FakePackets[] = [];
  const channel = new UdpChannel({
    server,
    clock,
    way: {
      openStream: () => Promise.reject(new TsrayError('ERR_INTERNAL', 'no streams')),
      openPackets: () => {
        const link = new FakePackets();
        links.push(link);
        return Promise.resolve(link);
      },
    },
  });
  const ask = (id: number, name = 'a.test') => {
    const question = { id, name, type: 'ipv4' } as const;
    return channel.exchange(question, encodeQuery(question));
  };
  return { channel, links, ask, clock };
}

const reply = (hex: string): Uint8Array => replyTo(Buffer.from(hex, 'hex'), loopbackOnly)!;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a reply counts only from the server, with the id and the question', async () => {
  const { ask, channel, links } = scripted();
  const { reply: answer } = ask(1);
  await turn();
  const right = reply(links[0]!.sent[0]!.hex);
  links[0]!.deliver(right, { ...server, port: 54 });
  links[0]!.deliver(right, { ...server, address: parseAddress('127.0.0.2') });
  const otherId = Uint8Array.from(right);
  otherId[1] = 2;
  links[0]!.deliver(otherId, server);
  const otherName = { id: 1, name: 'b.test', type: 'ipv4' } as const;
  links[0]!.deliver(replyTo(encodeQuery(otherName), loopbackOnly)!, server);
  links[0]!.deliver(right.subarray(0, 20), server);
  let settled = false;
  void answer.then(() => (settled = true));
  await turn();
  assert.equal(settled, false);
  links[0]!.deliver(right, server);
  assert.equal((await answer).addresses[0]!.host, '127.0.0.1');
  channel.close();
});

test('a question without a reply is sent once more, with its id', async () => {
  const { ask, channel, clock, links } = scripted();
  const { drop, reply: answer } = ask(1);
  await turn();
  clock.advance(1500);
  clock.advance(10_000);
  assert.equal(links[0]!.sent.length, 2);
  assert.equal(links[0]!.sent[0]!.hex, links[0]!.sent[1]!.hex);
  drop();
  await assert.rejects(answer, { code: 'ERR_ABORTED' });
  channel.close();
  assert.equal(clock.pendingTimers, 0);
});

test('another session, and with it another port, takes over after 64 questions', async () => {
  const { ask, channel, links } = scripted();
  const asked = Array.from({ length: 65 }, (_, id) => ask(id));
  await turn();
  assert.deepEqual(
    links.map(({ sent }) => sent.length),
    [64, 1],
  );
  for (const link of links) for (const { hex } of [...link.sent]) link.deliver(reply(hex), server);
  await Promise.all(asked.map((each) => each.reply));
  // The worn one is closed with its last reply.
  assert.deepEqual(
    links.map(({ gone }) => gone),
    [true, false],
  );
  channel.close();
  assert.equal(links[1]!.gone, true);
});

test('an idle session is closed after eight seconds', async () => {
  const { ask, clock, links } = scripted();
  const { reply: answer } = ask(1);
  await turn();
  links[0]!.deliver(reply(links[0]!.sent[0]!.hex), server);
  await answer;
  await turn();
  clock.advance(8000);
  assert.equal(links[0]!.gone, true);
  assert.equal(clock.pendingTimers, 0);
});

test('a way that is lost fails its questions, and the next opens another', async () => {
  const { ask, channel, links } = scripted();
  const { reply: first } = ask(1);
  await turn();
  links[0]!.destroy(new TsrayError('ERR_RESET', 'gone'));
  await assert.rejects(first, { code: 'ERR_RESET' });
  const { drop, reply: second } = ask(2);
  second.catch(() => undefined);
  await turn();
  assert.equal(links.length, 2);
  drop();
  channel.close();
});

test('a way that cannot be opened fails its questions', async () => {
  const clock = new FakeClock();
  const channel = new UdpChannel({
    server,
    clock,
    way: {
      openStream: () => Promise.reject(new Error('no')),
      openPackets: () => Promise.reject(new TsrayError('ERR_DIAL_REFUSED', 'refused')),
    },
  });
  const question = { id: 1, name: 'a.test', type: 'ipv4' } as const;
  await assert.rejects(channel.exchange(question, encodeQuery(question)).reply, { code: 'ERR_DIAL_REFUSED' });
  await turn();
  assert.equal(clock.pendingTimers, 0);
  channel.close();
  await assert.rejects(channel.exchange(question, encodeQuery(question)).reply, { code: 'ERR_CLOSED' });
});
