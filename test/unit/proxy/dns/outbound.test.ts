import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import type { ConnContext } from '../../../../src/contract/conn-context.js';
import type { AskOptions, DnsAnswer, DnsClient } from '../../../../src/contract/dns.js';
import { encodeStreamMessage, StreamMessages } from '../../../../src/core/dns/stream-messages.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { Destination } from '../../../../src/core/net/destination.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { createDnsOutbound } from '../../../../src/proxy/dns/outbound.js';
import type { DnsOutboundSettings } from '../../../../src/proxy/dns/settings.js';
import { FakeBind } from '../../../helper/fake-packets.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { loopbackOnly, replyTo } from '../../../helper/name-server.js';

const target: Destination = { network: 'udp', address: parseAddress('127.0.0.53'), port: 53 };

class FakeDns implements DnsClient {
  readonly asked: { readonly name: string; readonly family: string; readonly options: AskOptions }[] = [];
  answer: () => Promise<DnsAnswer> = () =>
    Promise.resolve({ rcode: 0, addresses: [parseAddress('127.0.0.9')], ttlSeconds: 30 });

  resolve(): never {
    throw new Error('not used');
  }

  ask(name: string, family: 'ipv4' | 'ipv6', options: AskOptions = {}): Promise<DnsAnswer> {
    this.asked.push({ name, family, options });
    return this.answer();
  }

  asksWith(tag: string): boolean {
    return tag === 'dns-own';
  }
}

function made(settings: Partial<DnsOutboundSettings> = {}) {
  const dns = new FakeDns();
  const binds = new FakeBind();
  const dialed: Destination[] = [];
  const streams: Uint8Array[] = [];
  const outbound = createDnsOutbound({
    tag: 'dns-out',
    settings: { userLevel: 0, otherQueries: 'forward', blockedTypes: [], ...settings },
    dns,
    bindPackets: binds.bind,
    resolver: { resolve: () => Promise.resolve([parseAddress('127.0.0.77')]) },
    dialer: {
      dial(destination) {
        dialed.push(destination);
        const [near, far] = createPipe();
        const messages = new StreamMessages();
        far.start({
          data(bytes) {
            for (const message of messages.push(bytes)) {
              streams.push(message);
              far.write(encodeStreamMessage(replyTo(message, loopbackOnly)!));
            }
          },
          end: () => undefined,
          drain: () => undefined,
          closed: () => undefined,
        });
        return Promise.resolve(near);
      },
      close: () => Promise.resolve(),
    },
  });
  return { dns, binds, dialed, streams, outbound };
}

