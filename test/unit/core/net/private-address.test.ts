import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../../src/core/net/address.js';
import { isPrivateAddress } from '../../../../src/core/net/private-address.js';

const inside: Record<string, readonly string[]> = {
  loopback: ['127.0.0.1', '127.255.255.255', '::1'],
  unspecified: ['0.0.0.0', '0.255.255.255', '::'],
  private: ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  CGNAT: ['100.64.0.0', '100.127.255.255'],
  'link-local': ['169.254.0.0', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0', 'fec0::1'],
  'unique local': ['fc00::', 'fdff:ffff::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'broadcast and reserved': ['255.255.255.255', '240.0.0.1', '100::1'],
  benchmarking: ['198.18.0.0', '198.19.255.255'],
  metadata: ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  'IPv4-mapped': ['::ffff:127.0.0.1', '::ffff:169.254.169.254', '::ffff:a00:1'],
  'IPv4-compatible': ['::127.0.0.1', '::10.0.0.1'],
  'IPv4-translated': ['::ffff:0:192.168.1.1'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::8.8.8.8'],
  '6to4': ['2002:7f00:1::1', '2002:a9fe:a9fe::', '2002:c0a8:101::1'],
  ISATAP: ['2001:db8::5efe:10.0.0.1', '2001:db8::200:5efe:127.0.0.1'],
  Teredo: ['2001:0:808:808::80ff:fffe', '2001:0:7f00:1::f7f7:f7f7'],
  names: ['localhost', 'example.com'],
};

const outside = [
  '1.0.0.0',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450::8',
  'fbff::1',
  'fe00::1',
  '::ffff:8.8.8.8',
  '::8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
  '2001:0:808:808::f7f7:f7f7',
  '2001:db8::5eff:10.0.0.1',
];

for (const [kind, hosts] of Object.entries(inside)) {
  test(`${kind}: is private`, () => {
    for (const host of hosts) assert.equal(isPrivateAddress(parseAddress(host)), true, host);
  });
}

test('neighbours of the ranges and addresses of the internet are not private', () => {
  for (const host of outside) assert.equal(isPrivateAddress(parseAddress(host)), false, host);
});
