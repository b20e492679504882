/** Links as they are found, and what each means. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { parseShareLink } from '../../../../src/config/share-link/share-link.js';
import type { VmessOutboundSettings } from '../../../../src/proxy/vmess/settings.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';

/** A configuration without any draws a warning. */
const inbounds = [{ protocol: 'socks', port: 0 }];

interface Meaning {
  readonly name?: string;
  readonly address?: string;
  readonly port?: number;
  readonly alterId?: number;
  readonly security?: string;
  readonly network?: string;
  /** Members of the network's settings, of those after validation. */
  readonly carrier?: object;
  /** Members of the TLS settings; `none` if there is no TLS. */
  readonly tls?: object | 'none';
  /** A word of each warning, in order. */
  readonly warnings?: readonly RegExp[];
}

interface Row {
  readonly title: string;
  readonly link: string;
  readonly means: Meaning;
}

function base64(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
}

/** A link of v2rayN with what every one has, and `more`. */
function rayN(more: object): string {
  return `vmess://${base64({ v: '2', ps: 'home', add: 'example.com', port: '443', id, aid: '0', ...more })}`;
}

function url(rest: string): string {
  return `vmess://${id}@example.com:443${rest}`;
}

const ws = { net: 'ws', host: 'cdn.example.net', path: '/ray' };

