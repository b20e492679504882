import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { setMaxListeners } from 'node:events';
import { test } from 'node:test';
import type { Resolver } from '../../../../src/contract/dns.js';
import { systemClock } from '../../../../src/core/clock.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseHostsFile } from '../../../../src/transport/dns/hosts-file.js';
import type { ChannelCallback, DnsChannel } from '../../../../src/transport/dns/name-servers.js';
import { createNameService } from '../../../../src/transport/dns/name-service.js';
import type { Lookup } from '../../../../src/transport/dns/system-lookup.js';
import { createSystemResolver } from '../../../../src/transport/dns/system-resolver.js';
import { type SystemSettings, serverSettings } from '../../../../src/transport/dns/system-settings.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { startNameServer } from '../../../helper/name-server.js';

interface Asked {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'system';
  /** Addresses, or an error code. */
  answer(result: readonly string[] | string): void;
}

interface Files {
  hosts?: string;
  resolvConf?: string;
  sources?: string;
  usesIpv6?: boolean;
  prefersSystem?: boolean;
}

function settingsOf(files: Files): SystemSettings {
  const servers = serverSettings(files.resolvConf ?? 'nameserver 127.0.0.53');
  return {
    prefersSystem: files.prefersSystem ?? false,
    hosts: () => parseHostsFile(files.hosts ?? ''),
    servers: () => servers,
    names: () => createNameService((files.sources ?? 'files dns').split(' '), 'box'),
    usesIpv6: () => files.usesIpv6 ?? false,
  };
}

interface Scripted {
  readonly resolver: Resolver;
  readonly clock: FakeClock;
  readonly asked: Asked[];
  /** Names and types asked so far. */
  readonly list: () => readonly string[];
}

