import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchesEverything, shadowedRules } from '../../../../src/app/router/shadow.js';
import { queryTo, routerOf, routingOf } from '../../../helper/routing.js';

const rulesOf = (...conditions: readonly object[]) =>
  routingOf({ rules: conditions.map((each) => ({ ...each, outboundTag: 'x' })) }).settings.rules;

describe('the second rule never decides', () => {
  const rows: readonly (readonly [first: object, second: object])[] = [
    [{ network: 'tcp,udp' }, { port: 80 }],
    [{ network: 'tcp' }, { network: 'tcp', domain: ['a.test'] }],
    [{ port: '1-1000' }, { port: '80,443', ip: ['10.0.0.0/8'] }],
    [{ port: '0-65535' }, { user: ['bob'] }],
    [{ domain: ['domain:a.test'] }, { domain: ['full:x.a.test', 'domain:b.a.test', 'domain:a.test.'] }],
    [{ domain: ['keyword:ads'] }, { domain: ['full:myads.test', 'keyword:xads'] }],
    [{ domain: ['geosite:cn'] }, { domain: ['geosite:CN@ads'], port: 80 }],
    [{ domain: [''] }, { domain: ['geosite:cn', 'regexp:x'] }],
    [{ ip: ['10.0.0.0/8', 'geoip:cn'] }, { ip: ['10.1.0.0/16', '10.2.3.4', 'geoip:CN'] }],
    [{ ip: ['2001:db8::/32'] }, { ip: ['2001:db8:1::/48'] }],
    [{ ip: ['!10.0.0.0/8'] }, { ip: ['!10.0.0.0/8'], port: 1 }],
    [{ source: ['127.0.0.0/8'] }, { source: ['127.0.0.1'] }],
    [{ inboundTag: ['a', 'b'] }, { inboundTag: ['b'] }],
    [{ protocol: ['http'] }, { protocol: ['http1'] }],
    [{ user: ['regexp:^b', 'ann'] }, { user: ['ann'] }],
    [{ attrs: "attrs[':method'] == 'GET'" }, { attrs: "attrs[':method'] == 'GET'", port: 80 }],
  ];
  for (const [first, second] of rows) {
    test(`${JSON.stringify(first)} and ${JSON.stringify(second)}`, () => {
      assert.deepEqual(shadowedRules(rulesOf(first, second)), [{ index: 1, by: 0 }]);
    });
  }
});

describe('the second rule may decide', () => {
  const rows: readonly (readonly [first: object, second: object])[] = [
    [{ network: 'tcp' }, { port: 80 }],
    [{ port: '1-65535' }, { user: ['bob'] }],
    [{ port: '1-1000' }, { port: '80,1001' }],
    [{ domain: ['domain:a.test'] }, { domain: ['domain:test'] }],
    [{ domain: ['domain:a.test'] }, { domain: ['full:xa.test'] }],
    [{ domain: ['full:a.test'] }, { domain: ['domain:a.test'] }],
    [{ domain: ['keyword:ads'] }, { domain: ['regexp:ads'] }],
    [{ domain: ['geosite:cn@ads'] }, { domain: ['geosite:cn'] }],
    [{ ip: ['10.0.0.0/8'] }, { ip: ['10.0.0.0/7'] }],
    [{ ip: ['0.0.0.0/0'] }, { ip: ['::/0'] }],
    [{ ip: ['!10.0.0.0/8'] }, { ip: ['11.0.0.0/8'] }],
    [{ ip: ['geoip:cn'] }, { ip: ['geoip:us'] }],
    [{ ip: ['0.0.0.0/0', '::/0'] }, { domain: ['a.test'] }],
    [{ inboundTag: ['a'] }, { inboundTag: ['a', 'b'] }],
    [{ protocol: ['http1'] }, { protocol: ['http'] }],
  ];
  for (const [first, second] of rows) {
    test(`${JSON.stringify(first)} and ${JSON.stringify(second)}`, () => {
      assert.deepEqual(shadowedRules(rulesOf(first, second)), []);
    });
  }
});

test('what matches everything', () => {
  for (const [conditions, all] of [
    [{ network: 'tcp,udp' }, true],
    [{ port: '0-65535' }, true],
    [{ network: 'tcp' }, false],
    [{ ip: ['0.0.0.0/0', '::/0'] }, false],
  ] as const) {
    assert.equal(matchesEverything(rulesOf(conditions)[0]!.conditions), all, JSON.stringify(conditions));
  }
});

test('a rule that is said never to decide does not, whatever is asked', async () => {
  const { router } = routerOf({
    rules: [
      { domain: ['domain:a.test'], outboundTag: 'one' },
      { domain: ['full:x.a.test'], outboundTag: 'two' },
    ],
  });
  for (const host of ['x.a.test', 'a.test', 'b.test']) {
    assert.notEqual((await router.pick(queryTo(host, 80))).outboundTag, 'two');
  }
});