const rows: readonly Row[] = [
  {
    title: 'v2rayN: all keys, plain TCP',
    link: rayN({
      scy: 'aes-128-gcm',
      net: 'tcp',
      type: 'none',
      host: '',
      path: '',
      tls: '',
      sni: '',
      alpn: '',
    }),
    means: {
      name: 'home',
      address: 'example.com',
      port: 443,
      alterId: 0,
      security: 'aes-128-gcm',
      network: 'tcp',
      tls: 'none',
    },
  },
  {
    title: 'numbers as numbers, no scy, no net',
    link: `vmess://${base64({ add: '192.0.2.7', port: 8080, id, aid: 4, ps: 7 })}`,
    means: { name: '7', address: '192.0.2.7', port: 8080, alterId: 4, security: 'auto', network: 'tcp' },
  },
  {
    title: 'numbers with a fraction, spaces around values',
    link: `vmess://${base64({ add: ' 192.0.2.7 ', port: '443.0', id: ` ${id}\n`, aid: ' 0 ' })}`,
    means: { address: '192.0.2.7', port: 443 },
  },
  {
    title: 'null and empty values',
    link: rayN({ aid: null, net: '', type: null, host: null, path: '', tls: null, scy: '' }),
    means: { network: 'tcp', alterId: 0, security: 'auto', tls: 'none' },
  },
  {
    title: 'no padding',
    link: rayN({ ps: 'ab' }).replace(/=+$/, ''),
    means: { name: 'ab' },
  },
  {
    title: 'URL-safe alphabet',
    link: rayN({ ps: '???>>>~~~ÿÿÿ' })
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/^vmess:__/, 'vmess://'),
    means: { name: '???>>>~~~ÿÿÿ' },
  },
  {
    title: 'lines of 76 characters',
    link: rayN({}).replace(/.{76}/g, '$&\r\n'),
    means: { name: 'home' },
  },
  {
    title: 'padding percent-encoded',
    link: rayN({ ps: 'ab' }).replaceAll('=', '%3D'),
    means: { name: 'ab' },
  },
  {
    title: 'scheme in capitals, blanks around the link',
    link: `  ${rayN({}).replace('vmess', 'VMess')}\n`,
    means: { name: 'home' },
  },
  {
    title: 'a byte order mark and a comma too many in the JSON',
    link: `vmess://${base64(`\uFEFF{"add":"example.com","port":"443","id":"${id}",}`)}`,
    means: { address: 'example.com' },
  },
  {
    title: 'JSON without base64',
    link: `vmess://{"add":"example.com","port":"443","id":"${id}","ps":"a#b?c@d"}`,
    means: { name: 'a#b?c@d' },
  },
  {
    title: 'name behind a # where ps is missing',
    link: `vmess://${base64({ add: 'example.com', port: 1, id })}#me%20@%20home`,
    means: { name: 'me @ home', port: 1 },
  },
  {
    title: 'keys in other cases',
    link: `vmess://${base64({ PS: 'x', Add: 'example.com', Port: 1, ID: id, Net: 'WS', Tls: 'TLS', SNI: 'a.example' })}`,
    means: { name: 'x', network: 'ws', tls: { serverName: 'a.example' } },
  },
  {
    title: 'emoji in the name',
    link: rayN({ ps: '🇨🇭 Zürich | 1' }),
    means: { name: '🇨🇭 Zürich | 1' },
  },
  {
    title: 'IPv6 in brackets',
    link: rayN({ add: '[2001:db8:0::1]' }),
    means: { address: '2001:db8::1' },
  },
  {
    title: 'ws with TLS: the Host is the server name',
    link: rayN({ ...ws, add: '192.0.2.1', tls: 'tls' }),
    means: {
      network: 'ws',
      carrier: { path: '/ray', host: 'cdn.example.net' },
      tls: { serverName: 'cdn.example.net', allowInsecure: false },
    },
  },
  {
    title: 'ws with TLS: sni wins',
    link: rayN({ ...ws, tls: 'tls', sni: 'sni.example.org', alpn: 'h2,http/1.1', allowInsecure: 1 }),
    means: {
      tls: { serverName: 'sni.example.org', alpn: ['h2', 'http/1.1'], allowInsecure: true },
    },
  },
  {
    title: 'tls as a boolean, path without slash, early data',
    link: rayN({ ...ws, tls: true, path: 'ray?ed=2048' }),
    means: { carrier: { path: '/ray', maxEarlyData: 2048 }, tls: { serverName: 'cdn.example.net' } },
  },
  {
    title: 'tls "none"',
    link: rayN({ ...ws, tls: 'none' }),
    means: { tls: 'none' },
  },
  {
    title: 'version 1: path behind the host',
    link: rayN({ v: undefined, net: 'ws', host: 'cdn.example.net;/old' }),
    means: { carrier: { host: 'cdn.example.net', path: '/old' } },
  },
  {
    title: 'tcp with a request head',
    link: rayN({ net: 'tcp', type: 'http', host: 'a.example,b.example', path: '/x,/y' }),
    means: { network: 'tcp' },
  },
  {
    title: 'h2',
    link: rayN({ net: 'h2', host: 'a.example,b.example', path: '/h2', tls: 'tls' }),
    means: {
      network: 'http',
      carrier: { hosts: ['a.example', 'b.example'], path: '/h2' },
      tls: { serverName: 'a.example' },
    },
  },
  {
    title: 'kcp: header and seed',
    link: rayN({ net: 'kcp', type: 'wechat-video', path: 'a seed' }),
    means: { network: 'kcp', carrier: { header: 'wechat-video', seed: 'a seed' } },
  },
  {
    title: 'quic: security, key and header',
    link: rayN({ net: 'quic', type: 'srtp', host: 'aes-128-gcm', path: 'a key' }),
    means: { network: 'quic', carrier: { security: 'aes-128-gcm', key: 'a key', header: 'srtp' } },
  },
  {
    title: 'quic: nothing said of it',
    link: rayN({ net: 'quic' }),
    means: { network: 'quic', carrier: { security: 'none', key: '', header: 'none' } },
  },
  {
    title: 'grpc: service name, mode, authority',
    link: rayN({ net: 'grpc', type: 'multi', path: 'Tun', host: 'auth.example' }),
    means: { network: 'grpc', carrier: { serviceName: 'Tun', multiMode: true, authority: 'auth.example' } },
  },
  {
    title: 'httpupgrade',
    link: rayN({ net: 'httpupgrade', host: 'up.example', path: '/up' }),
    means: { network: 'httpupgrade', carrier: { host: 'up.example', path: '/up' } },
  },
  {
    title: 'what cannot be done is named',
    link: rayN({ tls: 'tls', fp: 'chrome', spx: '/', pbk: 'abc', future: 'x', scy: 'rot13' }),
    means: {
      security: 'auto',
      warnings: [/rot13/, /^fp="chrome"/, /^pbk .*REALITY/, /^spx .*REALITY/, /"future"/],
    },
  },
  {
    title: 'URL form: everything has a default',
    link: url(''),
    means: { name: '', address: 'example.com', port: 443, security: 'auto', network: 'tcp', tls: 'none' },
  },
  {
    title: 'URL form: a slash before the query, a name in another alphabet',
    link: url('/?encryption=chacha20-poly1305#%E5%AE%B6'),
    means: { name: '家', security: 'chacha20-poly1305' },
  },
  {
    title: 'URL form: ws and TLS',
    link: url(
      '?type=ws&security=tls&path=%2Fray%3Fed%3D2048&host=cdn.example.net&sni=s.example&alpn=h2%2Chttp%2F1.1',
    ),
    means: {
      network: 'ws',
      carrier: { path: '/ray', host: 'cdn.example.net', maxEarlyData: 2048 },
      tls: { serverName: 's.example', alpn: ['h2', 'http/1.1'] },
    },
  },
  {
    title: 'URL form: without sni the address counts',
    link: url('?type=ws&security=tls&host=cdn.example.net'),
    means: { tls: { serverName: undefined } },
  },
  {
    title: 'URL form: without sni the Host counts if the address is an IP',
    link: `vmess://${id}@[2001:db8::1]:443?type=ws&security=tls&host=cdn.example.net`,
    means: { address: '2001:db8::1', tls: { serverName: 'cdn.example.net' } },
  },
  {
    title: 'URL form: h2, in both names',
    link: url('?type=http&security=tls&host=a.example%2Cb.example&path=%2Fh'),
    means: { network: 'http', carrier: { hosts: ['a.example', 'b.example'], path: '/h' } },
  },
  {
    title: 'URL form: tcp with a request head',
    link: url('?type=tcp&headerType=http&host=a.example&path=%2F'),
    means: { network: 'tcp' },
  },
  {
    title: 'URL form: kcp',
    link: url('?type=kcp&headerType=srtp&seed=s%26s'),
    means: { network: 'kcp', carrier: { header: 'srtp', seed: 's&s' } },
  },
  {
    title: 'URL form: quic',
    link: url('?type=quic&headerType=utp&quicSecurity=chacha20-poly1305&key=k%26k&security=tls'),
    means: { network: 'quic', carrier: { security: 'chacha20-poly1305', key: 'k&k', header: 'utp' } },
  },
  {
    title: 'URL form: grpc',
    link: url('?type=grpc&serviceName=Tun%2Fa&mode=multi&authority=x.example&security=tls'),
    means: { network: 'grpc', carrier: { serviceName: 'Tun/a', multiMode: true, authority: 'x.example' } },
  },
  {
    title: 'URL form: keys and words of careless writers',
    link: url('?Type=WS&Security=TLS&Path=%2Fa&allowInsecure=true&headerType=none&sni=%zz'),
    means: { network: 'ws', carrier: { path: '/a' }, tls: { allowInsecure: true, serverName: '%zz' } },
  },
  {
    title: 'URL form: unencoded slashes, colons and spaces',
    link: url('?type=ws&path=/a b:c/@d&host=h.example#my server #2'),
    means: { name: 'my server #2', carrier: { path: '/a b:c/@d', host: 'h.example' } },
  },
  {
    title: 'the older URL form: network, TLS and alterId before the @',
    link: `vmess://ws+tls:${id}-0@example.com:443/?path=%2Fray&host=h.example&tlsServerName=s.example#n`,
    means: {
      name: 'n',
      alterId: 0,
      network: 'ws',
      carrier: { path: '/ray' },
      tls: { serverName: 's.example' },
    },
  },
  {
    title: 'the older URL form: tcp with a header',
    link: `vmess://tcp:${id}-16@example.com:80/?type=http&host=h.example`,
    means: { alterId: 16, network: 'tcp', tls: 'none' },
  },
  {
    title: 'Shadowrocket: ws and TLS',
    link: `vmess://${base64(`auto:${id}@example.com:443`)}?remarks=my%20home&obfs=websocket&path=/ray&obfsParam=cdn.example.net&tls=1&peer=s.example&alterId=0&allowInsecure=1`,
    means: {
      name: 'my home',
      security: 'auto',
      network: 'ws',
      carrier: { path: '/ray', host: 'cdn.example.net' },
      tls: { serverName: 's.example', allowInsecure: true },
    },
  },
  {
    title: 'Shadowrocket: headers as JSON, another name of the cipher',
    link: `vmess://${base64(`chacha20-ietf-poly1305:${id}@192.0.2.1:80`).replace(/=+$/, '')}?obfs=websocket&obfsParam=%7B%22Host%22%3A%22h.example%22%7D`,
    means: { security: 'chacha20-poly1305', port: 80, carrier: { host: 'h.example' }, tls: 'none' },
  },
  {
    title: 'Shadowrocket: obfs=none',
    link: `vmess://${base64(`none:${id}@192.0.2.1:80`)}?obfs=none&udp=1`,
    means: { security: 'none', network: 'tcp' },
  },
];

