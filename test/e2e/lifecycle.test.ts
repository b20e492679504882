/** How the program starts and stops: signals, grace, one-line errors, log files, nothing secret in the log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, users, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { eventually } from '../helper/eventually.js';
import { echoOn } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho, type TestServer } from '../helper/tcp-servers.js';
import { spawnTsray, startTsrayProcess } from '../helper/tsray-process.js';

let echo: TestServer;
before(async () => {
  echo = await startEcho();
});
after(() => echo.close());

async function refuses(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

async function startLocal(args: readonly string[] = [], more: object = {}) {
  const [port = 0] = await freePorts(1);
  const tsray = await startTsrayProcess(
    { inbounds: [socksInbound(port)], outbounds: [freedomOutbound], ...more },
    {},
    args,
  );
  return { tsray, port, target: { host: '127.0.0.1', port: echo.port } };
}

describe('stopping', { skip: process.platform === 'win32' ? 'no signals on Windows' : false }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} without connections ends at once with exit code 0`, async () => {
      const { tsray } = await startLocal();
      const started = performance.now();
      tsray.process.kill(signal);
      assert.deepEqual(await tsray.process.exit, { code: 0, signal: null });
      assert.ok(performance.now() - started < 2_000);
    });

    test(`${signal} accepts no more but lets a live connection finish`, async () => {
      const { tsray, port, target } = await startLocal(['--grace', '20']);
      const socket = await socksConnect(port, target);
      await echoOn(socket, payload(1_000));
      tsray.process.kill(signal);
      await eventually('the port refuses', () => refuses(port));
      await echoOn(socket, payload(50_000));
      socket.end();
      socket.resume();
      assert.deepEqual(await tsray.process.exit, { code: 0, signal: null });
      socket.destroy();
    });

    test(`${signal} ends what is still open when the grace is over`, async () => {
      const { tsray, port, target } = await startLocal(['--grace', '1']);
      const socket = await socksConnect(port, target);
      await echoOn(socket, payload(1_000));
      const started = performance.now();
      tsray.process.kill(signal);
      await tsray.process.exit;
      const took = performance.now() - started;
      assert.ok(took > 900 && took < 4_000, `${Math.round(took)} ms`);
      socket.destroy();
    });
  }

  test('a second signal ends everything at once', async () => {
    const { tsray, port, target } = await startLocal(['--grace', '30']);
    const socket = await socksConnect(port, target);
    await echoOn(socket, payload(1_000));
    const started = performance.now();
    tsray.process.kill('SIGTERM');
    await eventually('the port refuses', () => refuses(port));
    tsray.process.kill('SIGTERM');
    await tsray.process.exit;
    assert.ok(performance.now() - started < 5_000);
    socket.destroy();
  });
});

/** Runs a configuration that cannot start; gives its exit code and everything it printed. Killed after 20 s. */
async function failing(
  config: object,
  command = 'run',
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawnTsray([command, '-c', '-'], { input: JSON.stringify(config) });
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const { code } = await child.exit;
  clearTimeout(timer);
  return { code, output: child.output };
}

describe('what cannot start', () => {
  test('a port in use is a one-line error that names it', async () => {
    const { code, output } = await failing({
      inbounds: [socksInbound(echo.port)],
      outbounds: [freedomOutbound],
    });
    assert.equal(code, 1);
    assert.match(output, new RegExp(`ERR_LISTEN.*127\\.0\\.0\\.1:${echo.port}.*in use`));
    assert.doesNotMatch(output, /\n\s+at /);
  });

  test('an address this machine does not have is a one-line error', async () => {
    const { code, output } = await failing({
      inbounds: [{ ...socksInbound(await closedPort()), listen: '192.0.2.1' }],
      outbounds: [freedomOutbound],
    });
    assert.equal(code, 1);
    assert.match(output, /ERR_LISTEN.*192\.0\.2\.1/);
    assert.doesNotMatch(output, /\n\s+at /);
  });

  test('a wrong configuration ends with code 23, all errors at once', async () => {
    const { code, output } = await failing({
      inbounds: [{ protocol: 'sock', port: 'x' }],
      outbounds: [{ protocol: 'vmess', settings: { vnext: [] } }],
    });
    assert.equal(code, 23);
    assert.match(output, /inbounds\[0\]\.protocol/);
    assert.match(output, /inbounds\[0\]\.port/);
    assert.match(output, /outbounds\[0\]\.settings\.vnext/);
    assert.match(output, /did you mean "?socks"?/i);
  });

  test('a certificate that is not there shows before anything is started', async () => {
    const certificates = [{ certificateFile: '/no/such.pem', keyFile: '/no/such.key' }];
    const config = {
      inbounds: [{ ...socksInbound(1), streamSettings: { security: 'tls', tlsSettings: { certificates } } }],
      outbounds: [freedomOutbound],
    };
    for (const command of ['test', 'run']) {
      const { code, output } = await failing(config, command);
      assert.equal(code, 23);
      assert.match(output, /ERR_CONFIG_READ: \/no\/such\.pem: there is no such file/);
      assert.doesNotMatch(output, /\n\s+at /);
    }
  });

  test('a section that would be ignored is an error', async () => {
    const { code, output } = await failing({
      inbounds: [socksInbound(await closedPort())],
      outbounds: [freedomOutbound],
      env: { http_proxy: 'none' },
    });
    assert.equal(code, 23);
    assert.match(output, /env is not supported/);
  });
});

