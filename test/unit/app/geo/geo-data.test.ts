import assert from 'node:assert/strict';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { GeoFiles } from '../../../../src/app/geo/geo-data.js';
import { geoListName } from '../../../../src/app/geo/list-name.js';
import { privateRanges } from '../../../../src/app/geo/private-ranges.js';
import { domainNameOf } from '../../../../src/app/router/match/domain-name.js';
import { ipNumberOf } from '../../../../src/app/router/match/ip-number.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { geoipBytes, geositeBytes, removeFolder } from '../../../helper/geo.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

let folder: string;
let log: MemoryLogger;
let geo: GeoFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-geo-'));
  log = new MemoryLogger();
  geo = new GeoFiles([folder], log);
});
afterEach(() => removeFolder(folder));

/** `seconds` sets the time of change, which the file system may otherwise give twice. */
function write(name: string, bytes: Uint8Array, seconds = 1_700_000_000): void {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  utimesSync(path, seconds, seconds);
}

const site = (code: string, file = 'geosite.dat') => geoListName(file, code);
const ip = (text: string) => ipNumberOf(parseAddress(text));

test('a list of names with all four kinds of entries', () => {
  write(
    'geosite.dat',
    geositeBytes({
      OTHER: [['domain', 'other.test']],
      MINE: [
        ['domain', 'Site.TEST'],
        ['full', 'one.test'],
        ['plain', 'Keyword'],
        ['regex', '^re[0-9]+\\.test$'],
        ['domain', 'bücher.test'],
      ],
    }),
  );
  const { current } = geo.domains(site('mine'), []);
  const find = (name: string) => current.find(domainNameOf(name));
  assert.equal(find('www.site.test'), 'domain:site.test');
  assert.equal(find('one.test'), 'full:one.test');
  assert.equal(find('a.one.test'), undefined);
  assert.equal(find('x.keywords.test'), 'keyword:keyword');
  assert.equal(find('re12.test'), 'regexp:^re[0-9]+\\.test$');
  assert.equal(find('xn--bcher-kva.test'), 'domain:xn--bcher-kva.test');
  assert.equal(find('other.test'), undefined);
  assert.equal(current.size, 5);
});

test('only entries that have all attributes, compared without case', () => {
  write(
    'geosite.dat',
    geositeBytes({
      MINE: [
        ['domain', 'a.test', 'CN', 'ads'],
        ['domain', 'b.test', 'cn'],
        ['domain', 'c.test'],
      ],
    }),
  );
  const sizes = [[], ['cn'], ['cn', 'ads'], ['!cn']].map(
    (attributes) => geo.domains(site('mine'), attributes).current.size,
  );
  assert.deepEqual(sizes, [3, 2, 1, 0]);
});

test('one list is read once, whoever asks for it', () => {
  write('geosite.dat', geositeBytes({ MINE: [['domain', 'a.test']] }));
  assert.equal(geo.domains(site('mine'), []), geo.domains(site('MINE'), []));
  assert.equal(geo.domains(site('mine'), ['b', 'a']), geo.domains(site('mine'), ['a', 'b']));
  assert.notEqual(geo.domains(site('mine'), ['a']), geo.domains(site('mine'), []));
});

test('codes of lists are found in either case, behind lists of any length', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ['domain', `name${index}.test`] as const);
  write(
    'geosite.dat',
    geositeBytes({ FIRST: many, lower: [['full', 'x.test']], LAST: [['full', 'y.test']] }),
  );
  assert.equal(geo.domains(site('first'), []).current.size, 5000);
  assert.equal(geo.domains(site('Lower'), []).current.size, 1);
  assert.equal(geo.domains(site('last'), []).current.size, 1);
});

test('addresses of both families; IPv4 written as IPv6 counts as IPv4', () => {
  write(
    'geoip.dat',
    geoipBytes({
      XX: [
        [[10, 0, 0, 0], 8],
        [[0x20, 1, ...Array.from({ length: 14 }, () => 0)], 32],
        [[...Array.from({ length: 10 }, () => 0), 255, 255, 192, 0, 2, 0], 120],
      ],
    }),
  );
  const { current } = geo.addresses(geoListName('geoip.dat', 'xx'));
  for (const [text, expected] of [
    ['10.9.8.7', true],
    ['11.0.0.0', false],
    ['2001:0:1::', true],
    ['2002::', false],
    ['192.0.2.77', true],
  ] as const) {
    assert.equal(current.has(ip(text)), expected, text);
  }
});

