import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../../src/core/net/address.js';
import { createPipe } from '../../../../src/core/stream/pipe.js';
import { allowsAll, type FinalRule, mayReach, withLists } from '../../../../src/proxy/freedom/final-rules.js';
import { createFreedomOutbound, type FreedomDeps } from '../../../../src/proxy/freedom/outbound.js';
import { outboundOf, problemLines } from '../../../helper/config.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeBind } from '../../../helper/fake-packets.js';
import { ScriptedDialer, TableResolver } from '../../../helper/scripted-dialer.js';

/** Rules as they are written. */
function rulesOf(finalRules: readonly object[]): readonly FinalRule[] {
  const outbound = outboundOf({ protocol: 'freedom', settings: { finalRules } });
  assert.ok(outbound.protocol === 'freedom' && outbound.settings.finalRules !== undefined);
  return outbound.settings.finalRules;
}

const reaches = (
  rules: readonly FinalRule[],
  network: 'tcp' | 'udp',
  host: string,
  port: number,
  remote = false,
) => mayReach(rules, { network, address: parseAddress(host), port, remote });

test('the first matching rule counts, and all of its conditions must hold', () => {
  const rules = rulesOf([
    { action: 'allow', network: 'udp', port: 53, ip: ['10.0.0.1'] },
    { action: 'block', ip: ['geoip:private'] },
    { action: 'block', network: 'tcp', port: '25,465-587' },
    { action: 'allow' },
  ]);
  assert.ok(reaches(rules, 'udp', '10.0.0.1', 53));
  assert.ok(!reaches(rules, 'tcp', '10.0.0.1', 53));
  assert.ok(!reaches(rules, 'udp', '10.0.0.1', 54));
  assert.ok(!reaches(rules, 'udp', '10.0.0.2', 53));
  for (const host of ['127.0.0.1', '::1', '192.168.1.1', '169.254.169.254', '::ffff:10.0.0.1', 'fe80::1']) {
    assert.ok(!reaches(rules, 'tcp', host, 443), host);
  }
  assert.ok(!reaches(rules, 'tcp', '8.8.8.8', 25));
  assert.ok(!reaches(rules, 'tcp', '8.8.8.8', 500));
  assert.ok(reaches(rules, 'udp', '8.8.8.8', 25));
  assert.ok(reaches(rules, 'tcp', '8.8.8.8', 443));
});

