/** What tsray does not obey is told, and nothing that decides the way is dropped. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { foreignKeys } from '../../../src/config/schema/foreign-keys.js';
import { outboundOf, problemLines, settingsOf, userId } from '../../helper/config.js';
import { projectRoot } from '../../helper/project.js';

const socksIn = { protocol: 'socks', port: 1 };

/** A configuration that has `key` in its section. */
const placed: Readonly<Record<keyof typeof foreignKeys, (key: string, value: unknown) => object>> = {
  root: (key, value) => ({ inbounds: [socksIn], outbounds: [{ protocol: 'freedom' }], [key]: value }),
  outbound: (key, value) => ({ inbounds: [socksIn], outbounds: [{ protocol: 'freedom', [key]: value }] }),
  freedom: (key, value) => ({
    inbounds: [socksIn],
    outbounds: [{ protocol: 'freedom', settings: { [key]: value } }],
  }),
  httpOutbound: (key, value) => ({
    inbounds: [socksIn],
    outbounds: [{ protocol: 'http', settings: { servers: [{ address: 'a', port: 1 }], [key]: value } }],
  }),
  dokodemo: (key, value) => ({
    inbounds: [{ protocol: 'dokodemo-door', port: 1, settings: { address: 'a', port: 1, [key]: value } }],
    outbounds: [{ protocol: 'freedom' }],
  }),
  stream: (key, value) => streamed({ [key]: value }),
  finalmask: (key, value) => streamed({ finalmask: { [key]: value } }),
  ws: (key, value) => streamed({ network: 'ws', wsSettings: { [key]: value } }),
  kcp: (key, value) => streamed({ network: 'kcp', kcpSettings: { [key]: value } }),
  sockopt: (key, value) => streamed({ sockopt: { [key]: value } }),
  tls: (key, value) => streamed({ security: 'tls', tlsSettings: { [key]: value } }),
};

function streamed(streamSettings: object): object {
  const settings = { vnext: [{ address: 'a', port: 1, users: [{ id: userId }] }] };
  return { inbounds: [socksIn], outbounds: [{ protocol: 'vmess', settings, streamSettings }] };
}

for (const [section, keys] of Object.entries(foreignKeys)) {
  for (const [key, { kind, reason }] of Object.entries(keys)) {
    test(`${section}: ${key} is ${kind === 'comfort' ? 'a warning' : 'an error'}`, () => {
      const text = JSON.stringify(placed[section as keyof typeof foreignKeys](key, { some: 'value' }));
      const lines = problemLines(text).filter((line) => line.includes('ERR_CONFIG_UNSUPPORTED'));
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.ok(lines[0]!.includes(reason));
      assert.equal(lines[0]!.includes('warning  ERR_'), kind === 'comfort');
      const ignoring = problemLines(text, { ignoreUnsupported: true });
      assert.ok(ignoring.some((line) => line.includes(reason) && line.includes('warning  ERR_')));
      const asksNothing = JSON.stringify(placed[section as keyof typeof foreignKeys](key, null));
      assert.deepEqual(problemLines(asksNothing), []);
    });
  }
}

test('docs/config.md lists every key that is not obeyed, and what becomes of it', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'config.md'), 'utf8');
  const part = text.split('## What is not obeyed')[1]?.split('\n## ')[0] ?? '';
  const rows = part.split('\n').flatMap((line) => {
    const [, section, key, kind] = line.split('|').map((cell) => cell.trim());
    return key?.startsWith('`') === true ? [`${section} ${key} ${kind}`] : [];
  });
  const kinds = {
    essential: 'error; the handler is given up',
    refused: 'error; can be left out',
    comfort: 'warning',
  };
  const expected = Object.entries(foreignKeys).flatMap(([section, keys]) =>
    Object.entries(keys).map(
      ([key, { kind }]) => `${section} \`${key}\` ${kinds[kind as keyof typeof kinds]}`,
    ),
  );
  assert.deepEqual(rows, expected);
});

test('dialerProxy is proxySettings with transportLayer', () => {
  const chained = (first: object) =>
    settingsOf({
      inbounds: [socksIn],
      outbounds: [
        { protocol: 'http', settings: { servers: [{ address: 'a', port: 1 }] }, ...first },
        { protocol: 'freedom', tag: 'out' },
      ],
    }).outbounds;
  const expected = chained({ proxySettings: { tag: 'out', transportLayer: true } });
  assert.deepEqual(chained({ streamSettings: { sockopt: { dialerProxy: 'out' } } }), expected);
  assert.deepEqual(
    chained({ streamSettings: { sockopt: { DialerProxy: 'out' } }, proxySettings: { tag: 'out' } }),
    expected,
  );
});

