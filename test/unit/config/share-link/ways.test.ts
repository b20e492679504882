import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkStream } from '../../../../src/config/share-link/outbound.js';
import { parseShareLink } from '../../../../src/config/share-link/share-link.js';
import { TsrayError } from '../../../../src/core/errors.js';

const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function streamOf(link: string): LinkStream | undefined {
  return parseShareLink(link).outbound.streamSettings;
}

function refusal(link: string): string {
  try {
    parseShareLink(link);
  } catch (error) {
    assert(error instanceof TsrayError && error.code === 'ERR_LINK');
    return error.message;
  }
  return assert.fail(`${link} was read`);
}

test('TLS in the place of the transport of the older form is obeyed', () => {
  assert.deepEqual(streamOf(`vmess://tls:${id}-4@h.example:443/`), {
    network: 'tcp',
    security: 'tls',
    tlsSettings: {},
  });
  const [server] = parseShareLink(`vmess://tls:${id}-4@h.example:443/`).outbound.settings.vnext;
  assert.deepEqual(server.users, [{ id, alterId: 4, security: 'auto' }]);
  assert.equal(streamOf(`vmess://tls:${id}@h.example:443`)?.security, 'tls');
  assert.equal(streamOf(`vmess://${base64(`tls:${id}@h.example:443`)}`)?.security, 'tls');
  assert.deepEqual(streamOf(`vmess://wss:${id}@h.example:443?path=/p`), {
    network: 'ws',
    wsSettings: { path: '/p' },
    security: 'tls',
    tlsSettings: {},
  });
});

test('what is no cipher and could be a way to the server is refused', () => {
  assert.match(refusal(`vmess://https:${id}@h.example:443`), /"https"/);
  assert.match(refusal(`vmess://http:${id}@h.example:443?obfs=mixed`), /transport/);
  assert.match(refusal(`vmess://reality:${id}@h.example:443`), /REALITY/);
  assert.match(
    refusal(`vmess://${id}@h.example:443?encryption=tls`),
    /in the place of the cipher, and no TLS/,
  );
  assert.equal(streamOf(`vmess://${id}@h.example:443?encryption=tls&security=tls`)?.security, 'tls');
});

test('a cipher as security of quic protects its datagrams, whatever the form', () => {
  const quicSettings = { security: 'aes-128-gcm', key: 'k' };
  for (const link of [
    `vmess://${id}@h.example:443?type=quic&security=aes-128-gcm&key=k`,
    `vmess://${base64(`auto:${id}@h.example:443`)}?network=quic&security=AES-128-GCM&key=k`,
    `vmess://quic:${id}-0@h.example:443/?security=aes-128-gcm&key=k`,
    `vmess://${id}@h.example:443?type=quic&quicSecurity=aes-128-gcm&key=k&security=none`,
  ]) {
    assert.deepEqual(streamOf(link), { network: 'quic', quicSettings }, link);
  }
  const named = `vmess://${id}@h.example:443?type=quic&quicSecurity=none&security=chacha20-poly1305`;
  assert.deepEqual(streamOf(named), { network: 'quic', quicSettings: { security: 'none' } });
  assert.equal(parseShareLink(named).outbound.settings.vnext[0].users[0].security, 'chacha20-poly1305');
});

test('an IPv6 address needs no brackets where a port follows', () => {
  for (const server of ['2001:db8::1:443', '[2001:db8::1]:443']) {
    for (const link of [`vmess://${id}@${server}`, `vmess://${base64(`auto:${id}@${server}`)}`]) {
      const [{ address, port }] = parseShareLink(link).outbound.settings.vnext;
      assert.deepEqual([address, port], ['2001:db8::1', 443], link);
    }
  }
  assert.match(refusal(`vmess://${id}@a:b:443`), /expected/);
});

test('a path behind the port is the path where the link has no other', () => {
  const at = (tail: string) => streamOf(`vmess://${id}@h.example:443${tail}`);
  assert.deepEqual(at('/p%20q?type=ws'), { network: 'ws', wsSettings: { path: '/p q' } });
  assert.deepEqual(at('/p/q?type=httpupgrade'), {
    network: 'httpupgrade',
    httpupgradeSettings: { path: '/p/q' },
  });
  assert.deepEqual(at('/p?type=ws&path=/other'), { network: 'ws', wsSettings: { path: '/other' } });
  assert.equal(at('/p'), undefined);
});

test('vmess1 links are read', () => {
  const query = 'network=ws&tls=true&ws.host=c.example&tls.servername=s.example';
  assert.deepEqual(streamOf(`vmess1://${id}@h.example:443/p?${query}#a`), {
    network: 'ws',
    wsSettings: { path: '/p', headers: { Host: 'c.example' } },
    security: 'tls',
    tlsSettings: { serverName: 's.example' },
  });
});

