/** What newer cores write otherwise means the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundOf, outboundOf, problemLines, settingsOf, userId } from '../../helper/config.js';

const user = { id: userId, security: 'zero', level: 1, email: 'me', experiments: 'AuthenticatedLength' };
const listed = { vnext: [{ address: 'server.example', port: 443, users: [user] }] };

test('a vmess server directly in settings is the same as a list of one', () => {
  const flat = { address: 'server.example', port: 443, ...user };
  const expected = outboundOf({ protocol: 'vmess', settings: listed });
  assert.deepEqual(outboundOf({ protocol: 'vmess', settings: flat }), expected);
  assert.deepEqual(outboundOf({ Protocol: 'VMess', Settings: { ...flat, vnext: null } }), expected);
  assert.deepEqual(outboundOf({ protocol: 'vmess', settings: { ...flat, vnext: [] } }), expected);
  const xudp = { ...flat, packetEncoding: 'xudp' };
  assert.deepEqual(
    outboundOf({ protocol: 'vmess', settings: xudp }),
    outboundOf({ protocol: 'vmess', settings: { ...listed, packetEncoding: 'xudp' } }),
  );
});

test('so are those of socks and http outbounds, with and without a user', () => {
  for (const protocol of ['socks', 'http']) {
    const server = { address: '127.0.0.1', port: 1080 };
    const account = { user: 'u', pass: 'p' };
    assert.deepEqual(
      outboundOf({ protocol, settings: { ...server, ...account, level: 2 } }),
      outboundOf({ protocol, settings: { servers: [{ ...server, users: [{ ...account, level: 2 }] }] } }),
    );
    const text = JSON.stringify({
      inbounds: [{ protocol: 'socks', port: 1, settings: { udp: true } }],
      outbounds: [{ protocol, settings: server, tag: 't' }],
    });
    assert.deepEqual(settingsOf(text).outbounds, [
      { ...outboundOf({ protocol, settings: { servers: [server] }, tag: 't' }) },
    ]);
  }
});

test('a server in both places is refused', () => {
  const settings = { ...listed, address: 'other.example', port: 1, id: userId };
  const lines = problemLines(
    JSON.stringify({
      inbounds: [{ protocol: 'socks', port: 1 }],
      outbounds: [{ protocol: 'vmess', settings }],
    }),
  );
  assert.match(
    lines[0]!,
    /ERR_CONFIG_CONFLICT {2}outbounds\[0\]\.settings\.address: a server here and another/,
  );
});

test('users of inbounds by their newer name', () => {
  const users = [{ id: userId, email: 'a' }];
  assert.deepEqual(
    inboundOf({ protocol: 'vmess', port: 1, settings: { users } }),
    inboundOf({ protocol: 'vmess', port: 1, settings: { clients: users } }),
  );
  assert.deepEqual(
    inboundOf({ protocol: 'vmess', port: 1, settings: { users, clients: null } }),
    inboundOf({ protocol: 'vmess', port: 1, settings: { clients: users } }),
  );
  const accounts = [{ user: 'u', pass: 'p' }];
  for (const protocol of ['socks', 'http', 'mixed']) {
    const auth = protocol === 'http' ? {} : { auth: 'password' };
    const name = protocol === 'mixed' ? 'socks' : protocol;
    assert.deepEqual(
      inboundOf({ protocol, port: 1, settings: { ...auth, users: accounts } }),
      inboundOf({ protocol: name, port: 1, settings: { ...auth, accounts } }),
    );
  }
});

test('names of protocols, in any case', () => {
  const target = { address: '127.0.0.1', port: 53, network: 'tcp,udp' };
  const expected = inboundOf({ protocol: 'dokodemo-door', port: 1, settings: target });
  assert.deepEqual(inboundOf({ protocol: 'tunnel', port: 1, settings: target }), expected);
  const newer = { rewriteAddress: '127.0.0.1', rewritePort: 53, allowedNetwork: ['tcp', 'udp'] };
  assert.deepEqual(inboundOf({ protocol: 'Tunnel', port: 1, settings: newer }), expected);
  assert.equal(inboundOf({ protocol: 'MIXED', port: 1 }).protocol, 'socks');
  assert.equal(outboundOf({ protocol: 'direct' }).protocol, 'freedom');
  assert.equal(outboundOf({ protocol: 'Block' }).protocol, 'blackhole');
  const old = settingsOf(
    { inbound: { protocol: 'mixed', port: 1 }, outboundDetour: [{ protocol: 'direct' }] },
    {},
    [
      'config.json:1:2  warning  ERR_CONFIG_DEPRECATED  inbound: deprecated by V2Ray. Hint: Make it the first entry of the list "inbounds".',
      'config.json:1:42  warning  ERR_CONFIG_DEPRECATED  outboundDetour: deprecated by V2Ray. Hint: Put its entries into the list "outbounds", behind the first.',
    ],
  );
  assert.deepEqual([old.inbounds[0]!.protocol, old.outbounds[0]!.protocol], ['socks', 'freedom']);
});

test('a name of the other role stays an error', () => {
  for (const outbound of ['mixed', 'tunnel']) {
    const lines = problemLines(JSON.stringify({ inbounds: [], outbounds: [{ protocol: outbound }] }));
    assert.match(lines[0]!, /ERR_CONFIG_VALUE {2}outbounds\[0\]\.protocol: expected /);
  }
});

test('streamSettings.method is the network, before "network"', () => {
  const stream = (streamSettings: unknown) =>
    inboundOf({ protocol: 'socks', port: 1, streamSettings }).stream;
  assert.equal(stream({ method: 'ws' }).network, 'ws');
  assert.equal(stream({ network: 'tcp', method: 'httpupgrade' }).network, 'httpupgrade');
  assert.equal(stream({ network: 'ws', method: null }).network, 'ws');
});

test('freedom: targetStrategy is domainStrategy, with the words of newer cores', () => {
  const strategy = (settings: unknown) => {
    const outbound = outboundOf({ protocol: 'direct', settings });
    return outbound.protocol === 'freedom' ? outbound.settings.domainStrategy : undefined;
  };
  assert.equal(strategy({ targetStrategy: 'UseIPv6', domainStrategy: 'AsIs' }), 'UseIPv6');
  assert.equal(strategy({ targetStrategy: 'forceipv4' }), 'ForceIPv4');
  assert.equal(strategy({ domainStrategy: 'ForceIP' }), 'UseIP');
  assert.equal(strategy({ domainStrategy: 'UseIPv6v4' }), 'UseIPv6');
});

test('messages name the keys that the user wrote', () => {
  const inbounds = [
    {
      protocol: 'vmess',
      port: 1,
      settings: { users: [{ id: 'x y z, longer than a name: !!!!!!!!!!!!' }] },
    },
  ];
  const outbounds = [{ protocol: 'vmess', settings: { address: 'a b', port: 0, id: userId } }];
  assert.deepEqual(
    problemLines(JSON.stringify({ inbounds, outbounds })).map((line) => line.split('  ')[2]!.split(': ')[0]),
    ['inbounds[0].settings.users[0].id', 'outbounds[0].settings.address', 'outbounds[0].settings.port'],
  );
});
