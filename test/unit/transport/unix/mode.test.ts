/** Permissions of Unix sockets: what the suffix says, and what is there without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { createStreamListen } from '../../../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { splitUnixMode, unixListenSettings } from '../../../../src/transport/unix/name.js';
import { users } from '../../../helper/configs.js';
import { transportDeps } from '../../../helper/stack.js';
import { wsSettings } from '../../../helper/upgrade-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-mode-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = process.platform === 'win32' ? 'there are no permissions' : false;

const domainsocket = (path: string, mode?: number): StreamSettings => ({
  network: 'domainsocket',
  unix: { path, abstract: false, padding: false, ...(mode === undefined ? {} : { mode }) },
  sockopt: { acceptProxyProtocol: false },
});

async function modeOf(settings: StreamSettings, host: string, file: string): Promise<string> {
  const listener = await createStreamListen(settings, transportDeps())(host, 0, () => undefined);
  const { mode } = statSync(file);
  await listener.close();
  return (mode & 0o777).toString(8);
}

const file = join(folder, 'v.sock');
const cases: readonly (readonly [string, StreamSettings, string, string])[] = [
  ['listen with 0666', plainTcp, `${file},0666`, '666'],
  ['listen with 0666, under ws', wsSettings(), `${file},0666`, '666'],
  ['listen with 600', plainTcp, `${file},600`, '600'],
  ['listen without permissions', plainTcp, file, '755'],
  ['domainsocket with 0660', domainsocket(file, 0o660), '127.0.0.1', '660'],
  ['domainsocket without permissions', domainsocket(file), '127.0.0.1', '755'],
];

for (const umask of [0o000, 0o022, 0o077]) {
  for (const [what, settings, host, wanted] of cases) {
    test(`umask ${umask.toString(8)}: ${what} is ${wanted}`, { skip }, async () => {
      const before = process.umask(umask);
      try {
        assert.equal(await modeOf(settings, host, file), wanted);
        assert.equal(process.umask(), umask, 'the umask is what it was');
      } finally {
        process.umask(before);
      }
    });
  }
}

test('only digits behind the last comma are permissions', () => {
  assert.deepEqual(splitUnixMode('/run/v.sock,0666'), { path: '/run/v.sock', mode: 0o666 });
  assert.deepEqual(splitUnixMode('/run/a,b.sock'), { path: '/run/a,b.sock' });
  assert.deepEqual(splitUnixMode('/run/a,b,0600'), { path: '/run/a,b', mode: 0o600 });
  assert.deepEqual(unixListenSettings('@name,0666'), { path: 'name,0666', abstract: true, padding: false });
  for (const bad of ['/v,0999', '/v,7', '/v,1777', '/v,00666']) {
    assert.throws(() => splitUnixMode(bad), { code: 'ERR_CONFIG_VALUE' });
  }
});

function configured(inbound: object) {
  const base = { protocol: 'vmess', settings: { clients: [users.aead] } };
  return parseConfig(
    JSON.stringify({ inbounds: [{ ...base, ...inbound }], outbounds: [{ protocol: 'freedom' }] }),
  );
}

test('configurations: the suffix is read in listen and dsSettings, and refused where it is no permissions', () => {
  assert.equal(configured({ listen: '/run/v.sock,0666' }).settings?.inbounds[0]?.listen, '/run/v.sock,0666');
  const { settings } = configured({
    port: 1,
    streamSettings: { network: 'domainsocket', dsSettings: { path: '/run/v.sock,0660' } },
  });
  const stream = settings?.inbounds[0]?.stream;
  assert.ok(stream?.network === 'domainsocket');
  assert.equal(stream.unix.path, '/run/v.sock');
  assert.equal(stream.unix.mode, 0o660);
  const bad = [
    configured({ listen: '/run/v.sock,0999' }),
    configured({
      port: 1,
      streamSettings: { network: 'domainsocket', dsSettings: { path: '/run/v.sock,9' } },
    }),
  ];
  for (const { errors } of bad) assert.match(JSON.stringify(errors), /octal digits/);
});
