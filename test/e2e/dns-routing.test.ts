/** Names in running instances: freedom's UseIP, rules with addresses, fake addresses, and the ways of DNS queries. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { runChild } from '../helper/child.js';
import { curl } from '../helper/curl.js';
import { serverOf } from '../helper/dns.js';
import { type NameServer, startNameServer } from '../helper/name-server.js';
import { skipWithout } from '../helper/peer.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

describe('names in a running instance', { skip: skipWithout('curl', 'dig') }, () => {
  let web: http.Server;
  let webPort = 0;
  let server: NameServer;
  let tsray: Tsray;

  before(async () => {
    web = http.createServer((request, response) => {
      response.end(`${request.headers.host} at ${request.socket.localAddress}`);
    });
    web.listen(0, '0.0.0.0');
    await once(web, 'listening');
    webPort = (web.address() as AddressInfo).port;
    server = await startNameServer(
      serverOf({ 'real.test': ['127.0.0.21'], 'blocked.test': ['127.0.0.66'], 'dns.test': ['127.0.0.1'] }),
    );
    tsray = await startTsray({
      dns: {
        // Its own name is the system's to resolve, although freedom asks the DNS client for others.
        servers: [
          { address: 'fakedns', domains: ['domain:fake.test'], skipFallback: true },
          { address: 'localhost.', port: server.port, tag: 'query' },
        ],
        hosts: { 'host.test': '127.0.0.22' },
      },
      fakeDns: { ipPool: '198.18.0.0/15', poolSize: 100 },
      routing: {
        domainStrategy: 'IPIfNonMatch',
        rules: [
          { inboundTag: ['query'], protocol: ['dns'], outboundTag: 'direct' },
          { inboundTag: ['dns-in'], outboundTag: 'dns-out' },
          { domain: ['full:one.fake.test'], outboundTag: 'fixed' },
          { ip: ['127.0.0.66'], outboundTag: 'block' },
        ],
      },
      inbounds: [
        {
          tag: 'socks',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['fakedns'], metadataOnly: true },
        },
        {
          tag: 'content',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['http', 'fakedns'] },
        },
        {
          tag: 'bytes',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['fakedns'] },
        },
        {
          tag: 'rules-only',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['fakedns', 'http'], routeOnly: true },
        },
        {
          tag: 'dns-in',
          protocol: 'dokodemo-door',
          listen: '127.0.0.1',
          port: 0,
          settings: { address: '127.0.0.1', port: 9, network: 'tcp,udp' },
        },
      ],
      outbounds: [
        { tag: 'use-ip', protocol: 'freedom', domainStrategy: 'UseIP' },
        { tag: 'direct', protocol: 'freedom', settings: { domainStrategy: 'UseIP' } },
        { tag: 'fixed', protocol: 'freedom', settings: { redirect: '127.0.0.23:0' } },
        { tag: 'block', protocol: 'blackhole' },
        { tag: 'dns-out', protocol: 'dns' },
      ],
    });
  });

  after(async () => {
    await tsray.close();
    await server.close();
    web.close();
    web.closeAllConnections();
  });

  const get = (host: string, inbound = 'socks') =>
    curl(
      '--socks5-hostname',
      `127.0.0.1:${tsray.port(inbound)}`,
      '--max-time',
      '10',
      `http://${host}:${webPort}/`,
    );

  const dig = async (name: string, type = 'A'): Promise<string> => {
    const args = ['@127.0.0.1', '-p', String(tsray.port('dns-in')), '+short', '+tcp', '+tries=1', name, type];
    return (await runChild('dig', args)).output.trim();
  };

  test('freedom asks hosts and servers with UseIP', async () => {
    assert.match((await get('host.test')).text, /^host\.test:\d+ at 127\.0\.0\.22$/);
    assert.match((await get('real.test')).text, /^real\.test:\d+ at 127\.0\.0\.21$/);
    assert.ok(server.asked.includes('real.test A'));
  });

  test('rules see the addresses that the DNS client gives', async () => {
    assert.notEqual((await get('blocked.test')).code, 0);
    assert.ok(server.asked.includes('blocked.test A'));
  });

  test('a fake address leads to its name, over several connections, with and without its bytes', async () => {
    const address = await dig('one.fake.test');
    assert.match(address, /^198\.18\./);
    assert.equal(await dig('ONE.fake.test'), address);
    assert.equal(await dig('one.fake.test', 'AAAA'), '');
    for (const inbound of ['socks', 'content', 'socks', 'bytes', 'rules-only']) {
      assert.match((await get(address, inbound)).text, /at 127\.0\.0\.23$/, inbound);
    }
    assert.equal(server.asked.filter((line) => line.includes('fake.test')).length, 0);
  });

  test('other names get real addresses from the dns outbound', async () => {
    assert.equal(await dig('real.test'), '127.0.0.21');
  });

  test('the log has no line about a name that could not be had', () => {
    assert.doesNotMatch(tsray.log, /ERR_INTERNAL|ERR_DNS/);
  });
});
