/**
 * `npm start` as a new user types it. TSRAY_CHECKOUT names another checkout to start, such as a fresh clone where nothing
 * is installed yet.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Child } from '../helper/child.js';
import { curl } from '../helper/curl.js';
import { eventually } from '../helper/eventually.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { payloadSha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { projectRoot } from '../helper/project.js';
import { cleanEnvironment } from '../helper/tsray-process.js';

const checkout = process.env['TSRAY_CHECKOUT'] ?? projectRoot;

describe('npm start', { skip: skipWithout('curl') }, () => {
  let origin: HttpOrigin;
  let port: number;

  const start = (group: boolean): Child =>
    new Child('npm', ['start', '--', '--port', String(port)], {
      cwd: checkout,
      env: cleanEnvironment(),
      group,
    });
  const freed = (): Promise<boolean> =>
    eventually('the port is free again', async () => {
      const { code } = await curl('--proxy', `http://127.0.0.1:${port}`, `http://127.0.0.1:${origin.port}/`);
      return code === 7 || code === 5;
    });

  before(async () => {
    origin = await startHttpOrigin();
    [port = 0] = await freePorts(1);
  });
  after(() => origin.close());

  test('prints three lines to paste that work as printed, names the flag when the port is busy', async () => {
    const program = start(true);
    try {
      const install = 180_000;
      const socks = await program.line(new RegExp(`curl .*socks5h://127\\.0\\.0\\.1:${port}`), install);
      const http = await program.line(new RegExp(`curl .*http://127\\.0\\.0\\.1:${port}`));
      const variables = await program.line(/export .*(https?|all)_proxy=/i);
      for (const line of [socks, http]) {
        const [name, option = '', proxy = ''] = line.trim().split(' ');
        assert.equal(name, 'curl');
        const result = await curl(option, proxy, `http://127.0.0.1:${origin.port}/bytes/1000000`);
        assert.equal(result.code, 0, result.stderr);
        assert.equal(result.sha256, payloadSha256(1_000_000));
      }
      assert.ok(variables.includes(`127.0.0.1:${port}`));
      await program.line(/Ctrl-C/);
      const second = start(true);
      await second.exit;
      assert.match(second.output, new RegExp(`ERR_LISTEN.*${port}.*in use.*--port`));
      assert.doesNotMatch(second.output, /\n\s+at /);
    } finally {
      program.kill('SIGINT');
      await program.exit;
    }
    await freed();
    assert.doesNotMatch(program.output, /[0-9a-f]{8}-[0-9a-f]{4}-/, 'the user ID stays in memory');
    assert.doesNotMatch(program.output, /\n\s+at /);
  });

  test('ends too when npm alone is told to', async () => {
    const program = start(false);
    await program.line(/Ctrl-C/);
    program.kill('SIGTERM');
    await freed();
    await program.exit;
  });
});
