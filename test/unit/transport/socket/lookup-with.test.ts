import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressFamily, Resolver } from '../../../../src/contract/dns.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { lookupWith } from '../../../../src/transport/socket/lookup-with.js';

function answering(...hosts: string[]): { readonly resolver: Resolver; readonly asked: AddressFamily[] } {
  const asked: AddressFamily[] = [];
  return {
    asked,
    resolver: {
      resolve(_name, family) {
        asked.push(family);
        if (hosts.length === 0) return Promise.reject(new TsrayError('ERR_DNS', 'no such name'));
        return Promise.resolve(hosts.map(parseAddress));
      },
    },
  };
}

test('gives all addresses in order, or the first, as Node asks', async () => {
  const { asked, resolver } = answering('::1', '127.0.0.1');
  const lookup = lookupWith(resolver);
  const all = await new Promise((resolve) => {
    lookup('x', { all: true }, (_error, addresses) => resolve(addresses));
  });
  assert.deepEqual(all, [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]);
  const one = await new Promise((resolve) => {
    lookup('x', { family: 6 }, (_error, address, family) => resolve([address, family]));
  });
  assert.deepEqual(one, ['::1', 6]);
  await new Promise<void>((resolve) => lookup('x', { family: 'IPv4' }, () => resolve()));
  assert.deepEqual(asked, ['any', 'ipv6', 'ipv4']);
});

test('passes the resolver’s error on', async () => {
  const error = await new Promise((resolve) => {
    lookupWith(answering().resolver)('x', { all: true }, (fault) => resolve(fault));
  });
  assert.ok(error instanceof TsrayError);
  assert.equal(error.code, 'ERR_DNS');
});
