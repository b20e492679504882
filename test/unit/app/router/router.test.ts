import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countsText } from '../../../../src/app/router/router.js';
import type { RouteChoice } from '../../../../src/contract/router.js';
import { queryTo, routerOf } from '../../../helper/routing.js';

const hit = (conditions: object) => ({ ...conditions, outboundTag: 'hit' });
const tagOf = (choice: RouteChoice) => choice.outboundTag ?? 'default';

describe('domainStrategy AsIs', () => {
  test('looks no name up; addresses as targets are compared', async () => {
    const { asked, router } = routerOf(
      { rules: [hit({ ip: ['127.0.0.0/8'] })] },
      { answers: { 'a.test': ['127.0.0.1'] } },
    );
    const named = router.pick(queryTo('a.test', 80));
    assert.ok(!(named instanceof Promise));
    assert.equal(tagOf(named), 'default');
    assert.equal(tagOf(await router.pick(queryTo('127.5.0.1', 80))), 'hit');
    assert.deepEqual(asked, []);
  });
});

describe('domainStrategy IPIfNonMatch', () => {
  const routing = {
    domainStrategy: 'IPIfNonMatch',
    rules: [
      { ip: ['127.1.0.0/16'], outboundTag: 'one' },
      { domain: ['full:named.test'], outboundTag: 'named' },
      { ip: ['127.2.0.0/16'], outboundTag: 'two' },
    ],
  };
  const answers = {
    'one.test': ['127.1.0.1'],
    'two.test': ['::1', '127.2.0.1'],
    'named.test': ['127.1.0.1'],
    'other.test': ['127.9.0.1'],
  };

  test('a rule that matches without addresses decides, though an earlier one would match with them', () => {
    const { asked, router } = routerOf(routing, { answers });
    assert.deepEqual(router.pick(queryTo('named.test', 80)), {
      outboundTag: 'named',
      rule: 'routing.rules[1]',
    });
    assert.deepEqual(asked, []);
  });

  test('otherwise the name is looked up once, and all rules are tried again with all its addresses', async () => {
    const { asked, router } = routerOf(routing, { answers });
    assert.equal(tagOf(await router.pick(queryTo('one.test', 80))), 'one');
    assert.equal(tagOf(await router.pick(queryTo('two.test', 80))), 'two');
    assert.equal(tagOf(await router.pick(queryTo('other.test', 80))), 'default');
    assert.deepEqual(asked, ['one.test', 'two.test', 'other.test']);
  });

  test('a failed lookup leaves rules with addresses out', async () => {
    const { asked, log, router } = routerOf(routing, { answers });
    assert.equal(tagOf(await router.pick(queryTo('nowhere.test', 80))), 'default');
    assert.deepEqual(asked, ['nowhere.test']);
    assert.match(log.text, /\[debug\].*no such name/);
  });

  test('nothing is looked up where no rule could match with an address', () => {
    const { asked, router } = routerOf(
      { ...routing, rules: [{ ip: ['127.1.0.0/16'], port: 443, outboundTag: 'one' }] },
      { answers },
    );
    assert.ok(!(router.pick(queryTo('one.test', 80)) instanceof Promise));
    assert.deepEqual(asked, []);
  });
});

describe('domainStrategy IPOnDemand', () => {
  test('a name is looked up at the first rule that asks for its address, once for all of them', async () => {
    const { asked, router } = routerOf(
      {
        domainStrategy: 'IPOnDemand',
        rules: [
          { ip: ['127.1.0.0/16'], port: 443, outboundTag: 'no' },
          { ip: ['127.2.0.0/16'], outboundTag: 'two' },
          { ip: ['127.3.0.0/16'], outboundTag: 'three' },
          { domain: ['three.test'], outboundTag: 'named' },
        ],
      },
      { answers: { 'three.test': ['127.3.0.1'] } },
    );
    assert.equal(tagOf(await router.pick(queryTo('three.test', 80))), 'three');
    assert.deepEqual(asked, ['three.test']);
  });

  test('a failure is remembered for the decision, and later rules go on without addresses', async () => {
    const { asked, router } = routerOf({
      domainStrategy: 'IPOnDemand',
      rules: [
        hit({ ip: ['127.1.0.0/16'] }),
        hit({ ip: ['127.2.0.0/16'] }),
        hit({ ip: ['::/0'] }),
        { domain: ['a.test'], outboundTag: 'named' },
      ],
    });
    assert.equal(tagOf(await router.pick(queryTo('a.test', 80))), 'named');
    assert.deepEqual(asked, ['a.test']);
  });

  test('a rule whose other conditions do not hold asks for nothing', () => {
    const { asked, router } = routerOf({
      domainStrategy: 'IPOnDemand',
      rules: [
        hit({ ip: ['0.0.0.0/0'], domain: ['full:b.test'] }),
        hit({ ip: ['0.0.0.0/0'], network: 'udp' }),
      ],
    });
    assert.ok(!(router.pick(queryTo('a.test', 80)) instanceof Promise));
    assert.deepEqual(asked, []);
  });

  test('connections that may not be resolved are not', () => {
    const { asked, router } = routerOf({ domainStrategy: 'IPOnDemand', rules: [hit({ ip: ['0.0.0.0/0'] })] });
    assert.ok(!(router.pick({ ...queryTo('a.test', 80), unresolved: true }) instanceof Promise));
    assert.deepEqual(asked, []);
  });
});

