/** Links that stay out of lists of processes, configurations that links hold in part, and addresses that stay secret. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Child } from '../../helper/child.js';
import { cleanEnvironment, tsrayProgram } from '../../helper/tsray-process.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
const link = `vmess://${id}@192.0.2.7:443?type=ws&security=tls#home`;
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-files-'));
  writeFileSync(join(folder, 'link'), `${link}\n`);
});
after(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], input = ''): Child {
  return new Child(process.execPath, [tsrayProgram, ...args], {
    cwd: folder,
    env: cleanEnvironment({ NO_COLOR: '1' }),
    input,
  });
}

async function tsray(args: readonly string[], input = ''): Promise<{ code: number | null; output: string }> {
  const child = start(args, input);
  const { code } = await child.exit;
  return { code, output: child.output };
}

test('a link in a file, named in each way, and on standard input', async () => {
  const runs = [
    ['test', '@link'],
    ['test', '--file', 'link'],
    ['test', 'link'],
    ['test', '-'],
  ];
  for (const run of runs) {
    const { code, output } = await tsray(run, run.includes('-') ? link : '');
    assert.equal(code, 0, output);
    assert.match(output, /^1 {2}home +192\.0\.2\.7:443 +ws\+tls$/m);
  }
  const init = await tsray(['init', 'client', '--file', 'link', '-o', '-']);
  assert.match(init.output, new RegExp(id));
  const twice = await tsray(['test', 'link', '--file', 'link']);
  assert.match(twice.output, /ERR_USAGE: servers are named twice/);
  const none = await tsray(['test', '@nothing']);
  assert.match(none.output, /nothing cannot be read: there is no such file/);
});

test('a link on the command line is gone from it once the program runs', {
  skip: process.platform === 'linux' ? false : 'only Linux has /proc',
}, async () => {
  const child = start(['connect', link, '--listen', '127.0.0.1:0']);
  try {
    await child.line(/Ctrl-C stops it\./);
    const line = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
    assert(line.startsWith('tsray connect'), line);
    assert(!line.includes(id), line);
  } finally {
    await child.close();
  }
});

test('link -c prints what it can and names what it cannot', async () => {
  const inbound = (more: object): object => ({ protocol: 'vmess', settings: { clients: [{ id }] }, ...more });
  const config = {
    inbounds: [
      inbound({ tag: 'web', listen: '/run/none.sock', streamSettings: { network: 'ws' } }),
      inbound({ listen: '@abstract' }),
      inbound({ tag: 'free', port: 0 }),
      inbound({ tag: 'good', port: 10_086 }),
    ],
    outbounds: [{ protocol: 'freedom' }],
  };
  writeFileSync(join(folder, 'server.json'), JSON.stringify(config));
  const { code, output } = await tsray([
    'link',
    '-c',
    'server.json',
    '--address',
    'vpn.example',
    '--style',
    'url',
  ]);
  assert.equal(code, 0, output);
  assert.match(output, new RegExp(`^vmess://${id}@vpn\\.example:10086\\?`, 'm'));
  assert.match(output, /^tsray: note: inbound "web" has no link: a link cannot name a Unix socket$/m);
  assert.match(output, /^tsray: note: inbounds\[1\] has no link: a link cannot name a Unix socket$/m);
  assert.match(output, /^tsray: note: inbound "free" has no link: the inbound takes any free port/m);
  config.inbounds.splice(2);
  writeFileSync(join(folder, 'server.json'), JSON.stringify(config));
  const none = await tsray(['link', '-c', 'server.json', '--address', 'vpn.example']);
  assert.equal(none.code, 1);
  assert.match(none.output, /ERR_LINK: a link cannot name a Unix socket/);
});

test('no message holds what is secret in an address', async () => {
  const server = createServer((request, response) => {
    const knows = request.headers.authorization !== undefined;
    response.statusCode = knows ? 200 : 401;
    response.end(knows ? `${link}\n` : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const good = await tsray(['test', `http://ann:geheim@${host}/sub`]);
    assert.equal(good.code, 0, good.output);
    assert.match(good.output, /home/);
    writeFileSync(join(folder, 'address'), `http://ann:geheim@${host}/sub\n`);
    assert.equal((await tsray(['test', '@address'])).code, 0);
    const imported = `clash://install-config?url=${encodeURIComponent(`http://ann:geheim@${host}/sub`)}`;
    assert.equal((await tsray(['test', imported])).code, 0);
    const bad = [
      `http://${host}/geheim?token=geheim`,
      `http:/${host}/geheim`,
      `htps://ann:geheim@${host}/geheim`,
      'example.com/geheim?token=geheim',
      'ann:geheim@example.com/sub',
      'example.com/sub/geheim',
      'clash://install-config?url=geheim',
    ];
    for (const given of bad) {
      const { code, output } = await tsray(['test', given]);
      assert.equal(code, 1, given);
      assert(!output.includes('geheim'), output);
    }
  } finally {
    server.close();
  }
});
