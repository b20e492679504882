import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatPath, formatProblem } from '../../../src/config/problem.js';
import { problemLines, settingsOf, userId } from '../../helper/config.js';

test('all three comment forms are left out, but not inside strings', () => {
  const { log, inbounds } = settingsOf(`// first
# second
{ /* third
  over two lines */
  "log": { "access": "/a//b#c/*d*/" }, // behind a value
  "inbounds": [ # behind a bracket
    { "protocol": /**/ "socks", "port": 1080 } /* "port": 1 */
  ],
  "outbounds": [{ "protocol": "freedom" }] # }
}
// "at the end"`);
  assert.equal(log.access, '/a//b#c/*d*/');
  assert.deepEqual(inbounds[0]?.ports, [1080]);
});

test('comments do not move positions', () => {
  const text = `/* one
two */ { # three "
  "log": { "loglevel": /* four */ "loud" } }`;
  assert.match(problemLines(text)[0] ?? '', /^config\.json:3:35 {2}ERR_CONFIG_VALUE {2}log\.loglevel: /);
});

test('keys count without regard to case, and the path shows their usual spelling', () => {
  const text = `{ "INBOUNDS": [{ "Protocol": "SOCKS", "PORT": 1080, "SETTINGS": { "UDP": 1 } }],
    "OutBounds": [{ "protocol": "freedom" }] }`;
  assert.deepEqual(problemLines(text), [
    'config.json:1:74  ERR_CONFIG_VALUE  inbounds[0].settings.udp: expected true or false, found 1',
  ]);
});

test('of a key given twice the last counts', () => {
  const text = `{ "inbounds": [{ "protocol": "socks", "port": 1, "Port": 2, "port": 3 }],
    "outbounds": [{ "protocol": "freedom" }] }`;
  const { settings, warnings } = parseConfig(text);
  assert.deepEqual(settings?.inbounds[0]?.ports, [3]);
  assert.deepEqual(
    warnings.map(({ column, message }) => [column, message]),
    [
      [50, 'given twice; this one is used, the one in line 1 is not'],
      [61, 'given twice; this one is used, the one in line 1 is not'],
    ],
  );
});

test('null counts as absent', () => {
  settingsOf({
    log: null,
    inbounds: [{ protocol: 'socks', port: 1, settings: null, tag: null, allocate: null, sniffing: null }],
    outbounds: [{ protocol: 'freedom', settings: { domainStrategy: null }, mux: null, proxySettings: null }],
  });
});

test('a byte order mark and every kind of line end are fine', () => {
  assert.deepEqual(problemLines('\uFEFF{\r\n"log": 1,\r"policy": 2,\n"inbounds": 3, "outbounds": 4}'), [
    'config.json:2:8  ERR_CONFIG_VALUE  log: expected an object, found a number',
    'config.json:3:11  ERR_CONFIG_VALUE  policy: expected an object, found a number',
    'config.json:4:13  ERR_CONFIG_VALUE  inbounds: expected a list, found a number. Hint: Put it in brackets: [ ... ].',
    'config.json:4:29  ERR_CONFIG_VALUE  outbounds: expected a list, found a number. Hint: Put it in brackets: [ ... ].',
  ]);
});

test('problems are sorted by position and carry the file name', () => {
  const text = `{ "outbounds": [{ "protocol": "fredom" }],
"inbounds": [{ "protocol": "soks", "port": "x" }],
"log": { "loglevel": "x" } }`;
  const { errors } = parseConfig(text, { fileName: '/etc/tsray.json' });
  assert.deepEqual(
    errors.map(({ file, line, column }) => `${file}:${line}:${column}`),
    ['/etc/tsray.json:1:31', '/etc/tsray.json:2:28', '/etc/tsray.json:2:44', '/etc/tsray.json:3:22'],
  );
});

