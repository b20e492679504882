/** Every example runs as its first lines say. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { createClient, createServer, generateId, type Server } from '../../../src/index.js';
import { Child } from '../../helper/child.js';
import { startDnsResponder } from '../../helper/dns-responder.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { projectRoot } from '../../helper/project.js';
import { v2raynLink } from '../../helper/share-links.js';
import { startEcho } from '../../helper/tcp-servers.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const folder = join(projectRoot, 'examples');
const tested = new Set<string>();

function start(name: string, ...args: readonly string[]): Child {
  tested.add(name);
  return new Child(process.execPath, [join(folder, name), ...args], { env: cleanEnvironment() });
}

/** What an example that ends by itself has printed. */
async function run(name: string, ...args: readonly string[]): Promise<string> {
  const child = start(name, ...args);
  const exit = await child.exit;
  assert.equal(exit.code, 0, child.output);
  return child.output;
}

describe('examples', () => {
  const id = generateId();
  let server: Server;
  let origin: HttpOrigin;
  let link: string;
  let url: string;

  before(async () => {
    server = createServer({ users: [{ id }], listen: { host: '127.0.0.1', port: 0 } });
    await server.start();
    link = v2raynLink(server.port, id);
    origin = await startHttpOrigin();
    url = `http://localhost:${origin.port}/`;
  });
  after(async () => {
    await server.close();
    await origin.close();
  });

  test('fetch.js', async () => {
    assert.equal(await run('fetch.js', link, url), '200 no content type\nhello\n');
  });

  test('got-agent.js', async () => {
    assert.equal(await run('got-agent.js', link, url), '200 hello\n');
  });

  test('undici-dispatcher.js', async () => {
    const connectionsBefore = origin.connections;
    assert.equal(await run('undici-dispatcher.js', link, url), '1 200 6 bytes\n2 200 6 bytes\n3 200 6 bytes');
    assert.equal(origin.connections - connectionsBefore, 1);
  });

  test('websocket.js', async () => {
    const echo = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(echo, 'listening');
    echo.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`you said ${String(data)}`)),
    );
    const { port } = echo.address() as AddressInfo;
    assert.equal(await run('websocket.js', link, `ws://localhost:${port}/`, 'good day'), 'you said good day');
    await new Promise((resolve) => echo.close(resolve));
  });

  test('dns-query.js', async () => {
    const dns = await startDnsResponder([192, 0, 2, 80]);
    assert.equal(await run('dns-query.js', link, 'www.example.com', `127.0.0.1:${dns.port}`), '192.0.2.80');
    assert.equal(dns.queries, 1);
    await dns.close();
  });

  test('user-database.js', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tsray-users-'));
    const file = join(data, 'users.json');
    const ann = { id: generateId(), email: 'ann@example.com' };
    const bob = { id: generateId(), email: 'bob@example.com' };
    writeFileSync(file, JSON.stringify([ann]));
    const echo = await startEcho();
    const child = start('user-database.js', file, '0');
    const line = await child.line(/may connect to port/);
    const port = Number(line.split(' ').at(-1));
    const client = createClient(v2raynLink(port, ann.id));
    const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
    stream.on('error', () => undefined);
    stream.write('12345');
    await once(stream, 'data');
    writeFileSync(file, JSON.stringify([bob]));
    await child.line(/ann@example.com is out/);
    await child.line(/bob@example.com is in/);
    await child.line(/ann@example.com has moved 10 bytes/);
    child.kill('SIGTERM');
    assert.equal((await child.exit).code, 0, child.output);
    await client.close();
    await echo.close();
    rmSync(data, { recursive: true });
  });

  test('custom-target.js', async () => {
    const child = start('custom-target.js', '0', id);
    const line = await child.line(/may connect to port/);
    const client = createClient(v2raynLink(Number(line.split(' ').at(-1)), id));
    const answer = (await (await client.fetch('http://status.internal/x')).json()) as object;
    assert.equal((answer as { path: string }).path, '/x');
    assert.equal((answer as { connections: number }).connections, 1);
    assert.equal(await (await client.fetch(url)).text(), 'hello\n');
    const socket = client.datagram();
    socket.send('?', 1, 'status.internal');
    assert.match(String((await once(socket, 'message'))[0]), /^\d connections$/);
    await client.close();
    child.kill('SIGTERM');
    assert.equal((await child.exit).code, 0, child.output);
  });

  test('fastest-server.js', async () => {
    const lines = [v2raynLink(1, id, { ps: 'nobody' }), v2raynLink(server.port, id, { ps: 'home' }), 'words'];
    const web = createWebServer((_request, response) => response.end(lines.join('\n')));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const list = `http://127.0.0.1:${(web.address() as AddressInfo).port}/list`;
    assert.equal(await run('fastest-server.js', list, url), 'the subscription has 2 servers\nhome: 200');
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
  });

  test('without arguments each says what it wants, or runs', async () => {
    for (const name of readdirSync(folder).filter(
      (each) => each.endsWith('.js') && each !== 'custom-target.js',
    )) {
      const child = start(name);
      assert.equal((await child.exit).code, 2, child.output);
      assert.match(child.output, new RegExp(`^usage: node examples/${name} [A-Z]`));
    }
  });

  test('none is left out, here or in their README', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
    assert.deepEqual([...tested].sort(), names.sort());
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of names) assert.ok(readme.includes(`node examples/${name}`), name);
  });
});