function scripted(files: Files = {}, timeoutMs = 10_000, maxPendingNames = 100): Scripted {
  const asked: Asked[] = [];
  const clock = new FakeClock();
  const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
  const question = (type: 'A' | 'AAAA', name: string, callback: ChannelCallback): void => {
    asked.push({
      name,
      type,
      answer: (result) =>
        typeof result === 'string' ? callback(error(result), []) : callback(null, [...result]),
    });
  };
  const channel: DnsChannel = {
    resolve4: (name, callback) => question('A', name, callback),
    resolve6: (name, callback) => question('AAAA', name, callback),
    cancel: () => undefined,
  };
  const lookup: Lookup = (name, _options, callback) => {
    asked.push({
      name,
      type: 'system',
      answer: (result) =>
        typeof result === 'string'
          ? callback(error(result), [])
          : callback(
              null,
              result.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
            ),
    });
  };
  const settings = settingsOf(files);
  return {
    resolver: createSystemResolver({
      clock,
      lookup,
      openChannel: () => channel,
      settings,
      timeoutMs,
      maxPendingNames,
    }),
    clock,
    asked,
    list: () => asked.map(({ name, type }) => `${name} ${type}`),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function hosts(answer: Promise<readonly { host: string }[]>): Promise<readonly string[]> {
  return (await answer).map(({ host }) => host);
}

test('asks the name servers for both families and leaves nothing behind', async () => {
  const { asked, clock, list, resolver } = scripted({ usesIpv6: true });
  const answer = resolver.resolve('example.com', 'any');
  assert.deepEqual(list(), ['example.com AAAA', 'example.com A']);
  asked[0]!.answer(['2001:db8::1']);
  asked[1]!.answer(['192.0.2.1']);
  assert.deepEqual(await answer, [
    { kind: 'ipv6', host: '2001:db8::1' },
    { kind: 'ipv4', host: '192.0.2.1' },
  ]);
  assert.equal(clock.pendingTimers, 0);
});

test('the hosts file comes first, in any case, and decides for both families', async () => {
  const { list, resolver } = scripted({ hosts: '127.0.0.5 a.example\n127.0.0.6 a.example' });
  assert.deepEqual(await hosts(resolver.resolve('A.example', 'any')), ['127.0.0.5', '127.0.0.6']);
  assert.deepEqual(await hosts(resolver.resolve('a.example.', 'ipv4')), ['127.0.0.5', '127.0.0.6']);
  await assert.rejects(resolver.resolve('a.example', 'ipv6'), /has no IPv6 address/);
  assert.deepEqual(list(), []);
});

test('addresses and localhost need no asking', async () => {
  const { list, resolver } = scripted();
  assert.deepEqual(await hosts(resolver.resolve('127.0.0.9', 'any')), ['127.0.0.9']);
  assert.deepEqual(await hosts(resolver.resolve('localhost', 'any')), ['127.0.0.1', '::1']);
  assert.deepEqual(await hosts(resolver.resolve('x.LOCALHOST', 'ipv6')), ['::1']);
  await assert.rejects(resolver.resolve('::1', 'ipv4'), { code: 'ERR_DNS' });
  assert.deepEqual(list(), []);
});

test('the suffixes of resolv.conf are tried until a name exists', async () => {
  const { asked, list, resolver } = scripted({
    resolvConf: 'nameserver 127.0.0.53\nsearch a.example b.example',
  });
  const answer = resolver.resolve('www', 'ipv4');
  asked[0]!.answer('ENOTFOUND');
  await turn();
  asked[1]!.answer(['127.0.0.4']);
  assert.deepEqual(await hosts(answer), ['127.0.0.4']);
  assert.deepEqual(list(), ['www.a.example A', 'www.b.example A']);
  const broken = resolver.resolve('ftp', 'ipv4');
  asked[2]!.answer('ESERVFAIL');
  await assert.rejects(broken, /DNS server failed/);
  assert.equal(asked.length, 3);
});

test('the system is asked where there are no name servers, and for the names it alone knows', async () => {
  const bare = scripted({ resolvConf: '' });
  const answer = bare.resolver.resolve('a.example', 'any');
  bare.asked[0]!.answer(['::1', '127.0.0.1']);
  assert.deepEqual(await hosts(answer), ['::1', '127.0.0.1']);
  assert.deepEqual(bare.list(), ['a.example system']);
  const mdns = scripted({ sources: 'files mdns4_minimal dns' });
  const printer = mdns.resolver.resolve('printer.local', 'any');
  mdns.asked[0]!.answer('EAI_AGAIN');
  await assert.rejects(printer, /no DNS server answers/);
  assert.deepEqual(mdns.list(), ['printer.local system']);
});

test('the system is asked after the name servers where it has other sources', async () => {
  const { asked, list, resolver } = scripted({ sources: 'files libvirt dns' });
  const answer = resolver.resolve('vm', 'ipv4');
  asked[0]!.answer('ENOTFOUND');
  await turn();
  asked[1]!.answer(['127.0.0.3']);
  assert.deepEqual(await hosts(answer), ['127.0.0.3']);
  assert.deepEqual(list(), ['vm A', 'vm system']);
});

test('where the system is preferred, name servers take what its two threads do not', async () => {
  const { asked, list, resolver } = scripted({ prefersSystem: true });
  const names = ['a.example', 'b.example', 'c.example'];
  const answers = names.map((name) => resolver.resolve(name, 'ipv4'));
  assert.deepEqual(list(), ['a.example system', 'b.example system', 'c.example A']);
  for (const each of asked) each.answer(['127.0.0.1']);
  await Promise.all(answers);
});

test('lookups of the system that wait for a thread are bounded', async () => {
  const { asked, resolver } = scripted({ resolvConf: '' });
  const waiting = Array.from({ length: 64 }, (_, i) => resolver.resolve(`n${i}.example`, 'any'));
  await assert.rejects(resolver.resolve('one-more.example', 'any'), /64 others are waiting/);
  for (const each of asked) each.answer(['127.0.0.1']);
  await Promise.all(waiting);
  const again = resolver.resolve('again.example', 'any');
  asked.at(-1)!.answer(['127.0.0.1']);
  await again;
});

test('asks once for a name and family that several wait for, and again afterwards', async () => {
  const { asked, list, resolver } = scripted();
  const answers = [
    resolver.resolve('a.example', 'any'),
    resolver.resolve('A.example', 'any'),
    resolver.resolve('a.example', 'ipv6'),
  ];
  assert.deepEqual(list(), ['a.example A', 'a.example AAAA']);
  asked[0]!.answer(['192.0.2.1', '192.0.2.2']);
  asked[1]!.answer(['2001:db8::1']);
  assert.deepEqual(
    (await Promise.all(answers)).map((found) => found.length),
    [2, 2, 1],
  );
  const later = resolver.resolve('a.example', 'any');
  assert.equal(asked.length, 3);
  asked[2]!.answer(['192.0.2.1']);
  await later;
});

test('says why a name has no address', async () => {
  const { asked, resolver } = scripted();
  const missing = resolver.resolve('no.example', 'ipv4');
  asked[0]!.answer('ENOTFOUND');
  await assert.rejects(missing, (error: TsrayError) => {
    assert.equal(error.code, 'ERR_DNS');
    assert.match(error.message, /no\.example has no IPv4 address/);
    assert.match(error.hint!, /spelling/);
    return true;
  });
  const silent = resolver.resolve('slow.example', 'ipv6');
  asked[1]!.answer('ETIMEOUT');
  await assert.rejects(silent, /no DNS server answers/);
  const both = resolver.resolve('empty.example', 'any');
  asked[2]!.answer('ENODATA');
  await turn();
  asked[3]!.answer('ENODATA');
  await assert.rejects(both, /empty\.example has no address/);
});

test('stops waiting at the deadline and when the caller gives up, leaving nothing behind', async () => {
  const { asked, clock, resolver } = scripted({}, 5000);
  const slow = resolver.resolve('slow.example', 'any');
  clock.advance(5000);
  await assert.rejects(slow, { code: 'ERR_DNS', message: /not resolved within 5 s/ });
  const abort = new AbortController();
  const given = resolver.resolve('slow.example', 'any', abort.signal);
  abort.abort();
  await assert.rejects(given, { code: 'ERR_ABORTED' });
  await assert.rejects(resolver.resolve('other.example', 'any', abort.signal), { code: 'ERR_ABORTED' });
  assert.equal(clock.pendingTimers, 0);
  // A late failure must not surface anywhere.
  asked[0]!.answer('ENOTFOUND');
  await turn();
});

test('one caller who gives up takes nothing from the others', async () => {
  const { asked, resolver } = scripted();
  const abort = new AbortController();
  const given = resolver.resolve('a.example', 'ipv4', abort.signal);
  const kept = resolver.resolve('a.example', 'ipv4');
  abort.abort();
  await assert.rejects(given, { code: 'ERR_ABORTED' });
  assert.equal(asked.length, 1);
  asked[0]!.answer(['127.0.0.1']);
  assert.deepEqual(await hosts(kept), ['127.0.0.1']);
});

test('names that wait are bounded', async () => {
  const { clock, resolver } = scripted({}, 5000, 20);
  const waiting = Array.from({ length: 20 }, (_, i) => resolver.resolve(`n${i}.example`, 'ipv4'));
  await assert.rejects(resolver.resolve('one-more.example', 'ipv4'), /20 others are waiting/);
  const shared = resolver.resolve('n7.example', 'ipv4');
  clock.advance(5000);
  for (const each of [...waiting, shared]) await assert.rejects(each, /within 5 s/);
  const again = resolver.resolve('again.example', 'ipv4');
  clock.advance(5000);
  await assert.rejects(again, /within 5 s/);
});

test('refuses what cannot be a name without asking', async () => {
  const { list, resolver } = scripted();
  for (const name of ['', 'a b', 'a\0b', 'x'.repeat(255), 'http://x']) {
    await assert.rejects(resolver.resolve(name, 'any'), (error) => {
      assert.ok(error instanceof TsrayError);
      assert.equal(error.code, 'ERR_DNS');
      assert.ok(error.message.length < 150);
      return true;
    });
  }
  assert.deepEqual(list(), []);
});

test('a thousand names whose servers are silent hold up no other name', async () => {
  const server = await startNameServer(({ name, type }) => {
    if (name.includes('silent')) return undefined;
    return type === 'A' ? { answers: [{ type: 'A', name, ttl: 1, data: '127.0.0.7' }] } : {};
  });
  const servers = serverSettings('nameserver 127.0.0.1');
  const channel = { ...servers.channel, servers: [`127.0.0.1:${server.port}`] };
  const settings: SystemSettings = {
    ...settingsOf({ usesIpv6: true }),
    servers: () => ({ ...servers, channel }),
  };
  const resolver = createSystemResolver({ clock: systemClock, settings });
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const silent = Array.from({ length: 1000 }, (_, i) =>
    resolver.resolve(`n${i}.silent.example`, 'any', abort.signal),
  );
  let answered = 0;
  for (const each of silent) {
    each.then(
      () => (answered += 1),
      () => (answered += 1),
    );
  }
  const others = await Promise.all(
    Array.from({ length: 20 }, (_, i) => hosts(resolver.resolve(`other${i}.example`, 'any'))),
  );
  assert.deepEqual(others, Array(20).fill(['127.0.0.7']));
  assert.equal(answered, 0);
  abort.abort();
  for (const { status } of await Promise.allSettled(silent)) assert.equal(status, 'rejected');
  await server.close();
});

test('resolves localhost with the real system', async () => {
  const found = await createSystemResolver({ clock: systemClock }).resolve('localhost', 'ipv4');
  assert.ok(found.some(({ host }) => host === '127.0.0.1'));
});