test('geoip:private needs no file, and holds what is not of the internet', () => {
  const { current } = geo.addresses(geoListName('geoip.dat', 'private'));
  assert.equal(current, privateRanges());
  for (const text of [
    '10.1.2.3',
    '127.0.0.1',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    'fc00::1',
    'fe80::1',
    'ff02::1',
    '224.0.0.1',
    '255.255.255.255',
    '::ffff:10.0.0.1',
  ]) {
    assert.ok(current.has(ip(text)), text);
  }
  for (const text of ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '100.128.0.1', '1.1.1.1']) {
    assert.ok(!current.has(ip(text)), text);
  }
});

describe('what cannot be had', () => {
  type Fault = Error & { readonly code?: string; readonly hint?: string };
  const fault = (run: () => unknown): Fault => {
    try {
      run();
    } catch (error) {
      return error as Fault;
    }
    throw new Error('nothing was thrown');
  };

  test('a missing file: where it was looked for, and where to get it', () => {
    const other = join(folder, 'other');
    const error = fault(() => new GeoFiles([folder, other], log).domains(site('cn'), []));
    assert.equal(error.code, 'ERR_CONFIG_GEO');
    assert.ok(
      error.message.includes(join(folder, 'geosite.dat')) && error.message.includes(other),
      error.message,
    );
    assert.match(error.hint ?? '', /releases.*V2RAY_LOCATION_ASSET/);
  });

  test('a missing list: the date of the file, and the nearest names', () => {
    write('geosite.dat', geositeBytes({ GOOGLE: [], 'GOOGLE-CN': [], YOUTUBE: [] }));
    const error = fault(() => geo.domains(site('gogle'), []));
    assert.match(error.message, /2023-11-14, 3 lists\) has no list "gogle"/);
    assert.match(error.hint ?? '', /google/);
  });

  test('what is no data file, and one that is cut off', () => {
    write('a.dat', Buffer.from('<html>not found</html>'));
    assert.match(
      fault(() => geo.domains(site('x', 'a.dat'), [])).message,
      /cannot be read: no list begins at byte 0/,
    );
    const whole = geositeBytes({ MINE: [['domain', 'a.test']] });
    write('b.dat', whole.subarray(0, -3));
    assert.match(fault(() => geo.domains(site('mine', 'b.dat'), [])).message, /cut off/);
  });
});

test('a regular expression that is none is left out, with a warning when names are first looked for', () => {
  write(
    'geosite.dat',
    geositeBytes({
      MINE: [
        ['regex', '(?=x)'],
        ['regex', '^a[0-9]'],
        ['regex', 'a)|(b'],
      ],
    }),
  );
  const { regexps } = geo.domains(site('mine'), []).current;
  assert.equal(log.text, '');
  assert.equal(regexps.has(domainNameOf('a1.test')), true);
  assert.equal(regexps.has(domainNameOf('b.test')), false);
  assert.equal(regexps.find(domainNameOf('a1.test')), '^a[0-9]');
  assert.match(log.text, /geosite:mine: the regular expression \(\?=x\) is left out/);
});

describe('a file that changes', () => {
  const list = (...names: readonly string[]) =>
    geositeBytes({ MINE: names.map((name) => ['full', name] as const) });

  test('is read again once it has stayed the same between two looks', () => {
    write('geosite.dat', list('a.test'));
    const held = geo.domains(site('mine'), []);
    write('geosite.dat', list('b.test'), 1_700_000_100);
    geo.refresh();
    assert.ok(held.current.names.has('a.test'), 'it may still be being written');
    geo.refresh();
    assert.ok(held.current.names.has('b.test'));
    assert.ok(!held.current.names.has('a.test'));
    assert.match(log.text, /\[info\].*read again/);
  });

  test('keeps what is known if the new one cannot be used, and says so once', () => {
    write('geosite.dat', list('a.test'));
    const held = geo.domains(site('mine'), []);
    write('geosite.dat', Buffer.from('nonsense'), 1_700_000_100);
    for (let count = 0; count < 5; count += 1) geo.refresh();
    assert.ok(held.current.names.has('a.test'));
    assert.equal(log.lines.filter((line) => line.startsWith('[warning]')).length, 1);
    write('geosite.dat', list('c.test'), 1_700_000_200);
    geo.refresh();
    geo.refresh();
    assert.ok(held.current.names.has('c.test'));
  });

  test('may be gone for a while', () => {
    write('geosite.dat', list('a.test'));
    const held = geo.domains(site('mine'), []);
    removeFolder(folder);
    geo.refresh();
    geo.refresh();
    assert.ok(held.current.names.has('a.test'));
    assert.equal(log.text, '');
  });
});
