/** The package as npm would install it: what it exports, how it is loaded, its types, its size. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../../helper/project.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const execute = promisify(execFile);

interface Size {
  readonly self: { readonly bytes: number };
  readonly packages: readonly { readonly name: string; readonly bytes: number }[];
  readonly totalBytes: number;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

const modules = join(projectRoot, 'node_modules');
const entries = ['tsray', 'tsray/codec', 'tsray/config'] as const;

/** Uses each part of the API once, so that its types are looked at as a user's compiler does. */
const consumer = `
import { createClient, createServer, createInstance, generateId, parseConfig, TsrayError, type Client } from 'tsray';
import { createVmessRequest, nodeCrypto } from 'tsray/codec';
import type { Settings } from 'tsray/config';
import { request } from 'node:https';

export async function use(link: string): Promise<number> {
  const client: Client = createClient(link);
  const stream = await client.connect({ host: 'example.com', port: 443, signal: AbortSignal.timeout(1) });
  stream.setTimeout(5_000, () => stream.destroy());
  request({ agent: client.agent({ keepAlive: true }) });
  const socket = client.datagram();
  socket.on('message', (message, remote) => message.toString() + remote.address);
  const response = await client.fetch('https://example.com/', { method: 'POST', body: 'x' });
  const { firstByteMs } = await client.ping({ timeoutMs: 1 });
  await client.dispatcher().close();
  const server = createServer({ users: [{ id: generateId() }], listen: { port: 1 } });
  server.on('close', ({ uplinkBytes, user }) => user + String(uplinkBytes));
  const settings: Settings | undefined = parseConfig('{}').settings;
  if (settings !== undefined) await createInstance(settings).start();
  try {
    createVmessRequest;
  } catch (error) {
    if (error instanceof TsrayError && error.code === 'ERR_LISTEN') return nodeCrypto.name.length;
  }
  return response.status + firstByteMs;
}
`;

describe('the package', () => {
  let folder: string;
  let tarball: string;
  let size: Size;

  /** Runs Node in a project that has installed the package. */
  function node(...args: readonly string[]): Promise<Output> {
    return execute(process.execPath, args, { cwd: folder, env: cleanEnvironment() });
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tsray-package-'));
    const options = { cwd: projectRoot, env: cleanEnvironment() };
    const packed = await execute(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      options,
    );
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    tarball = join(folder, filename);
    const installed = join(folder, 'node_modules', 'tsray');
    mkdirSync(installed, { recursive: true });
    await execute('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    const measured = await execute(process.execPath, ['scripts/package-size.mjs', '--json'], options);
    size = JSON.parse(measured.stdout) as Size;
    // Its own dependencies and no others, so that one that is only there for development would be missed.
    for (const { name } of size.packages) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(modules, name), link);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const entry of entries) {
    test(`${entry} can be imported and required, without a warning, and is the same either way`, async () => {
      const imported = await node(
        '--input-type=module',
        '--eval',
        `console.log(Object.keys(await import('${entry}')).sort().join())`,
      );
      const required = await node(
        '--eval',
        `console.log(Object.keys(require('${entry}')).filter((key) => key !== '__esModule').sort().join())`,
      );
      assert.equal(imported.stderr, '');
      assert.equal(required.stderr, '');
      assert.equal(required.stdout, imported.stdout);
      if (entry !== 'tsray/config') assert.match(imported.stdout, /TsrayError/);
    });
  }

  test('importing it starts nothing, and undici is not loaded before it is used', async () => {
    const script = `
      const { createClient } = require('tsray');
      const client = createClient({ host: '127.0.0.1', port: 1, id: 'x' });
      const loaded = () => Object.keys(require.cache).some((path) => path.includes('undici'));
      // Standard streams are Node's own.
      const busy = process.getActiveResourcesInfo().filter((kind) => !/^(?:Pipe|TTY)Wrap$/.test(kind));
      console.log(busy.length, loaded());
      client.dispatcher();
      console.log(loaded());
      client.close();`;
    const { stdout } = await node('--eval', script);
    assert.equal(stdout, '0 false\ntrue\n');
  });

  test('its types are right for a strict TypeScript project that checks libraries too', async () => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'use.ts'), consumer);
    mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
    symlinkSync(join(modules, '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
    const flags =
      '--noEmit --strict --exactOptionalPropertyTypes --module nodenext --target es2023 --types node';
    const compiler = join(modules, 'typescript', 'bin', 'tsc');
    try {
      await node(compiler, ...flags.split(' '), '--lib', 'es2023,esnext.disposable', 'use.ts');
    } catch (error) {
      assert.fail((error as Output).stdout);
    }
  });

  test('publint has nothing to say', async () => {
    const { stdout } = await node(join(modules, 'publint', 'src', 'cli.js'), 'run', tarball, '--strict');
    assert.match(stdout, /All good!/);
  });

  test('attw has nothing to say', async () => {
    const cli = join(modules, '@arethetypeswrong', 'cli', 'dist', 'index.js');
    const { stdout } = await node(cli, tarball, '--profile', 'esm-only', '--no-color');
    // It has ended with 0: what it still mentions are resolutions of which this package is no part.
    assert.match(stdout, /"tsray\/codec".*🟢 \(ESM\)/);
  });

  test('it is small, alone and with what it brings', () => {
    assert.ok(size.self.bytes < 5_200_000, `${size.self.bytes} bytes`);
    assert.ok(size.totalBytes < 12_800_000, `${size.totalBytes} bytes with dependencies`);
    assert.ok(size.packages.length <= 16, size.packages.map(({ name }) => name).join(' '));
  });

  test('it needs the Node.js that its dependencies need, and no newer', () => {
    const read = (path: string): { engines?: { node?: string } } =>
      JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { engines?: { node?: string } };
    assert.equal(read(projectRoot).engines?.node, '>=20.19.0');
    for (const { name } of size.packages) {
      const range = read(join(modules, name)).engines?.node ?? '>=0';
      const accepted = range.split('||').some((part) => atMost(part, [20, 19]));
      assert.ok(accepted, `${name} needs Node.js ${range}`);
    }
  });
});

/** Whether a range such as `>=20.18.1` or `^20.19.0` begins at `version` or below. */
function atMost(range: string, version: readonly [number, number]): boolean {
  const [, major = '0', minor = '0'] = /(\d+)(?:\.(\d+))?/.exec(range) ?? [];
  return Number(major) < version[0] || (Number(major) === version[0] && Number(minor) <= version[1]);
}