test('errors in the values are found behind errors of the commas', () => {
  const lines = problemLines(`{ "log": { "loglevel": "x", }, "policy": 1,
"inbounds": 2 "outbounds": 3 }`);
  assert.deepEqual(
    lines.map((line) => line.split('  ').slice(0, 2).join(' ')),
    [
      'config.json:1:24 ERR_CONFIG_VALUE',
      'config.json:1:27 ERR_CONFIG_SYNTAX',
      'config.json:1:42 ERR_CONFIG_VALUE',
      'config.json:2:13 ERR_CONFIG_VALUE',
      'config.json:2:15 ERR_CONFIG_SYNTAX',
      'config.json:2:28 ERR_CONFIG_VALUE',
    ],
  );
});

test('strict makes unknown keys errors and nothing else', () => {
  const text = `{ "inbounds": [{ "protocol": "socks", "port": 1, "port": 2, "x": 1 }],
"outbounds": [{ "protocol": "freedom" }] }`;
  const { settings, errors, warnings } = parseConfig(text, { strict: true });
  assert.equal(settings, undefined);
  assert.deepEqual(errors.map(formatProblem), [
    'config.json:1:61  ERR_CONFIG_KEY  inbounds[0]: unknown key "x"',
  ]);
  assert.equal(warnings.length, 1);
});

test('IDs and passwords appear in no message, wherever they are put', () => {
  const secret = 'hunter2-hunter2-hunter2-hunter2-hunter2';
  const places = [
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [{ id: secret }] } }] },
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [secret] } }] },
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: secret } }] },
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [{ [userId]: secret, id: userId }] } }] },
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [{ id: userId }, { id: userId }] } }] },
    { inbounds: [{ protocol: 'vmess', port: 1, settings: { clients: [{ id: userId.slice(0, 20) }] } }] },
    { inbounds: [{ protocol: 'http', port: 1, settings: { accounts: [{ user: 'u', pass: [secret] }] } }] },
    { inbounds: [{ protocol: 'http', port: 1, settings: { accounts: { u: secret } } }] },
    { inbounds: [{ protocol: 'http', port: 1, settings: { accounts: [secret] } }] },
    { outbounds: [{ protocol: 'socks', settings: { servers: [{ users: [{ pass: { secret } }] }] } }] },
    { outbounds: [{ protocol: 'vmess', settings: { vnext: [{ users: [{ id: secret }] }] } }] },
    { outbounds: [{ protocol: 'vmess', settings: { vnext: [{ users: secret }] } }] },
    { outbounds: [{ protocol: 'vmess', settings: { id: secret, uuid: userId } }] },
  ];
  for (const place of places) {
    const lines = problemLines(JSON.stringify(place)).join('\n');
    assert.notEqual(lines, '');
    assert.ok(!lines.includes('hunter2') && !lines.includes('b831381d'), lines);
  }
  for (const broken of [
    `{ "id": ${secret} }`,
    `{ "id": '${secret}' }`,
    `{ "id" "${secret}" }`,
    `{ "id": "${secret}`,
  ]) {
    assert.ok(!problemLines(broken).join('\n').includes('hunter2'));
  }
});

test('paths quote unusual keys', () => {
  assert.equal(formatPath(['inbounds', 0, 'settings', 'a.b', 'x']), 'inbounds[0].settings["a.b"].x');
  assert.equal(formatPath([]), '');
  assert.equal(formatPath(['policy', 'levels', '0']), 'policy.levels.0');
});

test('a server of 10,000 users is read at once', () => {
  const clients = Array.from({ length: 10_000 }, (_, index) => ({
    id: `b831381d-6324-4d53-ad4f-${String(index).padStart(12, '0')}`,
    email: `user${index}@example.com`,
  }));
  const config = {
    inbounds: [{ protocol: 'vmess', port: 1, settings: { clients } }],
    outbounds: [{ protocol: 'freedom' }],
  };
  const [inbound] = settingsOf(config).inbounds;
  assert.equal(inbound?.protocol === 'vmess' ? inbound.settings.clients.length : 0, 10_000);
});
