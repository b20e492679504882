import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDialResolver } from '../../../src/compose/dial-resolver.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { Resolver } from '../../../src/contract/dns.js';
import { TsrayError } from '../../../src/core/errors.js';
import { parseAddress } from '../../../src/core/net/address.js';

function answering(host: string | TsrayError): { readonly resolver: Resolver; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolver: {
      resolve(name, family) {
        asked.push(`${name} ${family}`);
        return typeof host === 'string' ? Promise.resolve([parseAddress(host)]) : Promise.reject(host);
      },
    },
  };
}

test('the DNS client is asked for the families of the strategy, or of the socket', async () => {
  const dns = answering('127.0.0.5');
  const system = answering('127.0.0.6');
  const resolver = createDialResolver('UseIPv4', dns.resolver, system.resolver);
  assert.equal((await resolver.resolve('a.test', 'any'))[0]!.host, '127.0.0.5');
  await resolver.resolve('a.test', 'ipv6');
  assert.deepEqual(dns.asked, ['a.test ipv4', 'a.test ipv6']);
  assert.deepEqual(system.asked, []);
});

test('a name that it does not have is the system’s; giving up is not', async () => {
  const system = answering('127.0.0.6');
  const missing = answering(new TsrayError('ERR_DNS', 'none'));
  const resolver = createDialResolver('UseIP', missing.resolver, system.resolver);
  assert.equal((await resolver.resolve('a.test', 'any'))[0]!.host, '127.0.0.6');
  const aborted = answering(new TsrayError('ERR_ABORTED', 'given up'));
  const other = createDialResolver('UseIP', aborted.resolver, system.resolver);
  await assert.rejects(other.resolve('a.test', 'any'), { code: 'ERR_ABORTED' });
  assert.equal(system.asked.length, 1);
});

test('an outbound’s domainStrategy is read in every spelling', () => {
  for (const [word, strategy] of [
    ['AsIs', undefined],
    ['UseIP', 'UseIP'],
    ['USE_IP4', 'UseIPv4'],
    ['UseIPv6', 'UseIPv6'],
  ] as const) {
    const { settings } = parseConfig(
      JSON.stringify({ outbounds: [{ protocol: 'freedom', domainStrategy: word }] }),
    );
    assert.equal(settings!.outbounds[0]!.dialStrategy, strategy, word);
  }
});