describe('links in the wild', () => {
  for (const { title, link, means } of rows) {
    test(title, () => {
      const { name, outbound, warnings } = parseShareLink(link);
      if (means.name !== undefined) assert.equal(name, means.name);
      const {
        settings,
        errors,
        warnings: configWarnings,
      } = parseConfig(JSON.stringify({ inbounds, outbounds: [outbound] }), {
        strict: true,
      });
      assert.deepEqual([errors, configWarnings], [[], []]);
      const [built] = settings?.outbounds ?? [];
      assert(built?.protocol === 'vmess');
      const [server] = (built.settings as VmessOutboundSettings).servers;
      const [user] = server?.users ?? [];
      if (means.address !== undefined) assert.equal(server?.address.host, means.address);
      if (means.port !== undefined) assert.equal(server?.port, means.port);
      if (means.alterId !== undefined) assert.equal(user?.alterId, means.alterId);
      if (means.security !== undefined) assert.equal(user?.security, means.security);
      assert.equal(Buffer.from(user?.id ?? []).toString('hex'), id.replaceAll('-', ''));
      if (means.network !== undefined) assert.equal(built.stream.network, means.network);
      if (means.carrier !== undefined) assertMembers(carrierOf(built.stream), means.carrier);
      if (means.tls === 'none') assert.equal(built.stream.tls, undefined);
      else if (means.tls !== undefined) assertMembers(built.stream.tls, means.tls);
      const expected = means.warnings ?? [];
      assert.equal(warnings.length, expected.length, warnings.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(warnings[index] ?? '', pattern);
    });
  }

  test('a request head keeps the other headers beside Host', () => {
    const { outbound } = parseShareLink(
      rayN({ net: 'tcp', type: 'http', host: 'a.example,b.example', path: '/x,/y' }),
    );
    const { settings } = parseConfig(JSON.stringify({ inbounds, outbounds: [outbound] }));
    const stream = settings?.outbounds[0]?.stream;
    assert(stream?.network === 'tcp');
    const headers = new Map(stream.tcp.httpHead?.request.headers);
    assert.deepEqual(headers.get('Host'), ['a.example', 'b.example']);
    assert(headers.has('User-Agent'));
    assert.deepEqual(stream.tcp.httpHead?.request.paths, ['/x', '/y']);
  });
});

function carrierOf(stream: StreamSettings): object {
  switch (stream.network) {
    case 'tcp':
      return stream.tcp;
    case 'ws':
      return stream.ws;
    case 'http':
      return stream.h2;
    case 'grpc':
      return stream.grpc;
    case 'kcp':
      return stream.kcp;
    case 'httpupgrade':
      return stream.httpupgrade;
    case 'quic':
      return stream.quic;
    case 'domainsocket':
      return stream.unix;
  }
}

function assertMembers(actual: object | undefined, expected: object): void {
  const found = new Map(Object.entries(actual ?? {}));
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(found.get(key), value, key);
}
