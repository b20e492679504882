import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubscription } from '../../../../src/config/subscription/parse-subscription.js';

const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';
const a = `vmess://${id}@a.example:443#a`;
const b = `vmess://${id}@b.example:443#b`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** `name@address:port` of a server, the protocol of another one, or the message of a fault. */
function told(text: string): readonly string[] {
  return parseSubscription(text).map((entry) => {
    if (!('link' in entry)) return entry.protocol ?? entry.error.message;
    const [{ address, port }] = entry.link.outbound.settings.vnext;
    return `${entry.link.name}@${address}:${port}`;
  });
}

const both = ['a@a.example:443', 'b@b.example:443'];

test('links without ends of lines between them are read one by one', () => {
  const json = (name: string) =>
    `vmess://${base64(JSON.stringify({ v: '2', ps: name, add: `${name}.example`, port: 443, id }))}`;
  for (const text of [`${a} ${b}`, `${a}|${b}`, `${a}, ${b}`, `${a}${b}`, `${json('a')}${json('b')}`]) {
    assert.deepEqual(told(text), both, text);
  }
  assert.deepEqual(told(`${a} trojan://x@y.example:1`), ['a@a.example:443', 'trojan']);
});

test('tags of a web page around links are no part of them', () => {
  for (const text of [
    `<br/>${a}<br/>\n<p>${b}</p>`,
    `<pre>${a}</pre><pre>${b}</pre>`,
    `${a}<br>${b}<BR />`,
  ]) {
    assert.deepEqual(told(text), both, text);
  }
  const named = `vmess://${id}@a.example:443#<HK> 1`;
  assert.deepEqual(told(named), ['<HK> 1@a.example:443']);
});

test('base64 of each line, and of what is base64 already, is decoded', () => {
  assert.deepEqual(told(`${base64(a)}\n${base64(b)}`), both);
  assert.deepEqual(told(`${base64(`${a} `)}\r\n${base64(`${b}  `)}\r\n`), both);
  assert.deepEqual(told(base64(base64(`${a}\n${b}`))), both);
  const broken = base64(`${a}\n${b}`).replace(/(.{40})/g, '$1\n');
  assert.deepEqual(told(broken), both);
});

test('lines about the list and built-in policies are no servers', () => {
  const surge = [
    '[Proxy]',
    'DIRECT = direct',
    'Off = reject',
    'Gif = reject-tinygif',
    'Lan = direct, interface=en0',
    `a = vmess, a.example, 443, username=${id}`,
    'Tunnel = wireguard, section-name=x',
  ];
  assert.deepEqual(told(surge.join('\n')), ['a@a.example:443', 'wireguard']);
  assert.deepEqual(told(`STATUS=used 1 GB\nREMARKS=mine\n${a}`), ['a@a.example:443']);
});

test('lines of Quantumult X with an IPv6 address and marks of TLS sessions are read', () => {
  const line = `vmess=[2001:db8::1]:443, method=none, password=${id}, obfs=over-tls, obfs-host=s.example, tls13=true, tls-no-session-ticket=true, tag=a`;
  const [entry] = parseSubscription(line);
  assert(entry !== undefined && 'link' in entry);
  assert.deepEqual(entry.link.warnings, []);
  assert.equal(entry.link.outbound.settings.vnext[0].address, '2001:db8::1');
  assert.deepEqual(entry.link.outbound.streamSettings, {
    network: 'tcp',
    security: 'tls',
    tlsSettings: { serverName: 's.example' },
  });
});

test('sni=off of Surge is no name', () => {
  const [entry] = parseSubscription(`a = vmess, a.example, 443, username=${id}, tls=true, sni=off`);
  assert(entry !== undefined && 'link' in entry);
  assert.deepEqual(entry.link.outbound.streamSettings?.tlsSettings, { serverName: 'a.example' });
});

test('configurations of every age of V2Ray and Xray are read', () => {
  const user = { id, alterId: 0, security: 'auto' };
  const nested = (name: string) => ({
    protocol: 'vmess',
    tag: name,
    settings: { vnext: [{ address: `${name}.example`, port: 443, users: [user] }] },
  });
  const flat = (name: string) => ({
    protocol: 'vmess',
    tag: name,
    settings: { address: `${name}.example`, port: 443, id },
  });
  for (const config of [
    { outbounds: [nested('a'), nested('b'), { protocol: 'freedom' }] },
    { outbounds: [flat('a'), flat('b'), { protocol: 'direct' }] },
    { outbound: nested('a'), outboundDetour: [nested('b'), { protocol: 'freedom' }] },
    [flat('a'), flat('b')],
    [{ outbounds: [flat('a')] }, { outbound: nested('b') }],
    { servers: [a, b] },
    [a, b],
  ]) {
    const text = JSON.stringify(config);
    assert.deepEqual(told(text), both, text);
    assert.deepEqual(told(`// mine\n/* and\nyours */ ${text}`), both, text);
  }
});

test('newer names in a stream are written as V2Ray has them', () => {
  const outbound = {
    protocol: 'vmess',
    settings: { address: 'a.example', port: 443, id },
    streamSettings: { method: 'websocket', wsSettings: { path: '/p' } },
  };
  const [entry] = parseSubscription(JSON.stringify({ outbounds: [outbound] }));
  assert(entry !== undefined && 'link' in entry);
  assert.deepEqual(entry.link.outbound.streamSettings, { network: 'websocket', wsSettings: { path: '/p' } });
});

test('ws-opts count for httpupgrade in Clash, and empty reality-opts for nothing', () => {
  const proxy = (more: string) =>
    `proxies:\n- {name: a, type: vmess, server: a.example, port: 443, uuid: ${id}, ${more}}`;
  const streamOf = (more: string) => {
    const [entry] = parseSubscription(proxy(more));
    assert(entry !== undefined && 'link' in entry);
    return entry.link.outbound.streamSettings;
  };
  assert.deepEqual(streamOf('network: httpupgrade, ws-opts: {path: /p, headers: {Host: c.example}}'), {
    network: 'httpupgrade',
    httpupgradeSettings: { path: '/p', host: 'c.example' },
  });
  assert.equal(streamOf('tls: true, reality-opts: {}')?.security, 'tls');
  assert.deepEqual(told(proxy('tls: true, reality-opts: {public-key: x}')), [
    'the link asks for REALITY, which cannot be had with Node.js',
  ]);
});
