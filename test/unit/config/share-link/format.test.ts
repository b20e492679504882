import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import type { Settings } from '../../../../src/config/settings.js';
import {
  formatShareLink,
  linksOfInbound,
  linksOfOutbound,
} from '../../../../src/config/share-link/format-share-link.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
const other = '0a1b2c3d-4e5f-4a7b-8f0e-5c6d7a8b9e02';

const wsOutbound = {
  protocol: 'vmess',
  tag: 'home',
  settings: { vnext: [{ address: 'example.com', port: 443, users: [{ id, alterId: 0 }] }] },
  streamSettings: {
    network: 'ws',
    security: 'tls',
    wsSettings: { path: '/ray?ed=2048', headers: { Host: 'cdn.example.net' } },
    tlsSettings: { serverName: 'sni.example.org', alpn: ['http/1.1'], allowInsecure: true },
  },
};

function settingsOf(config: object): Settings {
  const { settings, errors } = parseConfig(JSON.stringify(config));
  assert(settings !== undefined, JSON.stringify(errors));
  return settings;
}

function decoded(link: string): unknown {
  return JSON.parse(Buffer.from(link.slice('vmess://'.length), 'base64').toString());
}

test("v2rayN's form has all of its keys, as strings", () => {
  assert.deepEqual(decoded(formatShareLink(wsOutbound)), {
    v: '2',
    ps: 'home',
    add: 'example.com',
    port: '443',
    id,
    aid: '0',
    scy: 'auto',
    net: 'ws',
    type: 'none',
    host: 'cdn.example.net',
    path: '/ray?ed=2048',
    tls: 'tls',
    sni: 'sni.example.org',
    alpn: 'http/1.1',
    fp: '',
    allowInsecure: '1',
    insecure: '1',
  });
});

test('the URL form has every value encoded', () => {
  assert.equal(
    formatShareLink(wsOutbound, { style: 'url', name: 'my home' }),
    `vmess://${id}@example.com:443?encryption=auto&type=ws&security=tls&path=%2Fray%3Fed%3D2048` +
      '&host=cdn.example.net&sni=sni.example.org&alpn=http%2F1.1&allowInsecure=1#my%20home',
  );
});

test('IPv6 addresses and names in other alphabets fit into a URL', () => {
  const at = (address: string): string =>
    formatShareLink(
      { protocol: 'vmess', settings: { vnext: [{ address, port: 1, users: [{ id }] }] } },
      { style: 'url' },
    );
  assert.match(at('2001:db8::1'), /@\[2001:db8::1\]:1\?/);
  assert.match(at('zürich.example'), /@xn--zrich-kva\.example:1\?/);
});

test('an outbound that no link can hold is refused', () => {
  const fault = (outbound: object, message: RegExp): void => {
    assert.throws(() => formatShareLink(outbound), { code: 'ERR_LINK', message });
  };
  fault({ protocol: 'freedom' }, /expected a vmess outbound, found protocol "freedom"/);
  fault(
    { protocol: 'vmess', settings: { vnext: [] } },
    /no valid outbound: settings.vnext: .*at least one server/,
  );
  const users = [{ id }, { id: other }];
  const two = { protocol: 'vmess', settings: { vnext: [{ address: 'a.example', port: 1, users }] } };
  fault(two, /one server with one user, found 2/);
  fault({ ...wsOutbound, streamSettings: { network: 'ds', dsSettings: { path: '/x' } } }, /Unix socket/);
});

test('a link for each user of each server of an outbound', () => {
  const { outbounds } = settingsOf({
    outbounds: [
      {
        protocol: 'vmess',
        tag: 'out',
        settings: {
          vnext: [
            { address: 'a.example', port: 1, users: [{ id, email: 'ann' }, { id: other }] },
            { address: 'b.example', port: 2, users: [{ id }] },
          ],
        },
      },
    ],
  });
  const [outbound] = outbounds;
  assert(outbound?.protocol === 'vmess');
  const links = linksOfOutbound(outbound, { style: 'url' });
  assert.deepEqual(
    links.map(({ name, text }) => [name, text.replace(/\?.*/, '')]),
    [
      ['out ann', `vmess://${id}@a.example:1`],
      ['out', `vmess://${other}@a.example:1`],
      ['out', `vmess://${id}@b.example:2`],
    ],
  );
});

