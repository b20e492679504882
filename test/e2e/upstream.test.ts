/** Upstream proxies behind each other, and what an HTTP proxy must carry besides simple requests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound } from '../helper/configs.js';
import { curl } from '../helper/curl.js';
import { echoOn, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { payload, payloadSha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTcpServer } from '../helper/tcp-servers.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';

const upstream = (tag: string, protocol: string, port: number, through?: string): object => ({
  tag,
  protocol,
  settings: { servers: [{ address: '127.0.0.1', port }] },
  ...(through === undefined ? {} : { proxySettings: { tag: through } }),
});

describe('one upstream proxy through another', () => {
  const chains = [
    { last: 'socks', first: 'socks', udp: true },
    { last: 'socks', first: 'http', udp: false },
    { last: 'http', first: 'socks', udp: false },
  ] as const;
  for (const { last, first, udp } of chains) {
    test(`${last} through ${first}${udp ? ', TCP and UDP' : ''}`, async () => {
      const servers = await startEchoServers();
      const [entry = 0, firstPort = 0, lastPort = 0] = await freePorts(3);
      const proxy = (protocol: string, port: number): object =>
        protocol === 'socks'
          ? socksInbound(port)
          : { tag: 'http', protocol, listen: '127.0.0.1', port, settings: {} };
      const started = await Promise.all([
        startTsrayProcess({ inbounds: [proxy(first, firstPort)], outbounds: [freedomOutbound] }),
        startTsrayProcess({ inbounds: [proxy(last, lastPort)], outbounds: [freedomOutbound] }),
        startTsrayProcess({
          inbounds: [socksInbound(entry)],
          outbounds: [upstream('last', last, lastPort, 'first'), upstream('first', first, firstPort)],
        }),
      ]);
      try {
        await tcpEcho(entry, servers);
        if (udp) await udpEcho(entry, servers);
      } finally {
        await Promise.all(started.map((each) => each.close()));
        await servers.close();
      }
    });
  }
});

describe('the HTTP inbound', () => {
  let origin: HttpOrigin;
  let proxy: TsrayProcess;
  let port: number;

  before(async () => {
    origin = await startHttpOrigin();
    [port = 0] = await freePorts(1);
    proxy = await startTsrayProcess({
      inbounds: [{ tag: 'http', protocol: 'http', listen: '127.0.0.1', port, settings: {} }],
      outbounds: [freedomOutbound],
    });
  });
  after(async () => {
    await proxy.close();
    await origin.close();
  });

  const url = (path: string): string => `http://127.0.0.1:${origin.port}${path}`;

  /** A request through the proxy; resolves with the response's status and body. */
  async function ask(path: string, agent: Agent): Promise<string> {
    const asked = request({ host: '127.0.0.1', port, path: url(path), agent, headers: { host: 'x' } });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.setEncoding('latin1');
    let text = '';
    for await (const chunk of response as AsyncIterable<string>) text += chunk;
    return `${response.statusCode} ${text}`;
  }

  test('twenty requests of a client that keeps its connection use one connection to the origin', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const earlier = origin.connections;
    for (let round = 0; round < 20; round += 1) assert.equal(await ask('/', agent), '200 hello\n');
    assert.equal(origin.connections - earlier, 1);
    agent.destroy();
  });

  test('many clients at once', async () => {
    const agent = new Agent();
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask('/chunked', agent)));
    for (const answer of answers) assert.equal(answer.length, 100_004);
    agent.destroy();
  });

  test('an upgrade becomes a tunnel', async () => {
    const server = createServer();
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const asked = request({
      host: '127.0.0.1',
      port,
      path: target,
      headers: { connection: 'Upgrade', upgrade: 'echo' },
    });
    asked.end();
    const [response, socket, head] = (await once(asked, 'upgrade')) as [IncomingMessage, Socket, Buffer];
    assert.equal(response.headers.upgrade, 'echo');
    assert.equal(head.length, 0);
    await echoOn(socket, payload(300_000));
    const closed = once(socket, 'close');
    socket.end();
    socket.resume();
    await closed;
    await new Promise((resolve) => server.close(resolve));
  });

  test('Expect: 100-continue reaches the origin, its answer the client', async () => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: url('/upload'),
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': '5' },
    });
    asked.flushHeaders();
    await once(asked, 'continue');
    asked.end('hello');
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'end');
  });

  test('an origin that dies in the middle of a response: the client is told by the cut', async () => {
    const server = await startTcpServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbeginning', () =>
          socket.resetAndDestroy(),
        );
      });
    });
    const asked = request({ host: '127.0.0.1', port, path: `http://127.0.0.1:${server.port}/` });
    asked.end();
    const broken = await new Promise<Error>((resolve) => {
      asked.on('error', resolve);
      asked.on('response', (response) => {
        response.on('error', resolve);
        response.resume();
      });
    });
    assert.match(broken.message, /aborted|hang up|reset/i);
    await server.close();
  });

  describe('curl', { skip: skipWithout('curl') }, () => {
    const through = (): readonly string[] => ['--proxy', `http://127.0.0.1:${port}`];

    test('a chunked upload of unknown length', async () => {
      const result = await curl(
        ...through(),
        '--header',
        'Transfer-Encoding: chunked',
        '--data-binary',
        'y'.repeat(90_000),
        url('/upload'),
      );
      assert.match(result.text, /^90000 /);
    });

    test('an upload of 3 MB, for which curl asks first', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tsray-upload-'));
      const file = join(folder, 'body');
      writeFileSync(file, payload(3_000_000));
      try {
        const result = await curl(...through(), '--upload-file', file, url('/upload'));
        assert.equal(result.text, `3000000 ${payloadSha256(3_000_000)}\n`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('HEAD and HTTP/1.0', async () => {
      const head = await curl(...through(), '--head', url('/bytes/5000'));
      assert.match(head.text, /^HTTP\/1.1 200 OK\r\n/);
      assert.match(head.text, /content-length: 5000\r\n/i);
      const old = await curl(...through(), '--http1.0', url('/chunked'));
      assert.equal(old.bytes, 100_000);
    });

    test('HTTP on a SOCKS port with a password needs the same password', async () => {
      const [mixed = 0] = await freePorts(1);
      const settings = { auth: 'password', accounts: [{ user: 'ann', pass: 'secret-word' }] };
      const closed = await startTsrayProcess({
        inbounds: [{ protocol: 'socks', listen: '127.0.0.1', port: mixed, settings }],
        outbounds: [freedomOutbound],
      });
      try {
        const way = ['--write-out', '%{http_code}', '--proxy', `http://127.0.0.1:${mixed}`, url('/')];
        assert.match((await curl(...way)).text, /407$/);
        assert.match((await curl('--proxy-user', 'ann:other', ...way)).text, /407$/);
        assert.equal((await curl('--proxy-user', 'ann:secret-word', ...way)).text, 'hello\n200');
      } finally {
        await closed.close();
      }
    });

    test('what cannot be served is a response with a sentence', async () => {
      const [closed = 0] = await freePorts(1);
      const cases: readonly [args: readonly string[], status: RegExp, text: RegExp][] = [
        [[...through(), `http://127.0.0.1:${closed}/`], /503/, /refused the connection/],
        [[`http://127.0.0.1:${port}/`], /400/, /full URL/],
      ];
      for (const [args, status, text] of cases) {
        const result = await curl('--write-out', '%{http_code}', ...args);
        assert.match(result.text, status);
        assert.match(result.text, text);
      }
    });
  });
});
