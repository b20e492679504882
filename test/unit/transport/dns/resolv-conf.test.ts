import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullNames, parseResolvConf } from '../../../../src/transport/dns/resolv-conf.js';

test('reads servers, suffixes and options', () => {
  assert.deepEqual(
    parseResolvConf(
      [
        '# made by hand',
        '; so is this',
        'domain old.example',
        'nameserver 127.0.0.53',
        'nameserver fe80::1%lo',
        'nameserver example.com',
        'nameserver\t::1   # the fourth is one too many',
        'nameserver 127.0.0.4',
        'search a.example. b.example',
        'options edns0 ndots:2 timeout:3 attempts:4',
      ].join('\n'),
    ),
    {
      nameServers: ['127.0.0.53', 'fe80::1%lo', '::1'],
      search: ['a.example', 'b.example'],
      ndots: 2,
      timeoutSeconds: 3,
      attempts: 4,
    },
  );
});

test('an empty file has no servers and the C library’s defaults', () => {
  assert.deepEqual(parseResolvConf(''), { nameServers: [], search: [], ndots: 1 });
});

test('bounds what the options say', () => {
  const conf = parseResolvConf('options ndots:99 timeout:999 attempts:0 ndots:x');
  assert.deepEqual([conf.ndots, conf.timeoutSeconds, conf.attempts], [15, 30, 1]);
});

test('short names are tried with the suffixes first, others afterwards, full ones never', () => {
  const conf = parseResolvConf('search a.example b.example\noptions ndots:2');
  assert.deepEqual(fullNames('www', conf), ['www.a.example', 'www.b.example', 'www']);
  assert.deepEqual(fullNames('w.x', conf), ['w.x.a.example', 'w.x.b.example', 'w.x']);
  assert.deepEqual(fullNames('w.x.y', conf), ['w.x.y', 'w.x.y.a.example', 'w.x.y.b.example']);
  assert.deepEqual(fullNames('www.', conf), ['www']);
  assert.deepEqual(fullNames('www', parseResolvConf('')), ['www']);
});