test('masks of mKCP are its seed and header, and others are refused', () => {
  const link = (query: string, fm: unknown) =>
    `vmess://${id}@h.example:443?${query}&fm=${encodeURIComponent(JSON.stringify(fm))}`;
  const sealed = { type: 'mkcp-aes128gcm', settings: { password: 's' } };
  const srtp = { type: 'header-srtp' };
  assert.deepEqual(streamOf(link('type=kcp', { udp: [sealed, srtp] })), {
    network: 'kcp',
    kcpSettings: { header: { type: 'srtp' }, seed: 's' },
  });
  assert.deepEqual(streamOf(link('type=kcp&headerType=srtp&seed=s', { udp: [sealed, srtp] })), {
    network: 'kcp',
    kcpSettings: { header: { type: 'srtp' }, seed: 's' },
  });
  assert.deepEqual(streamOf(link('type=kcp', {})), { network: 'kcp', kcpSettings: {} });
  assert.match(refusal(link('type=kcp&seed=t', { udp: [sealed] })), /a seed and another one in "fm"/);
  assert.match(refusal(link('type=kcp', { udp: [{ type: 'noise' }] })), /mask "noise"/);
  assert.match(refusal(link('type=tcp', { tcp: [{ type: 'fragment' }] })), /masks for TCP/);
  assert.match(refusal(link('type=ws', { udp: [sealed] })), /with mKCP only/);
  assert.match(refusal(`vmess://${id}@h.example:443?type=kcp&fm=x`), /"fm"/);
});

test('two links in one text are refused, so that no name holds an ID', () => {
  const first = `vmess://${id}@h.example:443#a`;
  assert.match(refusal(`${first} vmess://${id}@i.example:443#b`), /expected one link, found 2/);
  assert.match(refusal(`${first}|trojan://secret@i.example:443`), /expected one link, found 2/);
  assert.equal(parseShareLink(`vmess://${first}`).name, 'a');
  assert.equal(parseShareLink(`${first}%20https://h.example`).name, 'a https://h.example');
});

test('what templates write for a value that is not there is nothing', () => {
  const json = (more: object) =>
    `vmess://${base64(JSON.stringify({ v: '2', add: 'h.example', port: 443, id, ...more }))}`;
  for (const nothing of ['null', 'undefined', 'Undefined', 'NULL']) {
    const of = { net: nothing, type: nothing, host: nothing, path: nothing, sni: nothing, alpn: nothing };
    assert.equal(streamOf(json({ ...of, tls: nothing, aid: nothing, scy: nothing })), undefined);
    assert.deepEqual(streamOf(json({ ...of, net: 'ws', tls: 'tls' })), {
      network: 'ws',
      wsSettings: { path: '/' },
      security: 'tls',
      tlsSettings: {},
    });
    const url = `vmess://${id}@h.example:443?type=ws&security=tls&sni=${nothing}&host=${nothing}&path=${nothing}`;
    assert.deepEqual(streamOf(url), streamOf(json({ ...of, net: 'ws', tls: 'tls' })));
    assert.deepEqual(parseShareLink(url).warnings, []);
  }
  assert.deepEqual(streamOf(json({ tls: 'tls', sni: 'None', host: 'none', alpn: 'none' })), {
    network: 'tcp',
    security: 'tls',
    tlsSettings: {},
  });
  assert.equal(
    parseShareLink(`vmess://${base64(`{"add":"h.example","port":443,"id":"{${id}}"}`)}`).outbound.settings
      .vnext[0].users[0].id,
    id,
  );
});

test('headers beside Host are sent by ws and httpupgrade', () => {
  const headers = { Host: 'c.example', 'X-T5-Auth': '1' };
  const object = JSON.stringify(headers);
  const authority = base64(`auto:${id}@h.example:443`);
  for (const link of [
    `vmess://${authority}?obfs=websocket&path=/p&obfsParam=${encodeURIComponent(object)}`,
    `vmess://${id}@h.example:443?type=ws&path=/p&headers=${encodeURIComponent(object)}`,
    `vmess://${base64(`{"add":"h.example","port":443,"id":"${id}","net":"ws","ws-opts":{"path":"/p","headers":${object}}}`)}`,
    `vmess://${base64(`n = vmess, h.example, 443, auto, "${id}", obfs=ws, obfs-path=/p, obfs-header="Host: c.example[Rr][Nn]X-T5-Auth: 1"`)}`,
  ]) {
    const { outbound, warnings } = parseShareLink(link);
    assert.deepEqual(outbound.streamSettings, { network: 'ws', wsSettings: { path: '/p', headers } }, link);
    assert.deepEqual(warnings, []);
  }
  const query = `path=/p&headers=${encodeURIComponent(object)}`;
  assert.deepEqual(streamOf(`vmess://${id}@h.example:443?type=httpupgrade&${query}`), {
    network: 'httpupgrade',
    httpupgradeSettings: { path: '/p', host: 'c.example', headers: { 'X-T5-Auth': '1' } },
  });
  const own = encodeURIComponent(JSON.stringify({ Upgrade: 'x', 'Sec-WebSocket-Key': 'y' }));
  const ignored = parseShareLink(`vmess://${id}@h.example:443?type=ws&headers=${own}`);
  assert.deepEqual(ignored.outbound.streamSettings, { network: 'ws', wsSettings: { path: '/' } });
});
