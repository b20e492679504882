/** `tsray api` as a person calls it, against a server that runs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createProgram } from '../../src/cli/program.js';
import { freedomOutbound, users, vmessInbound } from '../helper/configs.js';
import { freePorts } from '../helper/ports.js';
import { startTsray } from '../helper/tsray.js';

test('tsray api: stats, users, cut and what is refused', { timeout: 30_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-api-'));
  const path = join(folder, 'api.sock');
  const [vmess = 0] = await freePorts(1);
  const server = await startTsray({
    stats: {},
    policy: { system: { statsInboundUplink: true } },
    api: { tag: 'api', services: ['StatsService', 'HandlerService', 'LoggerService'], listen: path },
    inbounds: [vmessInbound(vmess)],
    outbounds: [freedomOutbound],
  });
  const out = context.mock.method(console, 'log', () => undefined);
  const errors = context.mock.method(console, 'error', () => undefined);
  const run = async (...args: readonly string[]): Promise<{ code: number; out: string; error: string }> => {
    const texts = (from: typeof out): string =>
      from.mock.calls.map(({ arguments: [text] }) => text).join('\n');
    out.mock.resetCalls();
    errors.mock.resetCalls();
    const code = await createProgram(['api', ...args, '--server', path]);
    return { code, out: texts(out), error: texts(errors) };
  };
  try {
    assert.deepEqual(await run('stats'), {
      code: 0,
      out: 'inbound>>>vmess>>>traffic>>>uplink\t0',
      error: '',
    });
    assert.equal((await run('stats', '^inb.*uplink$', '--regexp', '--json')).out.includes('"value":0'), true);
    assert.equal((await run('inbounds')).out, 'vmess');
    assert.equal(
      (await run('adu', 'vmess', 'new@example.com', 'b831381d-6324-4d53-ad4f-8cda48b30811')).code,
      0,
    );
    assert.match((await run('users', 'vmess')).out, /new@example\.com/);
    const again = await run('adu', 'vmess', 'new@example.com', users.aead.id);
    assert.equal(again.code, 1);
    assert.match(again.error, /User new@example\.com already exists\./);
    assert.equal((await run('rmu', 'vmess', 'new@example.com')).code, 0);
    assert.doesNotMatch((await run('users', 'vmess')).out, /new@example\.com/);
    assert.equal((await run('cut', users.aead.email)).out, '0');
    assert.equal((await run('online')).out, '');
    assert.equal((await run('restartlogger')).code, 0);
    assert.equal((await run('rmi', 'vmess')).code, 0);
    assert.equal((await run('inbounds')).out, '');
    assert.match((await run('nothing')).error, /unknown action "nothing"/);
    assert.match((await run('rmu', 'vmess')).error, /expected: tsray api rmu <inbound> <email>/);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
  assert.match((await run('stats')).error, /the API cannot be reached/);
});
