import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createNameService,
  isLocalhost,
  parseHostSources,
} from '../../../../src/transport/dns/name-service.js';

test('reads the sources of host names', () => {
  const text = 'passwd: files\nhosts:  mymachines resolve [!UNAVAIL=return] files myhostname dns # all\n';
  assert.deepEqual(parseHostSources(text), ['mymachines', 'resolve', 'files', 'myhostname', 'dns']);
  assert.deepEqual(parseHostSources('hosts:files dns'), ['files', 'dns']);
  assert.deepEqual(parseHostSources('passwd: files'), []);
});

test('the system alone is asked for multicast names, names it makes up, and its own', () => {
  const service = createNameService(['files', 'mdns4_minimal', 'dns'], 'Box.example');
  for (const name of ['printer.local', 'PRINTER.LOCAL.', '_gateway', 'box.example', 'BOX.example.']) {
    assert.equal(service.systemOnly(name), true, name);
  }
  for (const name of ['example.com', 'local.example.com', 'box']) {
    assert.equal(service.systemOnly(name), false, name);
  }
  assert.equal(createNameService(['files', 'dns'], 'box').systemOnly('printer.local'), false);
});

test('everything is the system’s where neither DNS nor systemd-resolved is a source', () => {
  assert.equal(createNameService(['files', 'ldap'], 'box').systemOnly('example.com'), true);
  assert.equal(createNameService(['files', 'resolve'], 'box').systemOnly('example.com'), false);
  assert.equal(createNameService([], 'box').systemOnly('example.com'), false);
});

test('sources of other kinds are asked for what no name server knows', () => {
  assert.equal(createNameService(['files', 'dns'], 'box').systemAfterwards('vm'), false);
  assert.equal(createNameService(['files', 'libvirt', 'dns'], 'box').systemAfterwards('vm.x'), true);
  const machines = createNameService(['mymachines', 'resolve', 'files', 'myhostname', 'dns'], 'box');
  assert.equal(machines.systemAfterwards('container'), true);
  assert.equal(machines.systemAfterwards('example.com'), false);
});

test('localhost and the names below it', () => {
  for (const name of ['localhost', 'LOCALHOST.', 'a.localhost']) assert.equal(isLocalhost(name), true, name);
  for (const name of ['localhost.example', 'notlocalhost']) assert.equal(isLocalhost(name), false, name);
});
