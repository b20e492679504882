/** The library's client and the HTTP, WebSocket and UDP clients that Node programs use, through tsray and V2Ray. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import axios from 'axios';
import got from 'got';
import { request as undiciRequest } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { type Client, createClient } from '../../../src/index.js';
import { makeCertificate } from '../../helper/certificates.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { countResources, nothingLeft } from '../../helper/leaks.js';
import { type LibraryPeer, libraryUser, peerKinds } from '../../helper/library-peers.js';
import { payload, payloadSha256, sha256 } from '../../helper/payload.js';
import {
  startEcho,
  startHalfCloser,
  startSilent,
  startSink,
  startSource,
  startUdpEcho,
} from '../../helper/tcp-servers.js';

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const tls = makeCertificate();

for (const kind of peerKinds) {
  describe(`a client of ${kind.name}`, { skip: kind.skip }, () => {
    const halfClose = kind.passesHalfClose ? false : `${kind.name} does not pass half-closes on`;
    let peer: LibraryPeer;
    let client: Client;
    let origin: HttpOrigin;
    let secure: ReturnType<typeof createHttpsServer>;
    let base: string;
    let secureBase: string;

    before(async () => {
      peer = await kind.start();
      client = createClient({ host: '127.0.0.1', port: peer.port, id: libraryUser.id });
      origin = await startHttpOrigin();
      base = `http://localhost:${origin.port}`;
      secure = createHttpsServer({ cert: tls.certificate, key: tls.key }, (_request, response) => {
        response.end('secure\n');
      });
      secure.listen(0, '127.0.0.1');
      await once(secure, 'listening');
      secureBase = `https://localhost:${(secure.address() as AddressInfo).port}`;
    });
    after(async () => {
      await client.close();
      await peer.close();
      await origin.close();
      secure.closeAllConnections();
      await new Promise((resolve) => secure.close(resolve));
    });

    test('connect gives a stream both ways', async () => {
      const echo = await startEcho();
      const stream = await client.connect({ host: '127.0.0.1', port: echo.port });
      const data = payload(300_000);
      stream.end(data);
      assert.equal(sha256(await readAll(stream)), sha256(data));
      await echo.close();
    });

    test('a stream carries 5 MB down, the reader setting the pace', async () => {
      const source = await startSource(5_000_000);
      const stream = await client.connect({ host: 'localhost', port: source.port });
      assert.equal(sha256(await readAll(stream)), payloadSha256(5_000_000));
      await source.close();
    });

    test('after end() the answer is still read', { skip: halfClose }, async () => {
      const sink = await startSink();
      const stream = await client.connect({ host: '127.0.0.1', port: sink.port });
      stream.end(payload(100_000));
      assert.equal((await readAll(stream)).toString(), `100000 ${payloadSha256(100_000)}\n`);
      await sink.close();
    });

    test('after the target has ended, writing goes on', { skip: halfClose }, async () => {
      const target = await startHalfCloser('bye');
      const stream = await client.connect({ host: '127.0.0.1', port: target.port });
      stream.on('data', (chunk: Buffer) => assert.equal(chunk.toString(), 'bye'));
      await once(stream, 'end');
      stream.end(payload(50_000));
      assert.equal(await target.done(), 50_000);
      await target.close();
    });

    test('a target that does not read stops the writer', async () => {
      const silent = await startSilent();
      const stream = await client.connect({ host: '127.0.0.1', port: silent.port });
      stream.on('error', () => undefined);
      const piece = payload(256 * 1024);
      let written = 0;
      // Each hop holds some; what is full for half a second stays full.
      for (let full = false; !full; ) {
        if (stream.write(piece)) written += piece.length;
        else full = await Promise.race([once(stream, 'drain').then(() => false), delay(500, true)]);
        assert.ok(written < 100_000_000, 'the writer was never stopped');
      }
      assert.ok(stream.writableLength < 2_000_000, `${stream.writableLength} bytes wait in the stream`);
      stream.destroy();
      await silent.close();
    });

    test('http and https through agent()', async () => {
      const agent = client.agent({ ca: tls.certificate });
      const [plain] = (await once(httpGet(`${base}/bytes/100000`, { agent }), 'response')) as [
        IncomingMessage,
      ];
      assert.equal(sha256(await readAll(plain)), payloadSha256(100_000));
      const [encrypted] = (await once(httpsGet(secureBase, { agent }), 'response')) as [IncomingMessage];
      assert.equal((await readAll(encrypted)).toString(), 'secure\n');
    });

    test('a certificate of nobody known is refused', async () => {
      const request = httpsGet(secureBase, { agent: client.agent() });
      const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException];
      assert.match(String(error.code), /SELF_SIGNED|UNABLE_TO_VERIFY/);
    });

    test('a keep-alive agent uses one connection again', async () => {
      const agent = client.agent({ keepAlive: true });
      const connectionsBefore = origin.connections;
      for (let round = 0; round < 3; round += 1) {
        const [answer] = (await once(httpGet(`${base}/`, { agent }), 'response')) as [IncomingMessage];
        await readAll(answer);
      }
      assert.equal(origin.connections - connectionsBefore, 1);
      agent.destroy();
    });

    test('got', async () => {
      const agent = client.agent({ ca: tls.certificate });
      const via = { agent: { http: agent, https: agent }, https: { certificateAuthority: tls.certificate } };
      assert.equal(await got(`${base}/`, via).text(), 'hello\n');
      assert.equal(await got(`${secureBase}/`, via).text(), 'secure\n');
      const body = await got.post(`${base}/upload`, { ...via, body: payload(200_000) }).text();
      assert.equal(body, `200000 ${payloadSha256(200_000)}\n`);
      assert.equal(await got(`${base}/`, { ...via, timeout: { request: 5_000 } }).text(), 'hello\n');
    });

    test('axios', async () => {
      const agent = client.agent({ ca: tls.certificate });
      const through = axios.create({ httpAgent: agent, httpsAgent: agent, proxy: false });
      assert.equal((await through.get<string>(`${base}/`)).data, 'hello\n');
      assert.equal((await through.get<string>(`${secureBase}/`)).data, 'secure\n');
      const { data } = await through.post<string>(`${base}/upload`, payload(100_000), {
        headers: { 'content-type': 'application/octet-stream' },
      });
      assert.equal(data, `100000 ${payloadSha256(100_000)}\n`);
    });

    test('undici through dispatcher()', async () => {
      const dispatcher = client.dispatcher({ connect: { ca: tls.certificate } });
      const { body } = await undiciRequest(`${base}/bytes/300000`, { dispatcher });
      assert.equal(sha256(Buffer.from(await body.arrayBuffer())), payloadSha256(300_000));
      const answer = await undiciRequest(secureBase, { dispatcher });
      assert.equal(await answer.body.text(), 'secure\n');
    });

    test('undici with HTTP/2', async () => {
      const h2 = createSecureServer({ cert: tls.certificate, key: tls.key });
      h2.on('stream', (stream) => {
        stream.respond({ ':status': 200 });
        stream.end('over h2');
      });
      h2.listen(0, '127.0.0.1');
      await once(h2, 'listening');
      const { port } = h2.address() as AddressInfo;
      const dispatcher = client.dispatcher({ connect: { ca: tls.certificate }, allowH2: true });
      const answers = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const { body } = await undiciRequest(`https://localhost:${port}/`, { dispatcher });
          return body.text();
        }),
      );
      assert.deepEqual(answers, new Array(5).fill('over h2'));
      await dispatcher.destroy();
      await new Promise((resolve) => h2.close(resolve));
    });

    test('fetch', async () => {
      const answer = await client.fetch(`${base}/upload`, { method: 'POST', body: 'abc' });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /^3 ba7816bf/);
    });

    test('ws', async () => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
      await once(server, 'listening');
      server.on('connection', (socket) =>
        socket.on('message', (data, binary) => socket.send(data, { binary })),
      );
      const { port } = server.address() as AddressInfo;
      const socket = new WebSocket(`ws://localhost:${port}/`, { agent: client.agent() });
      await once(socket, 'open');
      for (const size of [1, 1_000, 200_000]) {
        socket.send(payload(size));
        const [back] = (await once(socket, 'message')) as [Buffer];
        assert.equal(sha256(back), payloadSha256(size));
      }
      socket.close();
      await once(socket, 'close');
      await new Promise((resolve) => server.close(resolve));
    });

    test('datagrams, by address and by name, with the port they came from', async () => {
      const echo = await startUdpEcho();
      const socket = client.datagram();
      for (const host of ['127.0.0.1', 'localhost']) {
        for (const size of [1, 512, 1_400]) {
          const sent = new Promise<number>((resolve, reject) => {
            socket.send(payload(size), echo.port, host, (error, bytes) =>
              error === null ? resolve(bytes) : reject(error),
            );
          });
          const [message, remote] = await once(socket, 'message');
          assert.equal(await sent, size);
          assert.equal(sha256(message as Buffer), payloadSha256(size));
          assert.equal((remote as { port: number }).port, echo.port);
          assert.equal((remote as { address: string }).address, host);
        }
      }
      await socket[Symbol.asyncDispose]();
      await echo.close();
    });

    test('ping measures its parts', async () => {
      for (const url of [`${base}/`, base]) {
        const result = await client.ping({ url });
        assert.equal(result.status, 200);
        assert.ok(
          result.dialMs > 0 && result.handshakeMs >= 0 && result.firstByteMs > 0,
          JSON.stringify(result),
        );
        assert.ok(result.totalMs >= result.dialMs + result.handshakeMs + result.firstByteMs);
      }
    });

    test('close() ends everything that is open and leaves no handle', async () => {
      const echo = await startEcho();
      const before = countResources();
      const other = createClient({ host: '127.0.0.1', port: peer.port, id: libraryUser.id });
      const stream = await other.connect({ host: '127.0.0.1', port: echo.port });
      stream.write('x');
      await once(stream, 'data');
      const socket = other.datagram();
      socket.send('x', echo.port, '127.0.0.1');
      const idle = other.agent({ keepAlive: true });
      const [answer] = (await once(httpGet(`${base}/`, { agent: idle }), 'response')) as [IncomingMessage];
      await readAll(answer);
      await (await other.fetch(`${base}/`)).text();
      const failed = once(stream, 'error');
      await other.close();
      assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'ERR_CLOSED');
      assert.equal(stream.destroyed, true);
      await assert.rejects(other.connect({ host: '127.0.0.1', port: echo.port }), { code: 'ERR_CLOSED' });
      await other.close();
      await echo.close();
      await nothingLeft(before);
    });
  });
}
