/** Libraries that speak to a proxy, through the SOCKS and HTTP inbounds of an instance and a VMess server behind it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  credentials,
  Server as GrpcServer,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  makeGenericClientConstructor,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { ProxyAgent, request as undiciRequest } from 'undici';
import { createInstance, type Instance } from '../../../src/index.js';
import { makeCertificate } from '../../helper/certificates.js';
import { socksInbound, vmessOutbound } from '../../helper/configs.js';
import { eventually } from '../../helper/eventually.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { type LibraryPeer, peerKinds } from '../../helper/library-peers.js';
import { payload, payloadSha256, sha256 } from '../../helper/payload.js';

const asIs = (value: Buffer): Buffer => value;
const plain = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
const echoService = {
  one: { ...plain, path: '/test.Echo/One', requestStream: false, responseStream: false },
  many: { ...plain, path: '/test.Echo/Many', requestStream: true, responseStream: true },
} satisfies ServiceDefinition;

const one: handleUnaryCall<Buffer, Buffer> = (call, done) => done(null, call.request);
const many: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (message: Buffer) => call.write(message));
  call.on('end', () => call.end());
};

/** Sets variables while `action` runs. */
async function withEnvironment<T>(
  variables: Readonly<Record<string, string>>,
  action: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await action();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

const tls = makeCertificate();

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

for (const kind of peerKinds) {
  describe(`proxy clients, a tsray instance, and ${kind.name} behind it`, { skip: kind.skip }, () => {
    const messages: string[] = [];
    let peer: LibraryPeer;
    let instance: Instance;
    let origin: HttpOrigin;
    let socks: string;
    let http: string;

    before(async () => {
      peer = await kind.start();
      instance = createInstance(
        {
          inbounds: [
            socksInbound(0),
            { tag: 'http', protocol: 'http', listen: '127.0.0.1', port: 0, settings: {} },
          ],
          outbounds: [vmessOutbound(peer.port, 'aead', 'auto')],
        },
        { logLevel: 'info', onLog: ({ message }) => messages.push(message) },
      );
      await instance.start();
      const [first, second] = instance.inbounds.map(({ addresses }) => addresses[0]!);
      socks = first!;
      http = second!;
      origin = await startHttpOrigin();
    });
    after(async () => {
      await instance.stop();
      await peer.close();
      await origin.close();
    });

    for (const scheme of ['socks5h', 'socks5', 'socks4a']) {
      test(`socks-proxy-agent, ${scheme}`, async () => {
        const agent = new SocksProxyAgent(`${scheme}://${socks}`);
        const url = `http://localhost:${origin.port}/bytes/200000`;
        const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
        assert.equal(sha256(await bodyOf(answer)), payloadSha256(200_000));
        agent.destroy();
      });
    }

    test('socks-proxy-agent, https', async () => {
      const secure = createHttpsServer({ cert: tls.certificate, key: tls.key }, (_request, response) => {
        response.end('secure\n');
      });
      secure.listen(0, '127.0.0.1');
      await once(secure, 'listening');
      const { port } = secure.address() as AddressInfo;
      const agent = new SocksProxyAgent(`socks5h://${socks}`);
      const asked = httpsGet(`https://localhost:${port}/`, { agent, ca: tls.certificate });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      assert.equal((await bodyOf(answer)).toString(), 'secure\n');
      agent.destroy();
      secure.closeAllConnections();
      await new Promise((resolve) => secure.close(resolve));
    });

    test("undici's ProxyAgent", async () => {
      const dispatcher = new ProxyAgent(`http://${http}`);
      const { body } = await undiciRequest(`http://localhost:${origin.port}/bytes/100000`, { dispatcher });
      assert.equal(sha256(Buffer.from(await body.arrayBuffer())), payloadSha256(100_000));
      await dispatcher.destroy();
    });

    for (const secure of [false, true]) {
      test(`@grpc/grpc-js through CONNECT${secure ? ', with TLS' : ''}: a call, a large one, a stream both ways`, async () => {
        const server = new GrpcServer({ 'grpc.max_receive_message_length': -1 });
        server.addService(echoService, { one, many });
        const pair = { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) };
        const serverSide = secure
          ? ServerCredentials.createSsl(null, [pair])
          : ServerCredentials.createInsecure();
        const port = await new Promise<number>((resolve, reject) => {
          server.bindAsync('127.0.0.1:0', serverSide, (error, bound) =>
            error === null ? resolve(bound) : reject(error),
          );
        });
        const clientSide = secure
          ? credentials.createSsl(Buffer.from(tls.certificate))
          : credentials.createInsecure();
        const Client = makeGenericClientConstructor(echoService, 'Echo');
        // The proxy is read from the environment when a channel is made; names go to it unresolved.
        const client = await withEnvironment(
          { grpc_proxy: `http://${http}`, no_grpc_proxy: '', no_proxy: '' },
          async () => {
            const made = new Client(`localhost:${port}`, clientSide);
            await new Promise<void>((resolve, reject) => {
              made.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()));
            });
            return made;
          },
        );
        const call = (message: Buffer): Promise<Buffer> =>
          new Promise((resolve, reject) => {
            client.makeUnaryRequest(echoService.one.path, asIs, asIs, message, (error, reply) =>
              error === null ? resolve(reply!) : reject(error),
            );
          });
        assert.equal((await call(Buffer.from('hello'))).toString(), 'hello');
        assert.equal(sha256(await call(payload(2_000_000))), payloadSha256(2_000_000));
        const stream = client.makeBidiStreamRequest(echoService.many.path, asIs, asIs);
        const received: Buffer[] = [];
        stream.on('data', (message: Buffer) => received.push(message));
        for (let index = 0; index < 100; index += 1) stream.write(Buffer.from(`message ${index}`));
        stream.end();
        await once(stream, 'end');
        assert.equal(received.length, 100);
        assert.equal(received.at(-1)!.toString(), 'message 99');
        client.close();
        server.forceShutdown();
        await eventually('it went through the proxy', () =>
          messages.some((message) => message.startsWith(`tcp:localhost:${port} ended`)),
        );
      });
    }
  });
}
