import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inboundOf, problemLines, settingsOf } from '../../helper/config.js';
import { routingOf } from '../../helper/routing.js';

const rule = (conditions: object) => ({ type: 'field', outboundTag: 'direct', ...conditions });
const only = (conditions: object) => routingOf({ rules: [rule(conditions)] });

test('every condition', () => {
  const { errors, settings, warnings } = only({
    domain: [
      'a.test',
      'domain:B.test',
      'full:c.test.',
      'regexp:^d',
      'dotless:nas',
      'geosite:cn@ads@x',
      'ext:f.dat:l',
    ],
    domains: 'keyword:e, f',
    ip: ['10.0.0.1', '10.2.3.4/8', 'geoip:!cn', '!geoip:us', 'ext-ip:f.dat:l', '[2001:db8::]/32'],
    port: '80, 443,1000-2000',
    network: 'tcp',
    source: '127.0.0.1',
    sourcePort: 53,
    user: ['bob', 'regexp:^a'],
    inboundTag: 'x,y',
    protocol: ['http', 'bittorrent'],
    attrs: "attrs[':method'] == 'GET'",
    ruleTag: 'mine',
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, []);
  const [{ conditions, name, target }] = settings.rules as [(typeof settings.rules)[number]];
  assert.equal(name, 'mine');
  assert.deepEqual(target, { kind: 'outbound', tag: 'direct' });
  assert.deepEqual(conditions.domains, [
    { kind: 'keyword', value: 'a.test' },
    { kind: 'domain', value: 'b.test' },
    { kind: 'full', value: 'c.test' },
    { kind: 'regexp', value: '^d' },
    { kind: 'regexp', value: '^[^.]*nas[^.]*$' },
    { kind: 'list', list: { file: 'geosite.dat', code: 'CN' }, attributes: ['ads', 'x'] },
    { kind: 'list', list: { file: 'f.dat', code: 'L' }, attributes: [] },
    { kind: 'keyword', value: 'e' },
    { kind: 'keyword', value: 'f' },
  ]);
  assert.deepEqual(
    conditions.ips?.map((item) =>
      item.kind === 'list' ? `${item.list.code} ${item.inverse}` : `${item.bits} ${item.inverse}`,
    ),
    ['32 false', '8 false', 'CN true', 'US true', 'L false', '32 false'],
  );
  assert.deepEqual(conditions.ports, [
    { from: 80, to: 80 },
    { from: 443, to: 443 },
    { from: 1000, to: 2000 },
  ]);
  assert.deepEqual(conditions.inboundTags, ['x', 'y']);
});

describe('forms that real files have', () => {
  test('nulls, empty lists and the old wrapper', () => {
    const { errors, settings } = routingOf({
      domainStrategy: null,
      rules: [rule({ port: 80, ip: null, domain: [], user: null }), null],
      balancers: null,
      settings: { domainStrategy: 'IPOnDemand', rules: [rule({ port: 81 })] },
    });
    assert.deepEqual(errors, []);
    assert.equal(settings.domainStrategy, 'IPOnDemand');
    // Those of the wrapper come behind.
    assert.deepEqual(
      settings.rules.map(({ conditions }) => conditions.ports?.[0]?.from),
      [80, 81],
    );
  });

  test('spellings of domainStrategy', () => {
    for (const [given, expected] of [
      ['IPIfNonMatch', 'IPIfNonMatch'],
      ['ip_if_non_match', 'IPIfNonMatch'],
      ['ip-on-demand', 'IPOnDemand'],
      ['AlwaysIP', 'AsIs'],
      ['UseIp', 'AsIs'],
      ['asis', 'AsIs'],
    ] as const) {
      const { settings, warnings } = routingOf({ domainStrategy: given });
      assert.equal(settings.domainStrategy, expected, given);
      assert.deepEqual(warnings, []);
    }
    assert.match(
      routingOf({ domainStrategy: 'IPIfNoMatch' }).warnings[0]!.message,
      /as in V2Ray that is "AsIs"/,
    );
  });

  test('a rule without a tag of its own is named by its place', () => {
    assert.equal(only({ port: 80 }).settings.rules[0]?.name, 'routing.rules[0]');
  });
});

test("V2Ray 3's types of rules mean what they meant, with a warning", () => {
  for (const [type, named] of [
    ['chinasites', { domain: ['geosite:cn'] }],
    ['ChinaIP', { ip: ['geoip:cn'] }],
  ] as const) {
    const { errors, settings, warnings } = only({ type });
    assert.deepEqual(errors, []);
    assert.deepEqual(settings.rules[0]?.conditions, only(named).settings.rules[0]?.conditions);
    const [warning] = warnings;
    assert.equal(warning?.code, 'ERR_CONFIG_DEPRECATED');
    assert.match(warning?.message ?? '', new RegExp(`the rule type "${type}" is V2Ray 3's`, 'i'));
    assert.match(warning?.hint ?? '', /Write \{ "type": "field"/);
  }
});

test("another condition beside V2Ray 3's types is an error: it is not lost", () => {
  for (const type of ['chinaip', 'chinasites']) {
    for (const other of [{ port: 80 }, { source: ['127.0.0.9'] }, { domain: ['example.com'] }]) {
      const config = {
        inbounds: [],
        outbounds: [{ protocol: 'freedom', tag: 'a' }],
        routing: { rules: [{ type, ...other, outboundTag: 'a' }] },
      };
      const lines = problemLines(JSON.stringify(config), { partial: true }).join('\n');
      assert.match(lines, /ERR_CONFIG_CONFLICT.*has no other conditions, found (port|source|domain)/);
    }
  }
});

describe('mistakes', () => {
  const rows: readonly (readonly [conditions: object, expected: RegExp])[] = [
    [{}, /at least one condition, found none/],
    [{ domain: [], ip: [] }, /at least one condition/],
    [{ port: 80, outboundTag: '' }, /expected an "outboundTag" or "balancerTag"/],
    [{ port: '80-x' }, /expected a port/],
    [{ port: 70_000 }, /expected a port/],
    [{ ip: ['example.com'] }, /expected an IP address.*found "example.com"/],
    [{ ip: ['10.0.0.0/33'] }, /prefix length from 0 to 32/],
    [{ ip: ['::ffff:1.2.3.0/120'] }, /prefix length from 0 to 32/],
    [{ ip: ['geoip:'] }, /name of a list/],
    [{ ip: ['ext:file.dat'] }, /a file and a list/],
    [{ domain: ['regexp:(?=a)'] }, /a regular expression that RE2 understands/],
    [{ domain: ['dotless:a.b'] }, /without a dot/],
    [{ domain: ['ext:f.dat:a:b'] }, /a file and a list/],
    [{ domain: ['geosite:@ads'] }, /name of a list/],
    [{ user: ['regexp:['] }, /a regular expression/],
    [{ attrs: 'attrs[' }, /not understood at character 7/],
    [{ attrs: { ':path': '(' } }, /a regular expression/],
    [{ port: 80, type: 'chinasite' }, /expected "field", "chinasites" or "chinaip", found "chinasite"/],
    [{ port: 80, localPort: 1 }, /localPort, a condition of Xray's, is not supported/],
    [{ port: 80, process: ['curl'] }, /process, a condition of Xray's/],
  ];
  for (const [conditions, expected] of rows) {
    test(JSON.stringify(conditions), () => {
      const { errors } = only(conditions);
      assert.equal(errors.length, 1);
      assert.match(errors[0]!.message, expected);
      assert.ok(errors[0]!.path.startsWith('routing.rules[0]'));
    });
  }

  test('balancers', () => {
    const { errors } = routingOf({
      balancers: [
        { tag: 'a', selector: ['x'], strategy: { type: 'fastest' } },
        { tag: 'b', selector: [] },
        { tag: '', selector: ['x'] },
        {
          tag: 'c',
          selector: ['x'],
          strategy: { type: 'leastLoad', settings: { maxRTT: '1 second', tolerance: 2 } },
        },
        { tag: 'd', selector: ['x'], strategy: { settings: { costs: [{ match: '(', regexp: true }] } } },
      ],
    });
    assert.deepEqual(
      errors.map(({ path }) => path),
      [
        'routing.balancers[0].strategy.type',
        'routing.balancers[1].selector',
        'routing.balancers[2].tag',
        'routing.balancers[3].strategy.settings.maxRTT',
        'routing.balancers[3].strategy.settings.tolerance',
        'routing.balancers[4].strategy.settings.costs[0].match',
      ],
    );
  });
});

test('what never matches, or matches more than it seems to, draws a warning', () => {
  for (const [conditions, expected] of [
    [{ port: '0' }, /holds no port/],
    [{ port: '100-50' }, /never matches/],
    [{ network: 'tcp,kcp' }, /"kcp" is no network/],
    [{ protocol: ['htttp'] }, /beginning of no protocol/],
    [{ domain: [''] }, /in every name/],
  ] as const) {
    const { errors, warnings } = only(conditions);
    assert.deepEqual(errors, [], JSON.stringify(conditions));
    assert.match(warnings[0]!.message, expected);
  }
});

describe('tags that do not exist', () => {
  const config = (routing: object) =>
    JSON.stringify({
      inbounds: [{ tag: 'in', protocol: 'socks', port: 1 }],
      outbounds: [
        { tag: 'direct', protocol: 'freedom' },
        { tag: 'proxy-1', protocol: 'freedom' },
      ],
      routing,
    });

  test('an outbound: a warning, and an error with strict', () => {
    const text = config({ rules: [{ port: 80, outboundTag: 'dierct' }] });
    assert.match(
      problemLines(text)[0]!,
      /warning.*no outbound "dierct".*leaves by the first outbound\. Hint: Did you mean "direct"\?/,
    );
    assert.match(problemLines(text, { strict: true })[0]!, /^config.json:\d+:\d+ {2}ERR_CONFIG_CONFLICT/);
  });

  test('a balancer: an error', () => {
    assert.match(
      problemLines(config({ rules: [{ port: 80, balancerTag: 'b' }] }))[0]!,
      /expected the tag of a balancer, found "b"/,
    );
  });

  test('an inbound, a selector, a fallback, and a balancer that nothing names', () => {
    const lines = problemLines(
      config({
        rules: [{ inboundTag: ['nin'], outboundTag: 'direct' }],
        balancers: [{ tag: 'b', selector: ['prox1'], fallbackTag: 'gone' }],
      }),
    ).join('\n');
    assert.match(lines, /no inbound "nin"/);
    assert.match(lines, /selects no outbound/);
    assert.match(lines, /no outbound "gone"/);
    assert.match(lines, /no rule names this balancer/);
  });

  test('rules that never decide, and a catch-all that makes IPIfNonMatch useless', () => {
    const lines = problemLines(
      config({
        domainStrategy: 'IPIfNonMatch',
        rules: [
          { ip: ['10.0.0.0/8'], outboundTag: 'direct' },
          { network: 'tcp,udp', outboundTag: 'proxy-1' },
          { port: 80, outboundTag: 'direct' },
        ],
      }),
    );
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /routing\.rules\[1\]: matches everything/);
    assert.match(
      lines[1]!,
      /routing\.rules\[2\]: never decides: whatever it matches, routing\.rules\[1\] has matched before/,
    );
  });
});

test('sniffing', () => {
  const of = (sniffing: object | null) => inboundOf({ protocol: 'socks', port: 1, sniffing }).sniffing;
  assert.equal(of({ enabled: false, destOverride: ['http'] }), undefined);
  assert.equal(of({ destOverride: ['http'] }), undefined);
  assert.equal(of(null), undefined);
  assert.deepEqual(
    of({ enabled: true, destOverride: ['HTTP', 'ssl'], routeOnly: true, domainsExcluded: 'a.test' }),
    {
      overrides: ['http', 'tls'],
      metadataOnly: false,
      routeOnly: true,
      domainsExcluded: [{ kind: 'keyword', value: 'a.test' }],
      ipsExcluded: [],
    },
  );
  assert.deepEqual(of({ enabled: true, destOverride: 'fakedns+others', metadataOnly: true })?.overrides, [
    'fakedns',
    'http',
    'tls',
    'quic',
  ]);
  const text = JSON.stringify({
    inbounds: [{ protocol: 'socks', port: 1, sniffing: { enabled: true, destOverride: ['htp'] } }],
    outbounds: [{ protocol: 'freedom' }],
  });
  assert.match(problemLines(text)[0]!, /destOverride\[0\]: expected "http", .*found "htp"/);
});

test('the deprecated domainOverride switches sniffing on', () => {
  const inbound = { protocol: 'socks', port: 1, domainOverride: ['http', 'tls'] };
  const settings = settingsOf({ inbounds: [inbound], outbounds: [{ protocol: 'freedom' }] }, undefined, [
    'config.json:1:43  warning  ERR_CONFIG_DEPRECATED  inbounds[0].domainOverride: deprecated by V2Ray. Hint: Write "sniffing": { "enabled": true, "destOverride": ["http", "tls"] }.',
  ]);
  assert.deepEqual(settings.inbounds[0]?.sniffing?.overrides, ['http', 'tls']);
});

test("v2ray 5's router means the same as the older format", () => {
  const outbounds = [
    { protocol: 'freedom', tag: 'a' },
    { protocol: 'freedom', tag: 'b-1' },
  ];
  const inbounds = [{ protocol: 'socks', port: 1, tag: 'in' }];
  const newer = settingsOf({
    inbounds,
    outbounds,
    router: {
      domainStrategy: 'IpIfNonMatch',
      rule: [
        {
          tag: 'a',
          domain: [
            { type: 'Full', value: 'a.test' },
            { type: 'RootDomain', value: 'b.test' },
            { type: 'Regex', value: '^c' },
            { value: 'd' },
          ],
          geoDomain: [{ code: 'cn' }, { code: 'l', filePath: 'f.dat' }],
          geoip: [{ code: 'us', inverseMatch: true }, { cidr: [{ ipAddr: '10.0.0.0', prefix: 8 }] }],
          portList: '80,443',
          networks: 'tcp',
          sourceGeoip: [{ cidr: [{ ipAddr: '127.0.0.1', prefix: 32 }] }],
          sourcePortList: '1-100',
          userEmail: ['bob'],
          inboundTag: ['in'],
          protocol: ['tls'],
          attributes: "attrs['a'] == 'b'",
        },
        { balancingTag: 'both', networks: ['udp'] },
      ],
      balancingRule: [
        {
          tag: 'both',
          outboundSelector: ['b-'],
          strategy: 'leastload',
          strategySettings: { expected: 2 },
          fallbackTag: 'a',
        },
      ],
    },
  }).routing;
  const older = settingsOf({
    inbounds,
    outbounds,
    routing: {
      domainStrategy: 'IPIfNonMatch',
      rules: [
        {
          outboundTag: 'a',
          domain: ['full:a.test', 'domain:b.test', 'regexp:^c', 'keyword:d'],
          domains: ['geosite:cn', 'ext:f.dat:l'],
          ip: ['!geoip:us', '10.0.0.0/8'],
          port: '80,443',
          network: 'tcp',
          source: ['127.0.0.1/32'],
          sourcePort: '1-100',
          user: ['bob'],
          inboundTag: ['in'],
          protocol: ['tls'],
          attrs: "attrs['a'] == 'b'",
        },
        { balancerTag: 'both', network: 'udp' },
      ],
      balancers: [
        {
          tag: 'both',
          selector: ['b-'],
          strategy: { type: 'leastLoad', settings: { expected: 2 } },
          fallbackTag: 'a',
        },
      ],
    },
  }).routing;
  const unnamed = ({ rules, ...rest }: typeof newer) => ({
    ...rest,
    rules: rules.map(({ name: _, ...each }) => each),
  });
  assert.deepEqual(unnamed(newer), unnamed(older));
});
