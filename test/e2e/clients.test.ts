/** Real clients through tsray's proxy port, a VMess client and a VMess server: curl, Node's http, a SOCKS library. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SocksClient } from 'socks';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { curl } from '../helper/curl.js';
import { echoOn } from '../helper/exchange.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { payload, payloadSha256, sha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { startEcho } from '../helper/tcp-servers.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('real clients', () => {
  let origin: HttpOrigin;
  let server: TsrayProcess;
  let client: TsrayProcess;
  let mixed: number;
  let http: number;
  let withPassword: number;
  let base: string;

  before(async () => {
    origin = await startHttpOrigin();
    base = `http://localhost:${origin.port}`;
    const ports = await freePorts(4);
    const [vmess = 0] = ports;
    [, mixed = 0, http = 0, withPassword = 0] = ports;
    server = await startTsrayProcess({ inbounds: [vmessInbound(vmess)], outbounds: [freedomOutbound] });
    client = await startTsrayProcess({
      inbounds: [
        socksInbound(mixed),
        { tag: 'http', protocol: 'http', listen: '127.0.0.1', port: http, settings: {} },
        {
          tag: 'password',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: withPassword,
          settings: { auth: 'password', accounts: [{ user: 'ann', pass: 'secret-word' }] },
        },
      ],
      outbounds: [vmessOutbound(vmess, 'aead', 'auto')],
    });
  });
  after(async () => {
    await client.close();
    await server.close();
    await origin.close();
  });

  describe('curl', { skip: skipWithout('curl') }, () => {
    const ways: readonly { readonly name: string; readonly args: () => readonly string[] }[] = [
      { name: 'socks5h', args: () => ['--proxy', `socks5h://127.0.0.1:${mixed}`] },
      { name: 'socks5', args: () => ['--proxy', `socks5://127.0.0.1:${mixed}`, '--ipv4'] },
      { name: 'socks4a', args: () => ['--proxy', `socks4a://127.0.0.1:${mixed}`] },
      { name: 'socks4', args: () => ['--proxy', `socks4://127.0.0.1:${mixed}`, '--ipv4'] },
      { name: 'http on the socks port', args: () => ['--proxy', `http://127.0.0.1:${mixed}`] },
      {
        name: 'CONNECT on the socks port',
        args: () => ['--proxytunnel', '--proxy', `http://127.0.0.1:${mixed}`],
      },
      { name: 'http', args: () => ['--proxy', `http://127.0.0.1:${http}`] },
      { name: 'CONNECT', args: () => ['--proxytunnel', '--proxy', `http://127.0.0.1:${http}`] },
      {
        name: 'socks5h with a password',
        args: () => ['--proxy', `socks5h://ann:secret-word@127.0.0.1:${withPassword}`],
      },
    ];
    for (const way of ways) {
      test(`${way.name}: download, upload, and several requests on one connection`, async () => {
        const down = await curl(...way.args(), `${base}/bytes/3000000`);
        assert.equal(down.code, 0, down.stderr);
        assert.equal(down.sha256, payloadSha256(3_000_000));
        const chunked = await curl(...way.args(), `${base}/chunked`);
        assert.equal(chunked.sha256, payloadSha256(100_000));
        const up = await curl(...way.args(), '--data-binary', 'x'.repeat(100_000), `${base}/upload`);
        assert.equal(up.text, `100000 ${sha256(Buffer.from('x'.repeat(100_000)))}\n`);
        const three = await curl(...way.args(), `${base}/`, `${base}/`, `${base}/`);
        assert.equal(three.text, 'hello\nhello\nhello\n');
      });
    }

    test('a wrong password is refused', async () => {
      const result = await curl('--proxy', `socks5h://ann:wrong@127.0.0.1:${withPassword}`, `${base}/`);
      assert.equal(result.code, 97, result.stderr);
    });

    test('without a password where one is needed is refused', async () => {
      const result = await curl('--proxy', `socks5h://127.0.0.1:${withPassword}`, `${base}/`);
      assert.equal(result.code, 97, result.stderr);
    });

    test('a target that refuses the connection ends the request with an error', async () => {
      const port = await closedPort();
      const socks = await curl('--proxy', `socks5h://127.0.0.1:${mixed}`, `http://127.0.0.1:${port}/`);
      assert.notEqual(socks.code, 0);
      const plain = await curl('--proxy', `http://127.0.0.1:${http}`, `http://127.0.0.1:${port}/`);
      assert.doesNotMatch(plain.text, /hello/);
    });

    test('hop-by-hop headers stay with the proxy', async () => {
      const result = await curl(
        '--proxy',
        `http://127.0.0.1:${http}`,
        '--header',
        'Proxy-Connection: keep-alive',
        '--header',
        'Connection: X-Secret',
        '--header',
        'X-Secret: 1',
        '--header',
        'X-Kept: 2',
        `${base}/headers`,
      );
      const headers = JSON.parse(result.text) as Record<string, string>;
      assert.equal(headers['x-kept'], '2');
      assert.equal(headers['x-secret'], undefined);
      assert.equal(headers['proxy-connection'], undefined);
    });
  });

  test("Node's http through CONNECT", async () => {
    const connect = request({
      host: '127.0.0.1',
      port: http,
      method: 'CONNECT',
      path: `localhost:${origin.port}`,
    });
    connect.end();
    const [response, socket] = (await once(connect, 'connect')) as [IncomingMessage, Socket];
    assert.equal(response.statusCode, 200);
    const answered = get({ path: '/bytes/500000', host: 'localhost', createConnection: () => socket });
    const [answer] = (await once(answered, 'response')) as [IncomingMessage];
    assert.equal(sha256(await bodyOf(answer)), payloadSha256(500_000));
    socket.destroy();
  });

  test("Node's http through plain forwarding, two requests on one connection", async () => {
    for (const path of ['/bytes/1000', '/bytes/2000']) {
      const asked = get({ host: '127.0.0.1', port: http, path: `${base}${path}` });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      assert.equal(sha256(await bodyOf(answer)), payloadSha256(Number(path.split('/')[2])));
    }
  });

  for (const type of [4, 5] as const) {
    test(`the library socks, version ${type}`, async () => {
      const echo = await startEcho();
      try {
        const { socket } = await SocksClient.createConnection({
          proxy: { host: '127.0.0.1', port: mixed, type },
          command: 'connect',
          destination: { host: '127.0.0.1', port: echo.port },
        });
        await echoOn(socket, payload(200_000));
        socket.destroy();
      } finally {
        await echo.close();
      }
    });
  }

  test('no secret is in what the programs printed', () => {
    const printed = `${client.log}\n${server.log}`;
    assert.doesNotMatch(printed, /a3482e88|686a4a58|5783a3e7|secret-word/i);
  });
});
