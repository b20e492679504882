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

const config = {
  log: { loglevel: 'debug' },
  inbounds: [inbound('redirected', 1001, undefined), inbound('tproxied', 1002, 'tproxy', 'tcp,udp')],
  outbounds: [
    {
      protocol: 'freedom',
      settings: { redirect: '127.0.0.1:7' },
      streamSettings: { sockopt: { mark: 77 } },
    },
  ],
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
    const counted = await space.run('nft list counter inet t marked');
    assert.match(counted, /packets [1-9]/);
  });
});
