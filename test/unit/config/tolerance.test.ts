/** What V2Ray's JSON decoding lets pass, and messages that real files must not draw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundOf, outboundOf, problemLines, userId } from '../../helper/config.js';

test('null is as if the key were not there, at every level', () => {
  const user = { id: userId, alterId: null, level: null, email: null, security: null };
  const nulls = {
    protocol: 'vmess',
    tag: null,
    settings: { vnext: [{ address: 'a', port: 1, users: [user] }], packetEncoding: null },
    streamSettings: { network: null, security: null, wsSettings: null, sockopt: null, tlsSettings: null },
    mux: null,
    proxySettings: null,
    sendThrough: null,
  };
  const bare = {
    protocol: 'vmess',
    settings: { vnext: [{ address: 'a', port: 1, users: [{ id: userId }] }] },
  };
  assert.deepEqual(outboundOf(nulls), outboundOf(bare));
  assert.deepEqual(
    inboundOf({ protocol: 'socks', port: 1, settings: null, allocate: null, sniffing: null, listen: null }),
    inboundOf({ protocol: 'socks', port: 1 }),
  );
  assert.deepEqual(
    problemLines('{"log":null,"dns":null,"routing":null,"policy":null,"inbounds":null,"outbounds":null}')
      .length,
    2,
  );
});

test('a null among texts is an empty one', () => {
  const stream = (alpn: unknown) =>
    outboundOf({ protocol: 'freedom', streamSettings: { security: 'tls', tlsSettings: { alpn } } }).stream;
  assert.deepEqual(stream(['h2', null]), stream(['h2']));
  assert.deepEqual(stream(null), stream([]));
  const hosts = (host: unknown) =>
    outboundOf({ protocol: 'freedom', streamSettings: { network: 'h2', httpSettings: { host } } }).stream;
  assert.deepEqual(hosts([null, 'a.example']), hosts('a.example'));
});

test('an empty address of a dokodemo-door is none', () => {
  const lines = problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'tunnel', port: 1, settings: { address: '', followRedirect: true } }],
      outbounds: [{ protocol: 'freedom' }],
    }),
  );
  assert.ok(
    lines.every((line) => !line.includes('settings.address')),
    lines.join('\n'),
  );
  const without = problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'tunnel', port: 1, settings: { address: ' ', port: 1 } }],
      outbounds: [{ protocol: 'freedom' }],
    }),
  );
  assert.match(without[0]!, /settings\.address: expected an IP address or a domain name/);
});

test('one text with commas is a list of texts', () => {
  const stream = (alpn: unknown) =>
    outboundOf({ protocol: 'freedom', streamSettings: { security: 'tls', tlsSettings: { alpn } } }).stream;
  assert.deepEqual(stream('h2,http/1.1'), stream(['h2', 'http/1.1']));
  assert.deepEqual(inboundOf({ protocol: 'socks', port: '1080' }).ports, [1080]);
});

const door = (more: object, routing?: object) =>
  problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'dokodemo-door', port: 1, settings: { address: '127.0.0.1' }, ...more }],
      outbounds: [{ protocol: 'freedom' }],
      ...(routing === undefined ? {} : { routing }),
    }),
  ).filter((line) => line.includes('connections will fail'));

test('an inbound whose connections a rule takes needs no port to lead to', () => {
  const rule = { type: 'field', inboundTag: ['api'], outboundTag: 'api' };
  assert.deepEqual(door({ tag: 'api' }, { rules: [rule] }), []);
  assert.deepEqual(door({ tag: 'api' }, { rules: [{ ...rule, inboundTag: 'x,api' }] }), []);
  assert.deepEqual(door({ tag: 'api' }, { settings: { rules: [rule] } }), []);
  assert.deepEqual(door({ tag: 'api', protocol: 'tunnel' }, { rules: [rule] }), []);
  assert.equal(door({ tag: 'api' }).length, 1);
  assert.equal(door({ tag: 'other' }, { rules: [rule] }).length, 1);
  assert.equal(door({ protocol: 'tunnel' }).length, 1);
});

test('"did you mean" never suggests a key that is there already', () => {
  const hints = (settings: object) =>
    problemLines(
      JSON.stringify({
        inbounds: [{ protocol: 'vmess', port: 1, settings }],
        outbounds: [{ protocol: 'freedom' }],
      }),
    ).filter((line) => line.includes('unknown key'));
  const clients = [{ id: userId }];
  assert.match(hints({ clients, client: [] })[0]!, /unknown key "client"$/);
  assert.match(hints({ client: clients })[0]!, /Did you mean "clients"\?$/);
  assert.match(hints({ clients, id: userId })[0]!, /unknown key "id"$/);
  assert.match(hints({ clients: [], id: userId })[0]!, /It belongs inside "clients"/);
  assert.match(hints({ clients, users: clients })[0]!, /unknown key "users"$/);
});
