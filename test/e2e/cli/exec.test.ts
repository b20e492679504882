/** `tsray exec LINK -- COMMAND` with real commands. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '../../helper/peer.js';
import { startTsray, type Tsray } from '../../helper/tsray.js';
import { spawnTsray } from '../../helper/tsray-process.js';

const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';

describe('tsray exec', () => {
  let server: Tsray;
  let web: Server;
  let url: string;
  let link: string;

  before(async () => {
    web = createServer((_request, response) => response.end('through\n'));
    web.listen(0, '127.0.0.1');
    await new Promise((resolve) => web.once('listening', resolve));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    server = await startTsray({
      log: { loglevel: 'info' },
      inbounds: [
        { protocol: 'vmess', tag: 'in', listen: '127.0.0.1', port: 0, settings: { clients: [{ id }] } },
      ],
      outbounds: [{ protocol: 'freedom' }],
    });
    const json = { v: '2', ps: 'test', add: '127.0.0.1', port: server.port('in'), id, aid: 0, net: 'tcp' };
    link = `vmess://${Buffer.from(JSON.stringify(json)).toString('base64')}`;
  });
  after(async () => {
    await server.close();
    await new Promise((resolve) => web.close(resolve));
  });

  test('curl goes through the server, by HTTP and by SOCKS', { skip: skipWithout('curl') }, async () => {
    const before = server.log.match(/accepted/g)?.length ?? 0;
    // The variables leave this machine out, which is where the test has its web server.
    for (const args of [[], ['--proxy', 'all']]) {
      const command =
        args.length === 0
          ? ['curl', '-sS', '--noproxy', '', url]
          : ['sh', '-c', `curl -sS --noproxy '' -x "$all_proxy" ${url}`];
      const run = spawnTsray(['exec', link, '--', ...command]);
      assert.deepEqual(await run.exit, { code: 0, signal: null }, run.output);
      assert.match(run.output, /through/);
    }
    assert.equal((server.log.match(/accepted/g)?.length ?? 0) - before, 2);
  });

  test('the exit code is that of the command, and arguments reach it as they are', async () => {
    const script =
      'console.log(JSON.stringify(process.argv.slice(1)), process.env.HTTPS_PROXY); process.exit(7)';
    const run = spawnTsray([
      'exec',
      link,
      '--',
      process.execPath,
      '-e',
      script,
      '--',
      '--server',
      'a b',
      '-x',
    ]);
    assert.deepEqual(await run.exit, { code: 7, signal: null });
    assert.match(run.output, /\["--server","a b","-x"\] http:\/\/127\.0\.0\.1:\d+/);
    assert.doesNotMatch(run.output, new RegExp(id));
  });

  test('a link from a file; a program that is not there; no command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tsray-'));
    const file = join(folder, 'link.txt');
    writeFileSync(file, link);
    const good = spawnTsray(['exec', '--file', file, '--', process.execPath, '-e', 'process.exit(0)']);
    assert.deepEqual(await good.exit, { code: 0, signal: null }, good.output);
    const missing = spawnTsray(['exec', '--file', file, '--', '/no/such/program']);
    assert.equal((await missing.exit).code, 1);
    assert.match(missing.output, /cannot run \/no\/such\/program: there is no such program/);
    const nothing = spawnTsray(['exec', link]);
    assert.equal((await nothing.exit).code, 1);
    assert.match(nothing.output, /no command was given/);
    rmSync(folder, { recursive: true });
  });
});
