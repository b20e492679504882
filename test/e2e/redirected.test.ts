/** dokodemo-door with followRedirect behind a real firewall, and `sockopt.mark`, in a network namespace of the test's own. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadNative } from '../../src/native/load.js';
import type { Child } from '../helper/child.js';
import { NetworkNamespace, skipWithoutNamespaces } from '../helper/network-namespace.js';
import { projectRoot } from '../helper/project.js';

const skip =
  loadNative().addon === undefined ? 'the addon makes these sockets, and is absent' : skipWithoutNamespaces();

/** Answers streams and datagrams with `echo:` and what came. */
const echo = `
require('node:net').createServer((s) => s.on('data', (d) => s.end('echo:' + d))).listen(7, '127.0.0.1', () => {
  const u = require('node:dgram').createSocket('udp4');
  u.on('message', (d, r) => u.send('echo:' + d, r.port, r.address));
  u.bind(7, '127.0.0.1', () => console.log('ready'));
});`;

/** Arguments: network, host, port. Prints the answer. */
const client = `
const [network, host, port] = process.argv.slice(1);
const late = setTimeout(() => { console.log('no answer'); process.exit(1); }, 5000);
if (network === 'tcp') {
  const s = require('node:net').connect(port, host, () => s.write('hi'));
  s.on('data', (d) => console.log(String(d)));
  s.on('error', (e) => console.log(e.code)).on('close', () => { console.log('closed'); clearTimeout(late); });
} else {
  const u = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
  u.connect(Number(port), host, () => u.send('hi'));
  u.on('message', (d) => { console.log(String(d)); u.close(); clearTimeout(late); });
}`;

const inbound = (tag: string, port: number, tproxy: string | undefined, network = 'tcp'): object => ({
  tag,
  port,
  protocol: 'dokodemo-door',
  settings: { followRedirect: true, network },
  ...(tproxy === undefined ? {} : { streamSettings: { sockopt: { tproxy } } }),
});

/** Leads to the echo server; its sockets carry the mark 78. */
const marked = (port: number, network: string, carrier = 'tcp'): object => ({
  port,
  protocol: 'dokodemo-door',
  settings: { address: '127.0.0.1', port: 7, network },
  streamSettings: { network: carrier, sockopt: { mark: 78 } },
});

const config = {
  log: { loglevel: 'debug' },
  inbounds: [
    inbound('redirected', 1001, undefined),
    inbound('tproxied', 1002, 'tproxy', 'tcp,udp'),
    inbound('any-port', 0, 'tproxy', 'udp'),
    marked(1003, 'tcp,udp'),
    marked(1004, 'tcp', 'kcp'),
    {
      tag: 'to-kcp',
      port: 1005,
      protocol: 'dokodemo-door',
      settings: { address: '127.0.0.1', port: 1004, network: 'tcp' },
    },
  ],
  outbounds: [
    {
      protocol: 'freedom',
      settings: { redirect: '127.0.0.1:7' },
      streamSettings: { sockopt: { mark: 77 } },
    },
    { tag: 'kcp', protocol: 'freedom', streamSettings: { network: 'kcp' } },
  ],
  routing: { rules: [{ type: 'field', inboundTag: 'to-kcp', outboundTag: 'kcp' }] },
};

const rules = `
add table inet t
add counter inet t marked
add chain inet t out { type nat hook output priority -100; }
add rule inet t out ip daddr 198.51.100.7 tcp dport 80 redirect to :1001
add rule inet t out ip6 daddr 2001:db8:51::7 tcp dport 80 redirect to :1001
add chain inet t pre { type filter hook prerouting priority -150; }
add rule inet t pre ip daddr 198.51.100.8 meta l4proto { tcp, udp } th dport 81 tproxy ip to :1002 meta mark set 1 accept
add rule inet t pre ip6 daddr 2001:db8:51::8 meta l4proto { tcp, udp } th dport 81 tproxy ip6 to :1002 meta mark set 1 accept
add chain inet t count { type filter hook output priority 0; }
add rule inet t count meta mark 77 counter name marked
add counter inet t by-tcp
add counter inet t by-udp
add counter inet t by-kcp
add rule inet t count meta mark 78 tcp sport 1003 counter name by-tcp
add rule inet t count meta mark 78 udp sport 1003 counter name by-udp
add rule inet t count meta mark 78 udp sport 1004 counter name by-kcp
`;

