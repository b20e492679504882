import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { filesOfFolder, loadConfigs } from '../../../src/config/loader.js';
import type { Settings } from '../../../src/config/settings.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-merge-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function merged(files: Readonly<Record<string, object>>): Promise<Settings> {
  const paths = Object.entries(files).map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  });
  const { settings, errors } = await loadConfigs(paths, { standardInput: Readable.from([]) });
  assert.deepEqual(errors, []);
  return settings!;
}

const freedom = (tag: string): object => ({ protocol: 'freedom', tag });
const door = (tag: string, port: number): object => ({ protocol: 'socks', tag, port, listen: '127.0.0.1' });

describe('several files are merged by the rules of V2Ray 4.34', () => {
  test('sections are replaced whole, and null says nothing', async () => {
    const settings = await merged({
      'a.json': { log: { loglevel: 'error', access: '/tmp/a' }, policy: { levels: { 0: { connIdle: 9 } } } },
      'b.json': { log: { loglevel: 'debug' }, policy: null },
    });
    assert.equal(settings.log.level, 'debug');
    assert.equal(settings.log.access, 'stdout');
    assert.equal(settings.policy.get(0)?.connIdleMs, 9000);
  });

  test('a single outbound goes first, or last if its file says tail, or takes the place of its tag', async () => {
    const base = { outbounds: [freedom('a'), freedom('b')] };
    const tags = async (name: string, tag: string): Promise<string[]> =>
      (await merged({ 'base.json': base, [name]: { outbounds: [freedom(tag)] } })).outbounds.map(
        (o) => o.tag,
      );
    assert.deepEqual(await tags('x.json', 'c'), ['c', 'a', 'b']);
    assert.deepEqual(await tags('x_tail.json', 'c'), ['a', 'b', 'c']);
    assert.deepEqual(await tags('x.json', 'b'), ['a', 'b']);
  });

  test('a single inbound is added at the end or replaces the one of its tag', async () => {
    const base = { inbounds: [door('a', 1001), door('b', 1002)] };
    const ports = async (tag: string): Promise<(readonly number[])[]> =>
      (await merged({ 'base.json': base, 'x.json': { inbounds: [door(tag, 1009)] } })).inbounds.map(
        (i) => i.ports,
      );
    assert.deepEqual(await ports('c'), [[1001], [1002], [1009]]);
    assert.deepEqual(await ports('a'), [[1009], [1002]]);
  });

  test('two or more replace the list', async () => {
    const settings = await merged({
      'a.json': { outbounds: [freedom('a'), freedom('b'), freedom('c')] },
      'b.json': { outbounds: [freedom('x'), freedom('y')] },
    });
    assert.deepEqual(
      settings.outbounds.map((outbound) => outbound.tag),
      ['x', 'y'],
    );
  });

  test('an error names the file it stands in', async () => {
    writeFileSync(join(folder, 'good.json'), '{}');
    writeFileSync(join(folder, 'bad.yaml'), 'outbounds:\n  - protocol: freedm\n');
    const { errors } = await loadConfigs([join(folder, 'good.json'), join(folder, 'bad.yaml')], {
      standardInput: Readable.from([]),
    });
    assert.equal(errors[0]?.file, join(folder, 'bad.yaml'));
    assert.equal(errors[0]?.line, 2);
  });
});

test('a folder gives its configuration files by name', async () => {
  const place = mkdtempSync(join(tmpdir(), 'tsray-confdir-'));
  for (const name of ['10.json', '02.yaml', 'notes.txt', '05.TOML']) writeFileSync(join(place, name), '');
  assert.deepEqual(
    (await filesOfFolder(place)).map((path) => path.slice(place.length + 1)),
    ['02.yaml', '05.TOML', '10.json'],
  );
  rmSync(place, { recursive: true });
  await assert.rejects(filesOfFolder(place), { code: 'ERR_CONFIG_READ' });
});
