import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostKey, parseHostsFile } from '../../../../src/transport/dns/hosts-file.js';

test('gives each name of a line its address, in any case, in the order of the file', () => {
  const table = parseHostsFile(
    [
      '# a comment',
      '127.0.0.1\tlocalhost  Loop.Example # not.this',
      '::1 localhost ip6-localhost',
      '127.0.0.1 localhost',
      '   127.0.0.9 indented.example.\r',
      '',
    ].join('\n'),
  );
  assert.deepEqual(table.get('localhost'), [
    { kind: 'ipv4', host: '127.0.0.1' },
    { kind: 'ipv6', host: '::1' },
  ]);
  assert.deepEqual(table.get('loop.example'), [{ kind: 'ipv4', host: '127.0.0.1' }]);
  assert.deepEqual(table.get('indented.example'), [{ kind: 'ipv4', host: '127.0.0.9' }]);
  assert.equal(table.has('not.this'), false);
  assert.equal(table.size, 4);
});

test('passes over lines without an address that a name alone can reach', () => {
  const table = parseHostsFile('name 127.0.0.1\n1.2.3 a\nfe80::1%lo b\n127.0.0.1\n#127.0.0.1 c\n');
  assert.equal(table.size, 0);
});

test('a name is the same in any case and with a final dot', () => {
  assert.equal(hostKey('WWW.Example.'), 'www.example');
});