test('addresses and ranges of both families, turned round by "!"', () => {
  const rules = rulesOf([
    { action: 'block', ip: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'] },
    { action: 'block', ip: ['!0.0.0.0/0'], port: 80 },
    { action: 'block', ip: 'geoip:!private', port: 81 },
  ]);
  assert.ok(!reaches(rules, 'tcp', '203.0.113.9', 1));
  assert.ok(!reaches(rules, 'tcp', '2001:db8:1::1', 1));
  assert.ok(!reaches(rules, 'tcp', '198.51.100.7', 1));
  assert.ok(reaches(rules, 'tcp', '198.51.100.8', 1));
  assert.ok(!reaches(rules, 'tcp', '2001:4860::1', 80));
  assert.ok(reaches(rules, 'tcp', '8.8.8.8', 80));
  assert.ok(!reaches(rules, 'tcp', '8.8.8.8', 81));
  assert.ok(reaches(rules, 'tcp', '127.0.0.1', 81));
});

test('lists of data files count beside ranges, and are never passed over', () => {
  const written = rulesOf([
    { action: 'block', ip: ['geoip:CN', '203.0.113.0/24'] },
    { action: 'block', ip: 'GEOIP:!cn,geoip:private', port: 80 },
    { action: 'block', ip: ['!ext:mine.dat:office'], port: 81 },
  ]);
  assert.deepEqual(
    written.map(({ lists }) => lists),
    [
      [{ file: 'geoip.dat', code: 'CN', inverse: false }],
      [{ file: 'geoip.dat', code: 'CN', inverse: true }],
      [{ file: 'mine.dat', code: 'OFFICE', inverse: true }],
    ],
  );
  const members: Readonly<Record<string, string>> = { CN: '198.51.100.1', OFFICE: '198.51.100.2' };
  const rules = withLists(
    written,
    ({ code }) =>
      ({ host }) =>
        host === members[code],
  );
  assert.ok(!reaches(rules, 'tcp', '198.51.100.1', 443));
  assert.ok(!reaches(rules, 'tcp', '203.0.113.1', 443));
  assert.ok(reaches(rules, 'tcp', '198.51.100.2', 443));
  assert.ok(!reaches(rules, 'tcp', '198.51.100.2', 80));
  assert.ok(!reaches(rules, 'tcp', '127.0.0.1', 80));
  assert.ok(reaches(rules, 'tcp', '198.51.100.2', 81));
  assert.ok(!reaches(rules, 'tcp', '8.8.8.8', 81));
  assert.throws(() => withLists(written, undefined), /ERR_CONFIG_UNSUPPORTED|data files/);
  const allowed = rulesOf([{ action: 'allow', ip: ['geoip:cn'] }]);
  assert.ok(!allowsAll(allowed), 'names have to be looked up');
});

test('what came in by VMess reaches no private address that no rule allows', () => {
  for (const rules of [rulesOf([]), rulesOf([{ action: 'block', port: 25 }])]) {
    assert.ok(!reaches(rules, 'tcp', '127.0.0.1', 80, true));
    assert.ok(reaches(rules, 'tcp', '127.0.0.1', 80, false));
    assert.ok(reaches(rules, 'tcp', '8.8.8.8', 80, true));
  }
  const allowed = rulesOf([{ action: 'allow', ip: ['127.0.0.0/8'], network: ['tcp'] }]);
  assert.ok(reaches(allowed, 'tcp', '127.0.0.1', 80, true));
  assert.ok(!reaches(allowed, 'udp', '127.0.0.1', 80, true));
  assert.ok(allowsAll(rulesOf([{ action: 'Allow' }, { action: 'block' }])));
  assert.ok(!allowsAll(rulesOf([{ action: 'allow', network: 'tcp' }])));
});

test('mistakes are told', () => {
  const lines = (finalRules: unknown, ignoreUnsupported = false): string[] =>
    problemLines(
      JSON.stringify({
        inbounds: [{ protocol: 'socks', port: 1 }],
        outbounds: [{ protocol: 'freedom', settings: { finalRules } }],
      }),
      { ignoreUnsupported },
    );
  assert.match(lines([{}])[0]!, /finalRules\[0\]\.action: expected "allow" or "block", found nothing/);
  assert.match(lines([{ action: 'deny' }])[0]!, /action: expected "allow" or "block", found "deny"/);
  assert.match(
    lines([{ action: 'block', ip: ['example.com'] }])[0]!,
    /ip\[0\]: expected an IP address, .*Names are not/,
  );
  assert.match(lines([{ action: 'block', port: '1-' }])[0]!, /port: expected a port from 0 to 65535/);
  assert.match(lines([{ action: 'block', ip: ['geoip:'] }])[0]!, /ip\[0\]: expected an IP address/);
  assert.match(lines([{ action: 'block', ip: ['ext:file.dat'] }])[0]!, /ip\[0\]: expected an IP address/);
  assert.match(lines({ action: 'block' })[0]!, /finalRules: expected a list of rules, found an object/);
});

const names = { 'mixed.example': ['127.0.0.1', '8.8.8.8'], 'inside.example': ['10.0.0.1', '::1'] };

function freedom(finalRules: readonly object[], deps: Partial<FreedomDeps> = {}) {
  const dialer = new ScriptedDialer();
  dialer.answer = (attempt) => attempt.connect(createPipe()[0]);
  const outbound = createFreedomOutbound({
    tag: '',
    settings: { domainStrategy: 'AsIs', userLevel: 0, blockPrivate: false, finalRules: rulesOf(finalRules) },
    dialer,
    bindPackets: () => assert.fail('no datagrams here'),
    resolver: new TableResolver(names),
    clock: new FakeClock(),
    ...deps,
  });
  return { dialer, outbound };
}

const fence = [{ action: 'block', ip: ['geoip:private'] }, { action: 'allow' }];

test('connections go to allowed addresses only, also behind names', async () => {
  const { dialer, outbound } = freedom(fence);
  const open = (host: string) => outbound.open(contextFor(destinationOf('tcp', host, 443)));
  await open('mixed.example');
  assert.deepEqual(
    dialer.attempts.map(({ where }) => where),
    ['8.8.8.8:443'],
  );
  for (const host of ['inside.example', '127.0.0.1', '::1']) {
    await assert.rejects(open(host), { code: 'ERR_BLOCKED', message: /is blocked by finalRules$/ });
  }
  assert.equal(dialer.attempts.length, 1);
});

test('datagrams are judged one by one, by port and address', async () => {
  const bind = new FakeBind();
  const { outbound } = freedom([{ action: 'block', network: 'udp', port: 5353 }, ...fence], {
    bindPackets: bind.bind,
  });
  const link = await outbound.openPackets(contextFor(destinationOf('udp', '8.8.8.8', 53)));
  const send = (host: string, port: number) => link.send(Uint8Array.of(1), destinationOf('udp', host, port));
  assert.deepEqual(
    [send('8.8.8.8', 53), send('8.8.8.8', 5353), send('127.0.0.1', 53), send('8.8.8.8', 54)],
    [true, false, false, true],
  );
  assert.deepEqual(
    bind.bound[0]!.link.sent.map(({ remote }) => `${remote.address.host}:${remote.port}`),
    ['8.8.8.8:53', '8.8.8.8:54'],
  );
  link.destroy();
  await assert.rejects(outbound.openPackets(contextFor(destinationOf('udp', '8.8.8.8', 5353))), {
    code: 'ERR_BLOCKED',
  });
});

test('a name is looked up before another outbound carries it, unless the first rule allows all', async () => {
  for (const [rules, expected] of [
    [fence, '8.8.8.8:443'],
    [[{ action: 'allow' }], 'mixed.example:443'],
  ] as const) {
    const via = freedom([]).outbound;
    const { dialer, outbound } = freedom(rules, { via });
    await outbound.open(contextFor(destinationOf('tcp', 'mixed.example', 443)));
    assert.equal(dialer.attempts[0]!.where, expected);
  }
});

test('a forced family has no other to fall back on', async () => {
  const resolver = new TableResolver({ 'four.example': ['8.8.4.4'] });
  const { dialer, outbound } = freedom([], {
    resolver,
    settings: { domainStrategy: 'ForceIPv6', userLevel: 0, blockPrivate: false },
  });
  await assert.rejects(outbound.open(contextFor(destinationOf('tcp', 'four.example', 1))), {
    code: 'ERR_DNS',
  });
  assert.equal(dialer.attempts.length, 0);
});
