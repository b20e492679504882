import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { dnsOf, serverOf, testDns } from '../../../helper/dns.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import type { Answering } from '../../../helper/name-server.js';

const a = '127.0.0.11';
const b = '127.0.0.12';
const atA = `udp:${a}:53`;
const atB = `udp:${b}:53`;
const fails =
  (rcode: number): Answering =>
  () => ({ rcode });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function hosts(answer: Promise<readonly { readonly host: string }[]>): Promise<readonly string[]> {
  return (await answer).map(({ host }) => host);
}

test('both families are asked, and an answer is kept as long as it lives', async () => {
  const clock = new FakeClock();
  const dns = testDns(
    { servers: [a] },
    { [atA]: serverOf({ 'x.test': ['127.0.0.1', '::1'] }, 30) },
    { clock },
  );
  assert.deepEqual([...(await hosts(dns.client.resolve('X.test.', 'any')))].sort(), ['127.0.0.1', '::1']);
  assert.deepEqual(await hosts(dns.client.resolve('x.test', 'ipv4')), ['127.0.0.1']);
  assert.deepEqual([...dns.asked].sort(), [`${atA} x.test A`, `${atA} x.test AAAA`]);
  clock.advance(20_000);
  assert.equal((await dns.client.ask('x.test', 'ipv4')).ttlSeconds, 10);
  clock.advance(10_000);
  await dns.client.resolve('x.test', 'ipv4');
  assert.equal(dns.asked.length, 3);
  await dns.close();
});

test('that there is no such name is an answer, and kept too', async () => {
  const dns = testDns(
    { servers: [a, b] },
    { [atA]: serverOf({}), [atB]: serverOf({ 'x.test': ['127.0.0.1'] }) },
  );
  for (let i = 0; i < 2; i += 1) {
    await assert.rejects(dns.client.resolve('x.test', 'ipv4'), {
      code: 'ERR_DNS',
      message: /has no IPv4 address/,
    });
  }
  assert.equal((await dns.client.ask('x.test', 'ipv4')).rcode, 3);
  assert.deepEqual(dns.asked, [`${atA} x.test A`]);
  await dns.close();
});

test('the next server is asked after SERVFAIL, REFUSED and a server that cannot be reached', async () => {
  const good = serverOf({ 'x.test': ['127.0.0.1'] });
  for (const first of [fails(2), fails(5), fails(1), undefined]) {
    const dns = testDns(
      { servers: [a, b] },
      { ...(first === undefined ? {} : { [atA]: first }), [atB]: good },
    );
    assert.deepEqual(await hosts(dns.client.resolve('x.test', 'ipv4')), ['127.0.0.1']);
    await dns.close();
  }
});

test('a failure of every server is told with its code, and not kept', async () => {
  const dns = testDns({ servers: [a, b] }, { [atA]: fails(2), [atB]: fails(5) });
  assert.equal((await dns.client.ask('x.test', 'ipv4')).rcode, 2);
  assert.equal((await dns.client.ask('x.test', 'ipv4')).rcode, 2);
  assert.equal(dns.asked.length, 4);
  await assert.rejects(dns.client.resolve('x.test', 'any'), /answer with the code 2/);
  await dns.close();
});

test('a silent server is given up after four seconds, asked twice meanwhile', async () => {
  const clock = new FakeClock();
  const dns = testDns({ servers: [a, b] }, { [atA]: () => undefined, [atB]: () => undefined }, { clock });
  const asking = dns.client.ask('x.test', 'ipv4');
  for (let i = 0; i < 16; i += 1) {
    await turn();
    clock.advance(500);
  }
  await assert.rejects(asking, (error: TsrayError) => {
    assert.equal(error.code, 'ERR_DNS');
    assert.match(error.message, /127\.0\.0\.12 did not answer within 4 s/);
    return true;
  });
  assert.deepEqual(dns.asked, [`${atA} x.test A`, `${atA} x.test A`, `${atB} x.test A`, `${atB} x.test A`]);
  await dns.close();
  assert.equal(clock.pendingTimers, 0);
});

test('one family that is lost holds the other up for a second only', async () => {
  const clock = new FakeClock();
  const good = serverOf({ 'x.test': ['127.0.0.1'] });
  const dns = testDns(
    { servers: [a] },
    { [atA]: (question, query) => (question.type === 'AAAA' ? undefined : good(question, query)) },
    { clock },
  );
  const resolving = hosts(dns.client.resolve('x.test', 'any'));
  await turn();
  clock.advance(1000);
  assert.deepEqual(await resolving, ['127.0.0.1']);
  await dns.close();
});

test('who asks for what is being asked for waits for the same reply', async () => {
  const dns = testDns({ servers: [a] }, { [atA]: serverOf({ 'x.test': ['127.0.0.1'] }, 0) });
  await Promise.all([1, 2, 3].map(() => dns.client.ask('x.test', 'ipv4')));
  assert.equal(dns.asked.length, 1);
  // A lifetime of zero is for those who wait, not for later.
  await dns.client.ask('x.test', 'ipv4');
  assert.equal(dns.asked.length, 2);
  await dns.close();
});

test('a caller who gives up is told so, and others get their answer', async () => {
  const dns = testDns({ servers: [a] }, { [atA]: serverOf({ 'x.test': ['127.0.0.1'] }) });
  const abort = new AbortController();
  const given = dns.client.ask('x.test', 'ipv4', { signal: abort.signal });
  const kept = dns.client.ask('x.test', 'ipv4');
  abort.abort();
  await assert.rejects(given, { code: 'ERR_ABORTED' });
  assert.equal((await kept).addresses.length, 1);
  await dns.close();
});