test('what a link leaves out is named', () => {
  const { outbounds } = settingsOf({
    outbounds: [
      {
        protocol: 'vmess',
        settings: {
          vnext: [{ address: 'a.example', port: 1, users: [{ id, experiments: 'AuthenticatedLength' }] }],
        },
        mux: { enabled: true },
        proxySettings: { tag: 'b' },
        streamSettings: {
          network: 'ws',
          security: 'tls',
          wsSettings: { headers: { Host: 'h.example', 'X-Key': '1' }, maxEarlyData: 100 },
          tlsSettings: { minVersion: '1.3', pinnedPeerCertificateChainSha256: [`${'A'.repeat(43)}=`] },
        },
      },
      { protocol: 'freedom', tag: 'b' },
    ],
  });
  const [outbound] = outbounds;
  assert(outbound?.protocol === 'vmess');
  const [link] = linksOfOutbound(outbound);
  const notes = link?.notes.join('\n') ?? '';
  for (const word of [
    'Host',
    'maxEarlyData',
    'pinned',
    'versions',
    'another outbound',
    'mux',
    'AuthenticatedLength',
  ]) {
    assert.match(notes, new RegExp(word));
  }
  assert.equal(link?.notes.length, 7);
});

test('a link for each user and port of a server', () => {
  const { inbounds } = settingsOf({
    inbounds: [
      {
        protocol: 'vmess',
        port: '1000-1001',
        tag: 'in',
        settings: {
          clients: [
            { id, email: 'ann', alterId: 4 },
            { id: other, email: 'bob' },
          ],
        },
        streamSettings: { network: 'kcp', kcpSettings: { seed: 's', header: { type: 'utp' } } },
      },
    ],
    outbounds: [{ protocol: 'freedom' }],
  });
  const [inbound] = inbounds;
  assert(inbound?.protocol === 'vmess');
  const links = linksOfInbound(inbound, 'vpn.example', { style: 'url' });
  const query = 'encryption=auto&type=kcp&security=none&headerType=utp&seed=s';
  assert.deepEqual(
    links.map(({ text }) => text),
    [1000, 1001].flatMap((port) => [
      `vmess://${id}@vpn.example:${port}?${query}&alterId=4#in%20ann`,
      `vmess://${other}@vpn.example:${port}?${query}#in%20bob`,
    ]),
  );
  assert.match(links[0]?.notes.join() ?? '', /alterId/);
  assert.deepEqual(links[1]?.notes, []);
});

test('a server that is called by its address has the name of its certificate in the link', () => {
  const sniOf = (stream: object, address: string, more: object = {}): string | null => {
    const inbound = {
      protocol: 'vmess',
      port: 443,
      settings: { clients: [{ id }] },
      streamSettings: {
        security: 'tls',
        tlsSettings: { certificates: [{ certificateFile: '/a', keyFile: '/b' }], ...more },
        ...stream,
      },
    };
    const { errors, settings } = parseConfig(JSON.stringify({ inbounds: [inbound] }));
    assert.deepEqual(errors, []);
    const [built] = settings!.inbounds;
    assert(built?.protocol === 'vmess');
    const [link] = linksOfInbound(built, address, { style: 'url' });
    return new URL(link!.text).searchParams.get('sni');
  };
  const ws = { network: 'ws', wsSettings: { headers: { Host: 'c.example:8443' } } };
  for (const address of ['2001:db8::1', '192.0.2.7']) {
    assert.equal(sniOf(ws, address), 'c.example');
    assert.equal(sniOf(ws, address, { serverName: 's.example' }), 's.example');
    assert.equal(
      sniOf({ network: 'httpupgrade', httpupgradeSettings: { host: 'c.example' } }, address),
      'c.example',
    );
    assert.equal(sniOf({ network: 'http', httpSettings: { host: ['c.example'] } }, address), 'c.example');
    assert.equal(sniOf({}, address), null);
  }
  assert.equal(sniOf(ws, 'vpn.example'), 'vpn.example');
});