describe('the log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-log-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('a name that does not resolve is one line', async () => {
    const { tsray, port } = await startLocal([], { log: { loglevel: 'warning' } });
    await assert.rejects(socksConnect(port, { host: 'name.invalid', port: 80 }));
    await eventually('the line', () => /ERR_DNS.*name\.invalid/.test(tsray.log));
    assert.doesNotMatch(tsray.log, /\n\s+at /);
    await tsray.close();
  });

  test('SIGUSR1 opens the files again, for rotation', {
    skip: process.platform === 'win32' ? 'no SIGUSR1 on Windows' : false,
  }, async () => {
    const access = join(folder, 'access.log');
    const error = join(folder, 'error.log');
    const { tsray, port, target } = await startLocal([], { log: { access, error, loglevel: 'info' } });
    const once = async (): Promise<void> => {
      const socket = await socksConnect(port, target);
      await echoOn(socket, payload(10));
      socket.destroy();
    };
    const lines = (path: string): number => readFileSync(path, 'utf8').split('accepted').length - 1;
    await once();
    await eventually('the first access line', () => lines(access) === 1);
    assert.equal(statSync(access).mode & 0o777, 0o600);
    renameSync(access, `${access}.1`);
    renameSync(error, `${error}.1`);
    tsray.process.kill('SIGUSR1');
    await eventually('new files', () => {
      try {
        return statSync(access).isFile() && statSync(error).isFile();
      } catch {
        return false;
      }
    });
    await once();
    await eventually('the second access line', () => lines(access) === 1);
    assert.equal(lines(`${access}.1`), 1);
    await tsray.close();
  });

  test('an access line has the form of V2Ray 4.34', async () => {
    const { tsray, port, target } = await startLocal([], { log: { loglevel: 'warning' } });
    const socket = await socksConnect(port, target);
    socket.destroy();
    const line = await tsray.process.line(/accepted/);
    assert.match(
      line,
      new RegExp(
        `^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d tcp:127\\.0\\.0\\.1:\\d+ accepted tcp:127\\.0\\.0\\.1:${echo.port} \\[direct\\]$`,
      ),
    );
    await tsray.close();
  });

  test('no secret is in the log at its most talkative, on either side', async () => {
    const [vmess = 0, socks = 0, stranger = 0] = await freePorts(3);
    const log = { loglevel: 'debug' };
    const server = await startTsrayProcess({
      log,
      policy: { levels: { 0: { handshake: 2 } } },
      inbounds: [vmessInbound(vmess)],
      outbounds: [freedomOutbound],
    });
    const client = await startTsrayProcess({
      log,
      inbounds: [
        {
          ...socksInbound(socks),
          settings: { auth: 'password', accounts: [{ user: 'ann', pass: 'secret-word' }] },
        },
      ],
      outbounds: [vmessOutbound(vmess, 'aead', 'aes-128-gcm')],
    });
    const unknown = await startTsrayProcess({
      log,
      inbounds: [socksInbound(stranger)],
      outbounds: [
        {
          protocol: 'vmess',
          settings: {
            vnext: [
              {
                address: '127.0.0.1',
                port: vmess,
                users: [{ id: 'b0b0b0b0-1111-4222-8333-444444444444' }],
              },
            ],
          },
        },
      ],
    });
    try {
      const auth = { user: 'ann', pass: 'secret-word' };
      const socket = await socksConnect(socks, { host: '127.0.0.1', port: echo.port }, auth);
      await echoOn(socket, Buffer.from('payload-of-the-user'));
      socket.destroy();
      await assert.rejects(
        socksConnect(socks, { host: '127.0.0.1', port: echo.port }, { ...auth, pass: 'secret-wrong' }),
      );
      const refused = await socksConnect(stranger, { host: '127.0.0.1', port: echo.port });
      refused.write('payload-of-the-user');
      refused.resume();
      await server.process.line(/rejected/);
      await unknown.process.line(/ERR_SERVER_SILENT/);
      refused.destroy();
    } finally {
      await client.close();
      await unknown.close();
      await server.close();
    }
    const printed = `${client.log}\n${server.log}\n${unknown.log}`;
    const forbidden = [users.aead.id, users.legacy.id, 'b0b0b0b0-1111', 'secret-', 'payload-of', 'b0b0b0b0'];
    for (const secret of forbidden) {
      assert.ok(!printed.includes(secret), `${secret} was printed`);
      assert.ok(!printed.includes(secret.replaceAll('-', '')), `${secret} was printed`);
    }
  });
});