test('who gave up is told so', async () => {
  const { router } = routerOf(
    { domainStrategy: 'IPOnDemand', rules: [hit({ ip: ['0.0.0.0/0'] })] },
    {
      resolver: {
        resolve: (_name, _family, signal) =>
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          }),
      },
    },
  );
  const { TsrayError } = await import('../../../../src/core/errors.js');
  const controller = new AbortController();
  const picked = router.pick(queryTo('a.test', 80), controller.signal);
  controller.abort(new TsrayError('ERR_ABORTED', 'gone'));
  await assert.rejects(async () => picked, { code: 'ERR_ABORTED' });
});

describe('conditions of the query', () => {
  const rows: readonly (readonly [
    conditions: object,
    query: ReturnType<typeof queryTo>,
    matches: boolean,
  ])[] = [
    [{ network: 'udp' }, queryTo('1.2.3.4', 53, { network: 'udp' }), true],
    [{ network: 'udp' }, queryTo('1.2.3.4', 53), false],
    [{ sourcePort: '40000' }, queryTo('1.2.3.4', 53), true],
    [{ sourcePort: '1-39999' }, queryTo('1.2.3.4', 53), false],
    [{ source: ['::1', '127.0.0.0/8'] }, queryTo('1.2.3.4', 53), true],
    [{ source: ['!127.0.0.0/8'] }, queryTo('1.2.3.4', 53), false],
    [{ inboundTag: ['other', 'in'] }, queryTo('1.2.3.4', 53), true],
    [{ inboundTag: [''] }, queryTo('1.2.3.4', 53, { inboundTag: '' }), false],
    [{ user: ['bob'] }, queryTo('1.2.3.4', 53, { user: { email: 'bob', level: 0 } }), true],
    [{ user: ['bob'] }, queryTo('1.2.3.4', 53), false],
    [{ user: ['regexp:^b'] }, queryTo('1.2.3.4', 53), false],
    [{ protocol: ['http'] }, queryTo('a.test', 80, { sniffed: { protocol: 'http1' } }), true],
    [{ protocol: ['tls', 'bittorrent'] }, queryTo('a.test', 80, { sniffed: { protocol: 'http1' } }), false],
    [{ protocol: ['http'] }, queryTo('a.test', 80), false],
    [{ port: '80', network: 'tcp', domain: 'a.test' }, queryTo('www.A.test.', 80), true],
    [{ port: '80', network: 'tcp', domain: 'a.test' }, queryTo('www.A.test.', 81), false],
  ];
  for (const [conditions, query, matches] of rows) {
    test(`${JSON.stringify(conditions)} ${matches ? 'holds' : 'does not hold'}`, async () => {
      const { router } = routerOf({ rules: [hit(conditions)] });
      assert.equal(tagOf(await router.pick(query)), matches ? 'hit' : 'default');
    });
  }

  test('a client on a Unix socket has no address', async () => {
    const { router } = routerOf({ rules: [hit({ source: ['0.0.0.0/0', '::/0', '!10.0.0.0/8'] })] });
    assert.equal(tagOf(await router.pick(queryTo('1.2.3.4', 80, { from: 'unix' }))), 'default');
  });
});

test("Xray's attributes: regular expressions by name, all of which must match", async () => {
  const { router } = routerOf({ rules: [hit({ attrs: { ':method': '^GET$', 'User-Agent': 'curl' } })] });
  const query = (attributes: ReadonlyMap<string, string>) =>
    queryTo('a.test', 80, { sniffed: { protocol: 'http1', attributes } });
  const both = new Map([
    [':method', 'GET'],
    ['user-agent', 'curl/8'],
  ]);
  assert.equal(tagOf(await router.pick(query(both))), 'hit');
  assert.equal(tagOf(await router.pick(query(new Map([[':method', 'GET']])))), 'default');
});

test('how often each rule decided is counted, explaining is not', async () => {
  const { router } = routerOf({
    rules: [hit({ port: 80 }), { port: 443, outboundTag: 'hit', ruleTag: 'secure' }, hit({ port: 1 })],
  });
  for (const port of [80, 80, 443, 22]) await router.pick(queryTo('1.2.3.4', port));
  await router.explain(queryTo('1.2.3.4', 80), {
    rule: () => undefined,
    fault: () => undefined,
    lookup: () => undefined,
  });
  assert.equal(countsText(router.counts()), 'routing.rules[0] 2 times, secure once, routing.rules[2] never');
  assert.deepEqual(router.counts(), [
    { rule: 'routing.rules[0]', matches: 2 },
    { rule: 'secure', matches: 1 },
    { rule: 'routing.rules[2]', matches: 0 },
  ]);
});

test('explaining tells each rule and the first condition that does not hold, with the lookup between', async () => {
  const { router } = routerOf(
    { domainStrategy: 'IPIfNonMatch', rules: [hit({ port: 443 }), hit({ ip: ['127.7.0.0/16'] })] },
    { answers: { 'a.test': ['127.7.0.1'] } },
  );
  const told: string[] = [];
  const { choice } = await router.explain(queryTo('a.test', 80), {
    rule: (index, failed) => told.push(`${index} ${failed ?? 'matches'}`),
    fault: () => undefined,
    lookup: ({ addresses, name }) => told.push(`${name} = ${addresses.join()}`),
  });
  assert.equal(choice.outboundTag, 'hit');
  assert.deepEqual(told, ['0 port', '1 ip', 'a.test = 127.7.0.1', '0 port', '1 matches']);
});
