import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChannelCallback,
  type ChannelOptions,
  type DnsChannel,
  NameServers,
  openChannel,
} from '../../../../src/transport/dns/name-servers.js';
import { startNameServer } from '../../../helper/name-server.js';

const options: ChannelOptions = { servers: ['127.0.0.53'], timeoutMs: 1000, tries: 2 };

class ScriptedChannel implements DnsChannel {
  readonly callbacks: ChannelCallback[] = [];
  cancelled = 0;

  resolve4(_name: string, callback: ChannelCallback): void {
    this.callbacks.push(callback);
  }

  resolve6(_name: string, callback: ChannelCallback): void {
    this.callbacks.push(callback);
  }

  cancel(): void {
    this.cancelled += 1;
  }
}

function scripted(): { readonly channels: ScriptedChannel[]; readonly servers: NameServers } {
  const channels: ScriptedChannel[] = [];
  const open = (): DnsChannel => {
    const channel = new ScriptedChannel();
    channels.push(channel);
    return channel;
  };
  return { channels, servers: new NameServers(open) };
}

function fault(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

test('tells an answer, the lack of one, and a server that fails from each other', async () => {
  const { channels, servers } = scripted();
  const queries = Array.from({ length: 7 }, (_, i) => servers.ask(`n${i}.example`, 'ipv4', options));
  const [channel] = channels;
  channel!.callbacks[0]!(null, ['127.0.0.1', '127.0.0.2']);
  channel!.callbacks[1]!(fault('ENOTFOUND'), []);
  channel!.callbacks[2]!(fault('ENODATA'), []);
  channel!.callbacks[3]!(fault('ESERVFAIL'), []);
  channel!.callbacks[4]!(fault('EREFUSED'), []);
  channel!.callbacks[5]!(fault('ETIMEOUT'), []);
  channel!.callbacks[6]!(fault('ECONNREFUSED'), []);
  const outcomes = await Promise.all(queries.map(({ outcome }) => outcome));
  assert.deepEqual(outcomes[0], {
    kind: 'found',
    addresses: [
      { kind: 'ipv4', host: '127.0.0.1' },
      { kind: 'ipv4', host: '127.0.0.2' },
    ],
  });
  const words = outcomes.map((each) => (each.kind === 'failed' ? each.error.message : each.kind));
  assert.deepEqual(words.slice(1, 3), ['missing', 'missing']);
  for (const word of words.slice(3, 5)) assert.match(word, /DNS server failed/);
  for (const word of words.slice(5)) assert.match(word, /no DNS server answers/);
});

test('after 64 queries, or with other settings, another channel is opened', () => {
  const { channels, servers } = scripted();
  for (let i = 0; i < 65; i += 1) servers.ask(`n${i}.example`, 'ipv4', options);
  assert.deepEqual(
    channels.map(({ callbacks }) => callbacks.length),
    [64, 1],
  );
  servers.ask('x.example', 'ipv6', { ...options });
  assert.equal(channels.length, 3);
});

test('a channel is cancelled once nobody waits for any of its queries', async () => {
  const { channels, servers } = scripted();
  const first = servers.ask('a.example', 'ipv4', options);
  const second = servers.ask('b.example', 'ipv6', options);
  first.drop();
  first.drop();
  assert.equal(channels[0]!.cancelled, 0);
  assert.equal((await first.outcome).kind, 'failed');
  channels[0]!.callbacks[1]!(null, ['::1']);
  assert.equal(channels[0]!.cancelled, 1);
  assert.equal((await second.outcome).kind, 'found');
  channels[0]!.callbacks[0]!(fault('ECANCELLED'), []);
  assert.equal(channels[0]!.cancelled, 1);
});

test('a channel that throws is a failure of that query', async () => {
  const servers = new NameServers(() => ({
    resolve4() {
      throw fault('EBADNAME');
    },
    resolve6: () => undefined,
    cancel: () => undefined,
  }));
  assert.equal((await servers.ask('x..y', 'ipv4', options).outcome).kind, 'missing');
});

test('c-ares asks a server, and leaves no socket behind when it is given up', async () => {
  const server = await startNameServer(({ name }) =>
    name.startsWith('silent') ? undefined : { answers: [{ type: 'A', name, ttl: 1, data: '127.0.0.7' }] },
  );
  const real = { servers: [`127.0.0.1:${server.port}`], timeoutMs: 60_000, tries: 1 };
  const servers = new NameServers(openChannel);
  const silent = servers.ask('silent.example', 'ipv4', real);
  assert.deepEqual(await servers.ask('a.example', 'ipv4', real).outcome, {
    kind: 'found',
    addresses: [{ kind: 'ipv4', host: '127.0.0.7' }],
  });
  // The test file would stay open for a minute otherwise.
  silent.drop();
  await server.close();
});