describe('dokodemo-door with followRedirect, behind a firewall', { skip }, () => {
  let space: NetworkNamespace;
  let folder: string;
  let tsray: Child;
  let origin: Child;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tsray-redirected-'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    space = await NetworkNamespace.create();
    await space.run('ip address add 198.51.100.1/24 dev lo');
    await space.run('ip address add 2001:db8:51::1/64 dev lo nodad');
    await space.run('ip -6 route add local 2001:db8:51::/64 dev lo');
    await space.nft(rules);
    origin = space.spawn(process.execPath, ['-e', echo]);
    await origin.line(/ready/);
    const cli = join(projectRoot, '.build', 'src', 'cli', 'main.js');
    tsray = space.spawn(process.execPath, [cli, 'run', '-c', join(folder, 'config.json')]);
    await tsray.line(/started/);
  });

  after(async () => {
    await tsray?.close();
    await origin?.close();
    await space?.delete();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(network: string, host: string, port: number): Promise<string> {
    const child = space.spawn(process.execPath, ['-e', client, network, host, String(port)]);
    await child.exit;
    return child.output;
  }

  for (const [how, host, port] of [
    ['REDIRECT', '198.51.100.7', 80],
    ['REDIRECT', '2001:db8:51::7', 80],
    ['TPROXY', '198.51.100.8', 81],
    ['TPROXY', '2001:db8:51::8', 81],
  ] as const) {
    test(`a connection that ${how} led here goes to ${host}, and its log line says so`, async () => {
      assert.match(await ask('tcp', host, port), /^echo:hi$/m);
      const written = host.includes(':') ? `[${host}]` : host;
      assert.ok(tsray.output.includes(`accepted tcp:${written}:${port}`), tsray.output);
    });
  }

  for (const host of ['198.51.100.8', '2001:db8:51::8']) {
    test(`a datagram that TPROXY led here goes to ${host}, which seems to answer`, async () => {
      // The client's socket is connected: it takes datagrams of this address and port only.
      assert.match(await ask('udp', host, 81), /^echo:hi$/m);
      const written = host.includes(':') ? `[${host}]` : host;
      assert.ok(tsray.output.includes(`accepted udp:${written}:81`), tsray.output);
    });
  }

  test('a connection to the port itself is refused, since it would lead to itself', async () => {
    assert.doesNotMatch(await ask('tcp', '198.51.100.1', 1001), /echo/);
    assert.doesNotMatch(await ask('tcp', '127.0.0.1', 1002), /echo/);
    assert.match(tsray.output, /was not led here by the firewall/);
  });

  test('connections of an outbound with "mark" carry it', async () => {
    await ask('tcp', '198.51.100.7', 80);
    assert.match(await space.run('nft list counter inet t marked'), /packets [1-9]/);
  });

  test('what a listener with "mark" answers carries it, over TCP, UDP and mKCP', async () => {
    assert.match(await ask('tcp', '127.0.0.1', 1003), /^echo:hi$/m);
    assert.match(await ask('udp', '127.0.0.1', 1003), /^echo:hi$/m);
    assert.match(await ask('tcp', '127.0.0.1', 1005), /^echo:hi$/m);
    for (const name of ['tcp', 'udp', 'kcp']) {
      assert.match(await space.run(`nft list counter inet t by-${name}`), /packets [1-9]/, name);
    }
  });

  test('a listener for datagrams on port 0 tells which port it has, and serves what TPROXY leads there', async () => {
    const [, port = ''] = /any-port listens on udp:\S*:(\d+)/.exec(tsray.output) ?? [];
    assert.notEqual(port, '0', tsray.output);
    const to = `ip daddr 198.51.100.9 udp dport 82 tproxy ip to :${port} meta mark set 1 accept`;
    await space.nft(`add rule inet t pre ${to}`);
    assert.match(await ask('udp', '198.51.100.9', 82), /^echo:hi$/m);
  });
});
