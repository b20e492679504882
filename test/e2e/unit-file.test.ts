/** The systemd unit in the package is one that systemd takes, and runs commands that exist. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runChild } from '../helper/child.js';
import { findProgram } from '../helper/peer.js';
import { closedPort } from '../helper/ports.js';
import { projectRoot } from '../helper/project.js';
import { spawnTsray, tsrayProgram } from '../helper/tsray-process.js';

const text = readFileSync(join(projectRoot, 'packaging', 'tsray.service'), 'utf8');

test('systemd-analyze has nothing to say', {
  skip: findProgram('systemd-analyze') === undefined && 'no systemd-analyze',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
  const file = join(folder, 'tsray.service');
  // A program that exists here, and a user that every machine has.
  const here = text
    .replaceAll('/usr/local/bin/tsray', `${process.execPath} ${tsrayProgram}`)
    .replace(/^(User|Group)=tsray$/gm, '$1=root');
  writeFileSync(file, here);
  const { output } = await runChild('systemd-analyze', ['verify', '--man=no', file]);
  assert.doesNotMatch(output, /tsray/);
  rmSync(folder, { recursive: true });
});

test('its commands check the configuration and run it', async () => {
  const command = (key: string): readonly string[] => {
    const [, line = ''] = new RegExp(`^${key}=(.*)$`, 'm').exec(text) ?? [];
    const [program, ...args] = line.split(' ');
    assert.equal(program, '/usr/local/bin/tsray');
    return args;
  };
  const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
  const file = join(folder, 'config.json');
  const port = await closedPort();
  writeFileSync(
    file,
    JSON.stringify({
      inbounds: [{ protocol: 'http', listen: '127.0.0.1', port }],
      outbounds: [{ protocol: 'freedom' }],
    }),
  );
  const here = (args: readonly string[]): readonly string[] =>
    args.map((arg) => (arg === '/etc/tsray/config.json' ? file : arg));
  const checked = spawnTsray(here(command('ExecStartPre')));
  assert.deepEqual(await checked.exit, { code: 0, signal: null });
  const running = spawnTsray(here(command('ExecStart')), {
    env: { RUNTIME_DIRECTORY: folder, XDG_RUNTIME_DIR: '' },
  });
  await running.line(/started/);
  assert.match(text, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  running.kill('SIGHUP');
  await running.line(/reloaded, nothing differs/);
  running.kill('SIGTERM');
  assert.deepEqual(await running.exit, { code: 0, signal: null });
  rmSync(folder, { recursive: true });
});
