import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcPaths } from '../../../../src/transport/grpc/path.js';

const cases: Readonly<Record<string, readonly [tun: string, tunMulti: string]>> = {
  GunService: ['/GunService/Tun', '/GunService/TunMulti'],
  '': ['//Tun', '//TunMulti'],
  'my.pkg.Gun-1_~': ['/my.pkg.Gun-1_~/Tun', '/my.pkg.Gun-1_~/TunMulti'],
  'a b/c': ['/a%20b%2Fc/Tun', '/a%20b%2Fc/TunMulti'],
  é: ['/%C3%A9/Tun', '/%C3%A9/TunMulti'],
  '/a/b/Up|Down': ['/a/b/Up', '/a/b/Down'],
  '/a/b/Up': ['/a/b/Up', '/a/b/Up'],
  '/a b/c d|e f': ['/a%20b/c%20d', '/a%20b/e%20f'],
};

for (const [serviceName, [tun, tunMulti]] of Object.entries(cases)) {
  test(`serviceName "${serviceName}"`, () => assert.deepEqual(grpcPaths(serviceName), { tun, tunMulti }));
}
