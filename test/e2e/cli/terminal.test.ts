/**
 * A person's path at a terminal: a server from nothing, its link as a QR code, a client from the link. What the screen
 * shows is compared, with times, ports and IDs made equal.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { curl } from '../../helper/curl.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { skipWithout } from '../../helper/peer.js';
import { freePorts } from '../../helper/ports.js';
import { drawnHalves, scanModules } from '../../helper/qr-screen.js';
import { Terminal } from '../../helper/tmux.js';
import { tsrayProgram } from '../../helper/tsray-process.js';

describe('at a terminal', { skip: skipWithout('tmux', 'curl') }, () => {
  let folder: string;
  let origin: HttpOrigin;
  let serverPort: number;
  let proxyPort: number;
  let first: Terminal;
  let second: Terminal;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tsray-terminal-'));
    origin = await startHttpOrigin();
    [serverPort = 0, proxyPort = 0] = await freePorts(2);
    const program = join(folder, 'tsray');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${tsrayProgram}' "$@"\n`);
    chmodSync(program, 0o755);
    const env = {
      HOME: folder,
      PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
    };
    first = new Terminal({ folder, env });
    second = new Terminal({ folder, env });
  });
  after(async () => {
    first.close();
    second.close();
    await origin.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The screen with times, ports and the folder made equal. */
  function plain(lines: readonly string[]): readonly string[] {
    return lines.map((line) =>
      line
        .replaceAll(String(serverPort), 'SERVER')
        .replaceAll(String(proxyPort), 'PROXY')
        .replaceAll(String(origin.port), 'TARGET')
        .replace(/ +\d+ ms/g, ' N ms')
        .replace(/ +(?=transport|dial)/g, '  ')
        .replace(/(?:0\.0\.0\.0|\[::\]):/, 'ANY:')
        .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, 'ID'),
    );
  }

  test('init, test and run a server', async () => {
    assert.deepEqual(plain(await first.run(`tsray init server --port ${serverPort}`)), [
      'Wrote config.json.',
      'It has a fresh user ID and port SERVER. Next:',
      '  tsray test                 checks it',
      '  tsray run                  starts the server',
      '  tsray link --address HOST  prints the link for clients; HOST is this machine',
    ]);
    assert.deepEqual(await first.run('tsray init server'), [
      'tsray: ERR_USAGE: config.json exists already and is left as it is. Hint: Remove',
      'it, or name another file.',
    ]);
    assert.deepEqual(await first.run('tsray test'), ['The configuration is fine: 1 inbound, 1 outbound.']);
    await first.type('tsray run');
    assert.deepEqual(plain(await first.until(/started/, 'tsray run')), [
      'tsray: vmess listens on ANY:SERVER',
      'tsray: started',
    ]);
  });

  test('link: a QR code that a camera can read', async () => {
    await second.run('tsray link --address 127.0.0.1 --style url | tee link.txt');
    const [link = ''] =
      second
        .screen()
        .join('')
        .match(/vmess:.*#vmess/) ?? [];
    assert.match(link, /^vmess:\/\/[0-9a-f-]{36}@127\.0\.0\.1:\d+\?/);
    const lines = await second.run('tsray link --address 127.0.0.1 --style url');
    assert.equal(lines[0], 'vmess');
    const drawn = lines.filter((line) => /[█▀▄]/.test(line));
    // The two light modules around it are one line that is empty.
    const modules = ['', ...drawn, ''];
    const size = Math.max(...drawn.map((line) => line.length)) + 2;
    assert.equal(scanModules(drawnHalves(modules, size)), link);
  });

  test('ping: the server blocks its own network, until it is told not to', async () => {
    const ping = `tsray ping - --timeout 5 --target http://127.0.0.1:${origin.port}/ < link.txt`;
    const blocked = plain(await second.run(ping));
    assert.deepEqual(blocked, [
      '1 server did not answer:',
      '  vmess  127.0.0.1:SERVER',
      '    ERR_DIAL_FAILED: the server ended the connection without an answer from',
      '    127.0.0.1:TARGET. Hint: It cannot reach the target, or may not: servers often',
      '    block private addresses.',
    ]);
    first.press('C-c');
    await first.run(`sed -i 's/"blockPrivate": true/"blockPrivate": false/' config.json`);
    await first.type('tsray run');
    await first.until(/started/, 'tsray run');
    assert.deepEqual(plain(await second.run(ping)), [
      'name   server  transport  dial  first byte  total',
      'vmess  127.0.0.1:SERVER  tcp N ms N ms N ms',
    ]);
    assert.match(second.screen(true).join('\n'), /\[1mname /, 'the head is bold');
    await second.run(`NO_COLOR=1 ${ping}`);
    assert.doesNotMatch(second.screen(true).join('\n'), /\[1mname /, 'and is not with NO_COLOR');
  });

  test('connect: a proxy that works as printed, and ends with Ctrl-C', async () => {
    const connect = `tsray connect - --test --listen ${proxyPort} --target http://127.0.0.1:${origin.port}/ < link.txt`;
    await second.type(connect);
    assert.deepEqual(plain(await second.until(/Ctrl-C stops it/, connect)), [
      'tsray leads to vmess',
      '  server   127.0.0.1:SERVER (tcp)',
      '  proxy    127.0.0.1:PROXY (SOCKS4, SOCKS5 and HTTP on one port)',
      '  test     127.0.0.1:TARGET answered in N ms',
      '',
      'Paste one of these into another terminal:',
      '  curl -x socks5h://127.0.0.1:PROXY https://example.com/',
      '  curl -x http://127.0.0.1:PROXY https://example.com/',
      '  export http_proxy=http://127.0.0.1:PROXY https_proxy=http://127.0.0.1:PROXY',
      '  export all_proxy=socks5h://127.0.0.1:PROXY',
      '',
      'Ctrl-C stops it.',
    ]);
    const result = await curl('-x', `socks5h://127.0.0.1:${proxyPort}`, `http://127.0.0.1:${origin.port}/`);
    assert.equal(result.text, 'hello\n', result.stderr);
    second.press('C-c');
    const stopped = await second.until(/^you\$$/, connect);
    assert(
      stopped.includes('^Ctsray: stopping; live connections have 1 s (again to stop at once)'),
      stopped.join('\n'),
    );
  });

  test('init client from the link, test, run and ping it', async () => {
    await second.run('mkdir client; cd client');
    const init = await second.run(`tsray init client --listen ${proxyPort} - < ../link.txt`);
    assert.deepEqual(init, [
      'Wrote config.json.',
      'Next:',
      '  tsray test  checks it',
      '  tsray run   starts the proxy',
      '  tsray ping  tries the server',
    ]);
    assert.deepEqual(await second.run('tsray test'), ['The configuration is fine: 1 inbound, 1 outbound.']);
    assert.deepEqual(plain(await second.run(`tsray ping --target http://127.0.0.1:${origin.port}/`)), [
      'name    server  transport  dial  first byte  total',
      'server  127.0.0.1:SERVER  tcp N ms N ms N ms',
    ]);
    await second.type('tsray run');
    assert.deepEqual(plain(await second.until(/started/, 'tsray run')), [
      'tsray: proxy listens on 127.0.0.1:PROXY',
      'tsray: started',
    ]);
    const result = await curl('-x', `http://127.0.0.1:${proxyPort}`, `http://127.0.0.1:${origin.port}/`);
    assert.equal(result.text, 'hello\n', result.stderr);
    second.press('C-c');
    await second.until(/^you\$$/, 'tsray run');
    first.press('C-c');
    await first.until(/^you\$$/, 'tsray run');
  });
});
