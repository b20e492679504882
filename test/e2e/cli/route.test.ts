/** `tsray route`, as people and programs run it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runChild } from '../../helper/child.js';
import { geositeBytes } from '../../helper/geo.js';
import { cleanEnvironment, tsrayProgram } from '../../helper/tsray-process.js';

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-route-'));
  writeFileSync(join(folder, 'geosite.dat'), geositeBytes({ MINE: [['domain', 'mine.test']] }));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      inbounds: [
        { tag: 'in', protocol: 'socks', port: 1080, sniffing: { enabled: true, destOverride: ['tls'] } },
      ],
      outbounds: [
        { tag: 'proxy', protocol: 'freedom' },
        { tag: 'direct', protocol: 'freedom' },
        { tag: 'block', protocol: 'blackhole' },
      ],
      dns: { servers: ['localhost'], hosts: { 'host.test': '127.0.0.5' } },
      routing: {
        domainStrategy: 'IPIfNonMatch',
        rules: [
          { domain: ['keyword:ads'], outboundTag: 'block' },
          { ip: ['geoip:private'], outboundTag: 'direct' },
          { domain: ['geosite:mine'], port: 443, outboundTag: 'direct', ruleTag: 'mine' },
        ],
      },
    }),
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function route(
  args: readonly string[],
  input?: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return runChild(process.execPath, [tsrayProgram, 'route', '-c', join(folder, 'config.json'), ...args], {
    cwd: folder,
    env: cleanEnvironment({ V2RAY_LOCATION_ASSET: folder }),
    ...(input === undefined ? {} : { input }),
  });
}

test('for people: the outbound, and what each rule said', async () => {
  const { code, output } = await route(['https://www.mine.test', 'udp:127.0.0.1:53']);
  assert.equal(code, 0);
  assert.deepEqual(output.split('\n'), [
    'tcp:www.mine.test:443 → direct (mine)',
    '  routing.rules[0]  no   domain: www.mine.test is in none of its items',
    '  routing.rules[1]  no   ip: the name has not been looked up yet',
    '  mine              yes  port is 443; domain geosite:mine (domain:mine.test)',
    'udp:127.0.0.1:53 → direct (routing.rules[1])',
    '  routing.rules[0]  no   domain: the target is an address',
    '  routing.rules[1]  yes  ip in geoip:private',
  ]);
});

test('lookups are told, and can be answered on the command line', async () => {
  const { output } = await route(['tcp:other.test:80', '--resolve', 'other.test=127.0.0.9', '--json']);
  const { lookups, outbound, rule } = JSON.parse(output) as Record<string, unknown>;
  assert.equal(outbound, 'direct');
  assert.equal(rule, 'routing.rules[1]');
  assert.deepEqual(lookups, [{ name: 'other.test', addresses: ['127.0.0.9'], error: null }]);
});

test('names are looked up as "dns" says', async () => {
  const { output } = await route(['host.test:80']);
  assert.match(output, /looked up host\.test: 127\.0\.0\.5/);
  assert.match(output, /→ direct \(routing\.rules\[1\]\)/);
});

test("a sniffed name replaces the target where the inbound's settings say so", async () => {
  const sniffed = ['1.2.3.4:443', '--sniff', 'tls:www.mine.test'];
  assert.match((await route([...sniffed, '--inbound', 'in'])).output, /→ direct \(mine\)/);
  assert.match((await route(sniffed)).output, /→ proxy \(no rule\)/);
});

test('thousands from standard input, and how often each rule decided', async () => {
  const targets = Array.from({ length: 2000 }, (_, index) =>
    index % 4 === 0 ? 'ads.test:80' : '1.2.3.4:443',
  );
  const { code, output } = await route(['--stdin', '--counts'], ['# a note', '', ...targets].join('\n'));
  assert.equal(code, 0);
  const lines = output.split('\n');
  assert.equal(lines.filter((line) => line === 'tcp:ads.test:80\tblock\trouting.rules[0]').length, 500);
  assert.equal(lines.filter((line) => line === 'tcp:1.2.3.4:443\tproxy\t').length, 1500);
  assert.ok(lines.includes('routing.rules[0]  500'), lines.slice(-5).join('\n'));
  assert.ok(lines.includes('routing.rules[1]  never'));
  assert.ok(lines.includes('no rule           1500'));
});

test('what is no target, and a list that is missing', async () => {
  const bad = await route(['example.com']);
  assert.equal(bad.code, 1);
  assert.match(bad.output, /ERR_USAGE: expected a target, found "example.com"/);
  writeFileSync(
    join(folder, 'bad.json'),
    JSON.stringify({
      outbounds: [{ protocol: 'freedom', tag: 'a' }],
      routing: { rules: [{ domain: ['geosite:mien'], outboundTag: 'a' }] },
    }),
  );
  const { code, output } = await runChild(
    process.execPath,
    [tsrayProgram, 'test', '-c', join(folder, 'bad.json')],
    { cwd: folder, env: cleanEnvironment({ V2RAY_LOCATION_ASSET: folder }) },
  );
  assert.equal(code, 23);
  assert.match(output, /ERR_CONFIG_GEO: routing\.rules\[0\]: .*geosite\.dat .*has no list "mien".*mine/);
});
