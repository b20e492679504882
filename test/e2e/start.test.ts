/**
 * `npm start` as a new user types it. TSRAY_CHECKOUT names another checkout to start, such as a fresh clone where nothing
 * is installed yet.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Child } from '../helper/child.js';
import { curl } from '../helper/curl.js';
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

  const start = (chosen: number): Child =>
    new Child('npm', ['start', '--', '--port', String(chosen)], { cwd: checkout, env: cleanEnvironment() });

  before(async () => {
    origin = await startHttpOrigin();
    [port = 0] = await freePorts(1);
  });
  after(() => origin.close());

  test('prints three lines to paste that work as printed, and stops on Ctrl-C with code 0', async () => {
    const program = start(port);
    try {
      const install = 180_000;
      const socks = await program.line(new RegExp(`curl .*socks5h://127\\.0\\.0\\.1:${port}`), install);
      const http = await program.line(new RegExp(`curl .*http://127\\.0\\.0\\.1:${port}`));
      const variables = await program.line(/export .*(https?|all)_proxy=/i);
      for (const line of [socks, http]) {
        const proxy = /(socks5h|http):\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
        const result = await curl('--proxy', proxy, `http://127.0.0.1:${origin.port}/bytes/1000000`);
        assert.equal(result.code, 0, result.stderr);
        assert.equal(result.sha256, payloadSha256(1_000_000));
      }
      assert.ok(variables.includes(`127.0.0.1:${port}`));
      const second = start(port);
      assert.equal((await second.exit).code, 1);
      assert.match(second.output, new RegExp(`127\\.0\\.0\\.1:${port}.*in use[^]*--port`));
      assert.doesNotMatch(second.output, /\n\s+at /);
    } finally {
      program.kill('SIGINT');
    }
    assert.deepEqual(await program.exit, { code: 0, signal: null }, program.output);
    assert.doesNotMatch(program.output, /[0-9a-f]{8}-[0-9a-f]{4}-/, 'the user ID stays in memory');
  });
});