test('dialerProxy: an unknown tag, a circle, two ways and mKCP are errors', () => {
  const through = (tag: string, more: object = {}) => ({
    protocol: 'freedom',
    tag: 'me',
    streamSettings: { sockopt: { dialerProxy: tag }, ...more },
  });
  const lines = (...outbounds: object[]) =>
    problemLines(JSON.stringify({ inbounds: [socksIn], outbounds })).join('\n');
  const at = 'outbounds\\[0\\]\\.streamSettings\\.sockopt\\.dialerProxy: ';
  assert.match(lines(through('nobody')), new RegExp(`${at}expected the tag of an outbound`));
  assert.match(lines(through('me')), new RegExp(`${at}these outbounds go through each other`));
  assert.match(
    lines(through('you', { network: 'kcp' }), { protocol: 'freedom', tag: 'you' }),
    /"kcp" cannot go/,
  );
  assert.match(
    lines(through('you', { network: 'quic' }), { protocol: 'freedom', tag: 'you' }),
    /"quic" cannot go/,
  );
  const both = { ...through('you'), proxySettings: { tag: 'he' } };
  const others = [
    { protocol: 'freedom', tag: 'you' },
    { protocol: 'freedom', tag: 'he' },
  ];
  assert.match(
    lines(both, ...others),
    new RegExp(`${at}the connections cannot go through this outbound and`),
  );
});

test('the SOCKS version of an upstream counts beside the servers too', () => {
  const settings = { servers: [{ address: 'a', port: 1 }], version: '4' };
  const text = JSON.stringify({ inbounds: [socksIn], outbounds: [{ protocol: 'socks', settings }] });
  assert.match(
    problemLines(text)[0]!,
    /ERR_CONFIG_UNSUPPORTED {2}outbounds\[0\]\.settings\.version: SOCKS version 4/,
  );
});

test('security "auto" of a transport is none, with a warning, in both roles', () => {
  const text = (role: 'inbounds' | 'outbounds', security: string) =>
    JSON.stringify({
      inbounds: [{ ...socksIn, ...(role === 'inbounds' ? { streamSettings: { security } } : {}) }],
      outbounds: [{ protocol: 'freedom', ...(role === 'outbounds' ? { streamSettings: { security } } : {}) }],
    });
  for (const role of ['inbounds', 'outbounds'] as const) {
    for (const word of ['auto', 'AUTO']) {
      const lines = problemLines(text(role, word));
      assert.equal(lines.length, 1);
      assert.match(
        lines[0]!,
        /warning {2}ERR_CONFIG_VALUE .*"auto" is no security of a transport; it is taken for "none"/,
      );
    }
    assert.match(problemLines(text(role, 'atuo'))[0]!, / ERR_CONFIG_VALUE /);
  }
});

test('domainStrategy of sockopt says who resolves the names that an outbound dials', () => {
  const strategyOf = (protocol: string, domainStrategy: string, more: object = {}) => {
    const settings =
      protocol === 'vmess'
        ? { address: 'a.example', port: 1, id: 'b831381d-6324-4d53-ad4f-8cda48b30811' }
        : {};
    return outboundOf({ protocol, settings, streamSettings: { sockopt: { domainStrategy } }, ...more })
      .dialStrategy;
  };
  for (const protocol of ['vmess', 'freedom']) {
    assert.equal(strategyOf(protocol, 'UseIP'), 'UseIP');
    assert.equal(strategyOf(protocol, 'useipv4'), 'UseIPv4');
    assert.equal(strategyOf(protocol, 'UseIPv6v4'), 'UseIPv6');
    assert.equal(strategyOf(protocol, 'AsIs'), undefined);
    assert.equal(strategyOf(protocol, ''), undefined);
    assert.equal(strategyOf(protocol, 'UseIPv4', { domainStrategy: 'UseIPv6' }), 'UseIPv6');
  }
  const lines = problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'socks', port: 1 }],
      outbounds: [{ protocol: 'freedom', streamSettings: { sockopt: { domainStrategy: 'ForceIPv4' } } }],
    }),
  );
  assert.match(lines[0]!, /ERR_CONFIG_UNSUPPORTED .*domainStrategy "ForceIPv4" is not supported/);
});
