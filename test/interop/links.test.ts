/**
 * Links carried to V2Ray 4.34 and back: what a link says makes tsray and V2Ray as clients reach a V2Ray server, over every
 * transport that both have, and tsray's links of its own server lead V2Ray to it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatShareLink, linksOfInbound } from '../../src/config/share-link/format-share-link.js';
import { parseShareLink } from '../../src/config/share-link/share-link.js';
import type { LinkStyle } from '../../src/config/share-link/write.js';
import { parseSubscription } from '../../src/config/subscription/parse-subscription.js';
import { createClient } from '../../src/index.js';
import { certificateEntry, makeCertificate } from '../helper/certificates.js';
import { freedomOutbound, socksInbound, users, vmessInbound } from '../helper/configs.js';
import { curl } from '../helper/curl.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { payloadSha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsray } from '../helper/tsray.js';
import { spawnTsray } from '../helper/tsray-process.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const certificate = makeCertificate({ names: ['localhost', 'tsray.example'] });
const serverTls = { security: 'tls', tlsSettings: { certificates: [certificateEntry(certificate)] } };
const clientTls = { security: 'tls', tlsSettings: { serverName: 'tsray.example', allowInsecure: true } };

interface Row {
  readonly name: string;
  readonly stream: object;
  readonly serverStream?: object;
}

const httpHeader = {
  type: 'http',
  request: { path: ['/a', '/b'], headers: { Host: ['www.example.com'], 'User-Agent': ['x'] } },
};

const rows: readonly Row[] = [
  { name: 'tcp', stream: {} },
  { name: 'tcp with a request head', stream: { network: 'tcp', tcpSettings: { header: httpHeader } } },
  { name: 'tcp, TLS', stream: { network: 'tcp', ...clientTls }, serverStream: serverTls },
  {
    name: 'ws',
    stream: { network: 'ws', wsSettings: { path: '/a/path', headers: { Host: 'www.example.com' } } },
  },
  {
    name: 'ws, TLS',
    stream: { network: 'ws', wsSettings: { path: '/ray' }, ...clientTls },
    serverStream: { network: 'ws', wsSettings: { path: '/ray' }, ...serverTls },
  },
  {
    name: 'h2',
    stream: { network: 'http', httpSettings: { host: ['www.example.com'], path: '/h2' }, ...clientTls },
    serverStream: { network: 'http', httpSettings: { host: ['www.example.com'], path: '/h2' }, ...serverTls },
  },
  {
    name: 'kcp',
    stream: { network: 'kcp', kcpSettings: { seed: 'a seed ', header: { type: 'wechat-video' } } },
  },
  {
    name: 'quic',
    stream: {
      network: 'quic',
      quicSettings: { security: 'aes-128-gcm', key: 'a key', header: { type: 'srtp' } },
      ...clientTls,
    },
    serverStream: {
      network: 'quic',
      quicSettings: { security: 'aes-128-gcm', key: 'a key', header: { type: 'srtp' } },
      ...serverTls,
    },
  },
];

const styles: readonly LinkStyle[] = ['v2rayn', 'url'];

describe('links and V2Ray', { skip: skipWithout('v2ray', 'curl') }, () => {
  let origin: HttpOrigin;

  before(async () => {
    origin = await startHttpOrigin();
  });
  after(() => origin.close());

  async function fetched(socksPort: number): Promise<void> {
    const result = await curl(
      '-x',
      `socks5h://127.0.0.1:${socksPort}`,
      `http://127.0.0.1:${origin.port}/bytes/300000`,
    );
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.sha256, payloadSha256(300_000));
  }

  for (const { name, serverStream, stream } of rows) {
    describe(name, () => {
      let server: V2ray;
      let outbound: object;

      before(async () => {
        const [port = 0] = await freePorts(1);
        server = await startV2ray({
          inbounds: [{ ...vmessInbound(port), streamSettings: serverStream ?? stream }],
          outbounds: [freedomOutbound],
        });
        outbound = {
          protocol: 'vmess',
          settings: { vnext: [{ address: '127.0.0.1', port, users: [{ id: users.aead.id }] }] },
          streamSettings: stream,
        };
      });
      after(() => server.close());

      for (const style of styles) {
        test(`tsray reaches V2Ray's server by a link (${style})`, async () => {
          const client = createClient(
            parseShareLink(formatShareLink(outbound, { style, name: 'home' })).outbound,
          );
          try {
            const response = await client.fetch(`http://127.0.0.1:${origin.port}/`);
            assert.equal(await response.text(), 'hello\n');
          } finally {
            await client.close();
          }
        });

        test(`V2Ray reaches it with the outbound that was read from the link (${style})`, async () => {
          const [socksPort = 0] = await freePorts(1);
          const read = parseShareLink(formatShareLink(outbound, { style }));
          assert.deepEqual(read.warnings, []);
          const client = await startV2ray({
            inbounds: [socksInbound(socksPort)],
            outbounds: [read.outbound],
          });
          try {
            await fetched(socksPort);
          } finally {
            await client.close();
          }
        });
      }
    });
  }

  test("ping and connect by a link to V2Ray's server", async () => {
    const [port = 0] = await freePorts(1);
    const server = await startV2ray({ inbounds: [vmessInbound(port)], outbounds: [freedomOutbound] });
    const link = (id: string): string =>
      formatShareLink({
        protocol: 'vmess',
        settings: { vnext: [{ address: '127.0.0.1', port, users: [{ id }] }] },
      });
    const target = `http://127.0.0.1:${origin.port}/`;
    const input = `${link(users.aead.id)}\n${link('11111111-2222-4333-8444-555555555555')}\n`;
    try {
      const ping = spawnTsray(['ping', '-', '--json', '--timeout', '3', '--target', target], { input });
      assert.equal((await ping.exit).code, 0, ping.output);
      const { servers } = JSON.parse(ping.output) as {
        servers: { ok: boolean; code?: string; hint?: string }[];
      };
      assert.deepEqual(
        servers.map(({ ok }) => ok),
        [true, false],
      );
      assert.match(
        `${servers[1]?.code} ${servers[1]?.hint}`,
        /ERR_(?:DIAL_TIMEOUT|DIAL_FAILED|SERVER_SILENT) ./,
      );
      const connect = spawnTsray([
        'connect',
        link(users.aead.id),
        '--listen',
        '0',
        '--test',
        '--target',
        target,
      ]);
      try {
        const [, proxy = 0] = /:(\d+) \(SOCKS/.exec(await connect.line(/\(SOCKS4/)) ?? [];
        await connect.line(/Ctrl-C/);
        await fetched(Number(proxy));
      } finally {
        await connect.close();
      }
    } finally {
      await server.close();
    }
  });

  test("entries of Clash lead to V2Ray's server", async () => {
    const rows: readonly (readonly [stream: object, entry: string])[] = [
      [{}, 'cipher: aes-128-gcm'],
      [
        { network: 'ws', wsSettings: { path: '/ray' }, ...serverTls },
        'network: ws, tls: true, skip-cert-verify: true, ws-opts: {path: /ray, headers: {Host: tsray.example}}',
      ],
      [
        { network: 'http', httpSettings: { host: ['tsray.example'], path: '/h2' }, ...serverTls },
        'network: h2, tls: true, skip-cert-verify: true, h2-opts: {path: /h2, host: [tsray.example]}',
      ],
      [
        { network: 'tcp', tcpSettings: { header: { type: 'http' } } },
        'network: http, http-opts: {path: [/], headers: {Host: [www.example.com]}}',
      ],
    ];
    for (const [streamSettings, entry] of rows) {
      const [port = 0] = await freePorts(1);
      const server = await startV2ray({
        inbounds: [{ ...vmessInbound(port), streamSettings }],
        outbounds: [freedomOutbound],
      });
      const yaml = `proxies:\n  - {name: a, type: vmess, server: 127.0.0.1, port: ${port}, uuid: ${users.aead.id}, ${entry}}\n`;
      const [read] = parseSubscription(yaml);
      assert(read !== undefined && 'link' in read, entry);
      assert.deepEqual(read.link.warnings, []);
      const client = createClient(read.link);
      try {
        const response = await client.fetch(`http://127.0.0.1:${origin.port}/`);
        assert.equal(await response.text(), 'hello\n', entry);
      } finally {
        await client.close();
        await server.close();
      }
    }
  });

  test("the links of tsray's server lead V2Ray to it", async () => {
    const [port = 0, socksPort = 0] = await freePorts(2);
    const config = {
      inbounds: [{ ...vmessInbound(port), streamSettings: { network: 'ws', wsSettings: { path: '/x' } } }],
      outbounds: [freedomOutbound],
    };
    const { settings } = parseConfig(JSON.stringify(config));
    const [inbound] = settings?.inbounds ?? [];
    assert(inbound?.protocol === 'vmess');
    const links = linksOfInbound(inbound, '127.0.0.1');
    assert.equal(links.length, 2);
    const server = await startTsray(config);
    try {
      for (const { text } of links) {
        const { outbound } = parseShareLink(text);
        const client = await startV2ray({ inbounds: [socksInbound(socksPort)], outbounds: [outbound] });
        try {
          await fetched(socksPort);
        } finally {
          await client.close();
        }
      }
    } finally {
      await server.close();
    }
  });
});