test('a reply that was cut short is asked for over TCP', async () => {
  const good = serverOf({ 'x.test': ['127.0.0.1'] });
  const dns = testDns({ servers: [a] }, { [atA]: () => ({ truncated: true }), [`tcp:${a}:53`]: good });
  assert.deepEqual(await hosts(dns.client.resolve('x.test', 'ipv4')), ['127.0.0.1']);
  assert.deepEqual(dns.asked, [`${atA} x.test A`, `tcp:${a}:53 x.test A`]);
  await dns.close();
});

test('addresses are themselves, and what is no name has none', async () => {
  const dns = testDns({ servers: [a] });
  assert.deepEqual(await hosts(dns.client.resolve('127.0.0.9', 'any')), ['127.0.0.9']);
  await assert.rejects(dns.client.resolve('::1', 'ipv4'), { code: 'ERR_DNS' });
  assert.equal((await dns.client.ask('a b', 'ipv4')).rcode, 1);
  await assert.rejects(dns.client.resolve('a..b', 'ipv4'), { code: 'ERR_DNS' });
  assert.deepEqual(dns.ways, []);
});

test('queries carry the tag of their server, else the client’s, which the dns outbound knows', async () => {
  const dns = testDns(
    { tag: 'dns-in', servers: [{ address: a, tag: 'own' }, b, 'tcp+local://127.0.0.13'] },
    { 'tcp:127.0.0.13:53': serverOf({ 'x.test': ['127.0.0.1'] }) },
  );
  await dns.client.resolve('x.test', 'ipv4');
  assert.deepEqual(dns.ways, [`${atA} by own dns`, `${atB} by dns-in dns`, 'tcp:127.0.0.13:53 directly']);
  assert.equal(dns.client.asksWith('own'), true);
  assert.equal(dns.client.asksWith('dns-in'), true);
  assert.equal(dns.client.asksWith('in'), false);
  assert.equal(dns.client.asksWith(''), false);
  await dns.close();
});

test('fake addresses are for those who ask for them', async () => {
  const dns = testDns(
    { servers: ['fakedns', a] },
    { [atA]: serverOf({ 'x.test': ['127.0.0.1'] }) },
    { fakedns: { ipPool: '198.18.0.0/15', poolSize: 10 } },
  );
  const fake = await dns.client.ask('X.test', 'ipv4', { fake: true });
  assert.deepEqual(fake, { rcode: 0, addresses: [parseAddress('198.18.0.0')], ttlSeconds: 1 });
  assert.equal(dns.fakeAddresses.nameOf('198.18.0.0'), 'x.test');
  // No real address for a family without a pool.
  assert.deepEqual((await dns.client.ask('x.test', 'ipv6', { fake: true })).addresses, []);
  assert.deepEqual(dns.asked, []);
  assert.deepEqual(await hosts(dns.client.resolve('x.test', 'ipv4')), ['127.0.0.1']);
  await dns.close();
});

test('localhost is asked for names of the neighbourhood first', async () => {
  const system: string[] = [];
  const dns = testDns(
    { servers: [a, 'localhost'] },
    { [atA]: serverOf({ 'x.test.org': ['127.0.0.1'] }) },
    {
      system: {
        resolve(name) {
          system.push(name);
          return Promise.resolve([parseAddress('127.0.0.5')]);
        },
      },
    },
  );
  for (const name of ['nas', 'nas.lan', 'a.home.arpa']) {
    assert.deepEqual(await hosts(dns.client.resolve(name, 'ipv4')), ['127.0.0.5']);
  }
  assert.deepEqual(await hosts(dns.client.resolve('x.test.org', 'ipv4')), ['127.0.0.1']);
  assert.deepEqual(system, ['nas', 'nas.lan', 'a.home.arpa']);
  await dns.close();
});

test('what the system says of a name is told apart from its silence', async () => {
  let code = 'ENOTFOUND';
  const dns = testDns(
    { servers: ['localhost'] },
    {},
    {
      system: {
        resolve: () =>
          Promise.reject(new TsrayError('ERR_DNS', 'no', { cause: Object.assign(new Error(), { code }) })),
      },
    },
  );
  assert.equal((await dns.client.ask('x.test', 'ipv4')).rcode, 3);
  code = 'ENODATA';
  assert.equal((await dns.client.ask('x.test', 'ipv4')).rcode, 0);
  code = 'ETIMEOUT';
  await assert.rejects(dns.client.ask('x.test', 'ipv4'), { code: 'ERR_DNS' });
});

test('without servers the system resolves what hosts do not say', async () => {
  const dns = testDns(
    { hosts: { 'x.test': '127.0.0.3' } },
    {},
    {
      system: { resolve: () => Promise.resolve([parseAddress('127.0.0.4')]) },
    },
  );
  assert.deepEqual(await hosts(dns.client.resolve('x.test', 'ipv4')), ['127.0.0.3']);
  assert.deepEqual(await hosts(dns.client.resolve('y.test', 'ipv4')), ['127.0.0.4']);
});

test('a closed client rejects what is under way', async () => {
  const dns = testDns({ servers: [a] }, { [atA]: () => undefined });
  const asking = dns.client.ask('x.test', 'ipv4');
  await turn();
  await dns.close();
  await assert.rejects(asking, { code: 'ERR_DNS' });
  await assert.rejects(dns.client.ask('y.test', 'ipv4'), { code: 'ERR_DNS' });
});

test('a configuration without dns asks for no client', () => {
  assert.equal(dnsOf(undefined).settings, undefined);
});
