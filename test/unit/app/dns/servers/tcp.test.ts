import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TcpChannel } from '../../../../../src/app/dns/servers/tcp.js';
import type { AddressReply } from '../../../../../src/core/dns/message.js';
import { encodeQuery } from '../../../../../src/core/dns/message.js';
import { encodeStreamMessage, StreamMessages } from '../../../../../src/core/dns/stream-messages.js';
import { TsrayError } from '../../../../../src/core/errors.js';
import { parseAddress } from '../../../../../src/core/net/address.js';
import type { Link } from '../../../../../src/core/stream/link.js';
import { createPipe } from '../../../../../src/core/stream/pipe.js';
import { FakeClock } from '../../../../helper/fake-clock.js';
import { loopbackOnly, replyTo } from '../../../../helper/name-server.js';

interface Far {
  readonly link: Link;
  readonly queries: Uint8Array[];
  answer(query: Uint8Array): void;
}

function scripted(clock = new FakeClock()) {
  const connections: Far[] = [];
  const channel = new TcpChannel({
    server: { network: 'tcp', address: parseAddress('127.0.0.1'), port: 53 },
    clock,
    way: {
      openStream: () => {
        const [near, far] = createPipe();
        const queries: Uint8Array[] = [];
        const messages = new StreamMessages();
        far.start({
          data: (bytes) => queries.push(...messages.push(bytes)),
          end: () => undefined,
          drain: () => undefined,
          closed: () => undefined,
        });
        connections.push({
          link: far,
          queries,
          answer: (query) => far.write(encodeStreamMessage(replyTo(query, loopbackOnly)!)),
        });
        return Promise.resolve(near);
      },
      openPackets: () => Promise.reject(new TsrayError('ERR_INTERNAL', 'no packets')),
    },
  });
  const ask = (id: number, name: string): Promise<AddressReply> => {
    const question = { id, name, type: 'ipv4' } as const;
    return channel.exchange(question, encodeQuery(question)).reply;
  };
  return { channel, connections, ask, clock };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('questions share a connection, and their replies may come in any order', async () => {
  const { ask, channel, connections } = scripted();
  const replies = [ask(1, 'a.test'), ask(2, 'b.test')];
  await turn();
  assert.equal(connections.length, 1);
  const [first, second] = connections[0]!.queries;
  connections[0]!.answer(second!);
  connections[0]!.answer(first!);
  for (const reply of await Promise.all(replies)) assert.equal(reply.addresses.length, 1);
  channel.close();
});

test('a connection that the server closed while it was idle is replaced without a word', async () => {
  const { ask, channel, connections } = scripted();
  const first = ask(1, 'a.test');
  await turn();
  connections[0]!.answer(connections[0]!.queries[0]!);
  await first;
  const second = ask(2, 'b.test');
  connections[0]!.link.close();
  await turn();
  await turn();
  assert.equal(connections.length, 2);
  connections[1]!.answer(connections[1]!.queries[0]!);
  assert.equal((await second).addresses.length, 1);
  channel.close();
});

test('a server that closes every connection is not asked for ever', async () => {
  const { ask, channel, connections } = scripted();
  const reply = ask(1, 'a.test');
  await turn();
  connections[0]!.link.close();
  await assert.rejects(reply, { code: 'ERR_CLOSED' });
  assert.equal(connections.length, 1);
  channel.close();
});

test('a connection that nobody waits on is closed after ten seconds', async () => {
  const { ask, clock, connections } = scripted();
  const first = ask(1, 'a.test');
  await turn();
  connections[0]!.answer(connections[0]!.queries[0]!);
  await first;
  clock.advance(10_000);
  assert.equal(clock.pendingTimers, 0);
  const second = ask(2, 'b.test');
  await turn();
  assert.equal(connections.length, 2);
  connections[1]!.answer(connections[1]!.queries[0]!);
  await second;
});

test('what is no reply to a question is passed over', async () => {
  const { ask, channel, connections } = scripted();
  const reply = ask(7, 'a.test');
  await turn();
  const [far] = connections;
  far!.link.write(encodeStreamMessage(Buffer.from('0007', 'hex')));
  far!.link.write(encodeStreamMessage(Buffer.from('x')));
  const other = { id: 7, name: 'other.test', type: 'ipv4' } as const;
  far!.answer(encodeQuery(other));
  far!.answer(far!.queries[0]!);
  assert.equal((await reply).addresses[0]!.host, '127.0.0.1');
  channel.close();
});