function context(more: Partial<ConnContext> = {}): ConnContext {
  return {
    id: 1,
    source: { network: 'udp', address: parseAddress('127.0.0.1'), port: 40_000 },
    sourceText: '127.0.0.1:40000',
    destination: target,
    inboundTag: 'in',
    level: 0,
    log: new MemoryLogger(),
    ...more,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function query(type: string, name = 'a.test', more: Partial<Packet> = {}): Uint8Array {
  return encode({ type: 'query', id: 5, flags: 0x0100, questions: [{ type: type as 'A', name }], ...more });
}

/** A link that was opened for packets, and what comes back on it. */
async function packets(parts: ReturnType<typeof made>, more: Partial<ConnContext> = {}) {
  const link = await parts.outbound.openPackets(context(more));
  const replies: Packet[] = [];
  const sources: Destination[] = [];
  link.start({
    packet(bytes, remote) {
      replies.push(decode(Buffer.from(bytes)));
      sources.push(remote);
    },
    closed: () => undefined,
  });
  return {
    link,
    replies,
    sources,
    async ask(message: Uint8Array): Promise<void> {
      link.send(message, target);
      await turn();
      await turn();
    },
  };
}

test('questions for addresses are answered by the DNS client, with fake ones if it has them', async () => {
  const parts = made();
  const { ask, replies, sources } = await packets(parts);
  await ask(query('A'));
  await ask(query('AAAA', 'B.test'));
  assert.deepEqual(
    parts.dns.asked.map(({ family, name, options }) => [name, family, options.fake]),
    [
      ['a.test', 'ipv4', true],
      ['B.test', 'ipv6', true],
    ],
  );
  const [answer] = replies[0]!.answers as unknown as { ttl: number; data: string }[];
  assert.deepEqual([replies[0]!.id, answer!.data, answer!.ttl], [5, '127.0.0.9', 30]);
  assert.deepEqual(sources[0], target);
  assert.equal(parts.binds.bound.length, 0);
});

test('a name that no server answers for is SERVFAIL', async () => {
  const parts = made();
  parts.dns.answer = () => Promise.reject(new TsrayError('ERR_DNS', 'silence'));
  const { ask, replies } = await packets(parts);
  await ask(query('A'));
  assert.equal((replies[0]!.flags ?? 0) & 0x0f, 2);
});

test('an answer fits what the client takes over UDP', async () => {
  const parts = made();
  const addresses = Array.from({ length: 60 }, (_, i) => parseAddress(`127.0.1.${i}`));
  parts.dns.answer = () => Promise.resolve({ rcode: 0, addresses, ttlSeconds: 1 });
  const { ask, replies } = await packets(parts);
  await ask(query('A'));
  assert.equal(replies[0]!.answers!.length, 0);
  assert.notEqual((replies[0]!.flags ?? 0) & 0x0200, 0);
  const edns = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never;
  await ask(query('A', 'a.test', { additionals: [edns] }));
  assert.equal(replies[1]!.answers!.length, 60);
});

test('other questions go on to the target, and its replies come back', async () => {
  const parts = made();
  const { ask, link, replies } = await packets(parts);
  await ask(query('TXT'));
  await ask(query('UNKNOWN_65'));
  const [bound] = parts.binds.bound;
  assert.equal(bound!.family, 'udp4');
  assert.deepEqual(
    bound!.link.sent.map(({ remote }) => remote),
    [target, target],
  );
  const reply = replyTo(Buffer.from(bound!.link.sent[0]!.hex, 'hex'), () => ({}))!;
  bound!.link.deliver(reply, { ...target, port: 99 });
  assert.equal(replies.length, 0);
  bound!.link.deliver(reply, target);
  assert.equal(replies[0]!.questions![0]!.type, 'TXT');
  assert.equal(parts.dns.asked.length, 0);
  link.close();
  assert.equal(bound!.link.gone, true);
});

test('settings say where other questions go', async () => {
  const parts = made({ network: 'tcp', address: parseAddress('127.0.0.8'), port: 5353 });
  const { ask, replies } = await packets(parts);
  await ask(query('MX'));
  await turn();
  assert.deepEqual(parts.dialed, [{ network: 'tcp', address: parseAddress('127.0.0.8'), port: 5353 }]);
  assert.equal(replies[0]!.questions![0]!.type, 'MX');
});

test('a target with a name is resolved by the system', async () => {
  const parts = made({ address: parseAddress('dns.test') });
  const { ask } = await packets(parts);
  await ask(query('MX'));
  assert.equal(parts.binds.bound[0]!.link.sent[0]!.remote.address.host, '127.0.0.77');
});

test('other questions are refused or dropped if the settings say so', async () => {
  const refusing = await packets(made({ otherQueries: 'refuse' }));
  await refusing.ask(query('TXT'));
  assert.equal((refusing.replies[0]!.flags ?? 0) & 0x0f, 5);
  const parts = made({ otherQueries: 'drop', blockedTypes: [28] });
  const dropping = await packets(parts);
  await dropping.ask(query('TXT'));
  assert.equal(dropping.replies.length, 0);
  assert.equal(parts.binds.bound.length, 0);
  await dropping.ask(query('AAAA'));
  assert.equal((dropping.replies[0]!.flags ?? 0) & 0x0f, 5);
  assert.equal(parts.dns.asked.length, 0);
});

test('the DNS client’s own questions go on: it does not answer itself', async () => {
  const parts = made();
  const { ask } = await packets(parts, { inboundTag: 'dns-own' });
  await ask(query('A'));
  assert.equal(parts.dns.asked.length, 0);
  assert.equal(parts.binds.bound[0]!.link.sent.length, 1);
});

test('what is no query is refused, or not answered at all', async () => {
  const { ask, replies } = await packets(made());
  await ask(new Uint8Array(5));
  await ask(query('A', 'a.test', { type: 'response' }));
  assert.equal(replies.length, 0);
  await ask(Buffer.concat([query('A').subarray(0, 12), Buffer.from([0xff])]));
  assert.equal((replies[0]!.flags ?? 0) & 0x0f, 1);
});

test('on a stream questions and answers have their lengths, in any pieces', async () => {
  const parts = made();
  const link = await parts.outbound.open(context({ destination: { ...target, network: 'tcp' } }));
  const messages = new StreamMessages();
  const replies: Packet[] = [];
  link.start({
    data: (bytes) => replies.push(...messages.push(bytes).map((each) => decode(Buffer.from(each)))),
    end: () => undefined,
    drain: () => undefined,
    closed: () => undefined,
  });
  for (const byte of encodeStreamMessage(query('A'))) link.write(Uint8Array.of(byte));
  link.write(encodeStreamMessage(query('TXT')));
  await turn();
  await turn();
  await turn();
  assert.deepEqual(replies.map(({ questions }) => questions![0]!.type).sort(), ['A', 'TXT']);
  link.close();
});

test('a session that ends gives up its lookups, and later answers go nowhere', async () => {
  const parts = made();
  let answer: (value: DnsAnswer) => void = () => undefined;
  parts.dns.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const { ask, link, replies } = await packets(parts);
  await ask(query('A'));
  link.close();
  assert.equal(parts.dns.asked[0]!.options.signal!.aborted, true);
  answer({ rcode: 0, addresses: [], ttlSeconds: 1 });
  await turn();
  assert.equal(replies.length, 0);
});
