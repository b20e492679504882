import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateV2rayFlags } from '../../../src/cli/v2ray-flags.js';

test("V2Ray's way to call it becomes commands", () => {
  const cases: readonly (readonly [given: string, meant: string])[] = [
    ['-config a.json', 'run --config a.json'],
    ['-config=a.json', 'run --config=a.json'],
    ['--config a.json', 'run --config a.json'],
    ['-c a.json -c b.json', 'run -c a.json -c b.json'],
    ['-confdir /etc/v2ray', 'run --confdir /etc/v2ray'],
    ['-test -config a.json', 'test --config a.json'],
    ['-config a.json -test', 'test --config a.json'],
    ['-format json -config stdin:', 'run --format json --config stdin:'],
    ['-version', 'version'],
    ['--version', 'version'],
    ['run -config a.json', 'run --config a.json'],
    ['run -c a.json', 'run -c a.json'],
    ['test --config a.json', 'test --config a.json'],
    ['uuid example', 'uuid example'],
    ['--help', '--help'],
    ['', ''],
  ];
  for (const [given, meant] of cases) {
    const args = given === '' ? [] : given.split(' ');
    assert.equal(translateV2rayFlags(args).join(' '), meant, given);
  }
});
