/** `ref` and `unref`: whether a program ends by itself although a connection is open, over everything it may go over. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, generateId, type Server, type StreamObject } from '../../../src/index.js';
import { certificateEntry, makeCertificate } from '../../helper/certificates.js';
import { Child } from '../../helper/child.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { projectRoot } from '../../helper/project.js';
import { startEcho, startUdpEcho, type TestServer } from '../../helper/tcp-servers.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const certificate = makeCertificate({ names: ['server.example', 'localhost'] });
const serverTls = {
  security: 'tls',
  tlsSettings: { certificates: [certificateEntry(certificate)] },
} as const;
const clientTls = {
  security: 'tls',
  tlsSettings: { serverName: 'server.example', certificates: [certificateEntry(certificate, 'verify')] },
} as const;

const networks: readonly StreamObject[] = [
  { network: 'tcp' },
  { network: 'tcp', tcpSettings: { header: { type: 'http' } } },
  { network: 'ws', wsSettings: { path: '/chat' } },
  { network: 'ws', wsSettings: { path: '/early', maxEarlyData: 2048 } },
  { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } },
  { network: 'http', httpSettings: { path: '/h2', host: ['server.example'] } },
  { network: 'grpc', grpcSettings: { serviceName: 'tunnel' } },
  { network: 'kcp' },
  { network: 'quic' },
];

/** Echoes once, then lets go (and takes hold again); prints what it has done, and `ended` if it lived to see the end. */
const program = `
import { once } from 'node:events';
import { createClient } from 'tsray';
const [outbound, kind, port, calls] = process.argv.slice(2);
const client = createClient(JSON.parse(outbound));
let socket;
if (kind === 'udp') {
  socket = client.datagram();
  socket.send('x', Number(port), '127.0.0.1');
  await once(socket, 'message');
} else {
  socket = await client.connect({ host: '127.0.0.1', port: Number(port) });
  socket.write('x');
  await once(socket, 'data');
  socket.on('error', () => console.log('ended'));
  socket.on('end', () => console.log('ended'));
}
for (const call of calls.split(' ')) socket[call]();
console.log('echoed');
`;

/** Its connections stay in the pools: only what is unref'd lets the program end. */
const requests = `
import { get } from 'node:https';
import { createClient } from 'tsray';
const [outbound, plain, secure] = process.argv.slice(2);
const client = createClient(JSON.parse(outbound));
const agent = client.agent({ keepAlive: true, rejectUnauthorized: false });
await new Promise((resolve, reject) => {
  get(secure, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
});
const dispatcher = client.dispatcher({ keepAliveTimeout: 600_000, connect: { rejectUnauthorized: false } });
for (const url of [plain, secure]) await (await (await import('undici')).fetch(url, { dispatcher })).text();
console.log('done');
`;

describe('ref and unref', () => {
  const id = generateId();
  const folder = join(projectRoot, '.build', 'holding');
  let echo: TestServer;
  let udp: TestServer;
  let origin: HttpOrigin;

  before(async () => {
    echo = await startEcho();
    udp = await startUdpEcho();
    origin = await startHttpOrigin();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'program.mjs'), program);
    writeFileSync(join(folder, 'requests.mjs'), requests);
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await Promise.all([echo.close(), udp.close(), origin.close()]);
  });

  async function withServer(stream: StreamObject, work: (server: Server) => Promise<void>): Promise<void> {
    const server = createServer({ users: [{ id }], listen: { host: '127.0.0.1', port: 0 }, stream });
    await server.start();
    try {
      await work(server);
    } finally {
      await server.close();
    }
  }
  function outboundTo(
    server: Server,
    streamSettings: StreamObject,
    more: object = {},
    settings: object = {},
  ): string {
    const vnext = [{ address: '127.0.0.1', port: server.port, users: [{ id }] }];
    return JSON.stringify({ protocol: 'vmess', settings: { vnext, ...settings }, streamSettings, ...more });
  }
  function start(name: string, ...args: readonly string[]): Child {
    return new Child(process.execPath, [join(folder, name), ...args], { env: cleanEnvironment() });
  }

  async function letsGo(outbound: string, kind: 'tcp' | 'udp'): Promise<void> {
    const port = `${(kind === 'udp' ? udp : echo).port}`;
    const child = start('program.mjs', outbound, kind, port, 'unref');
    assert.deepEqual(await child.exit, { code: 0, signal: null }, child.output);
    assert.equal(child.output, 'echoed');
  }

  for (const network of networks) {
    const name = `${network.network} ${JSON.stringify(Object.values(network)[1] ?? '')}`;
    for (const secure of network.network === 'http' ? [true] : [false, true]) {
      test(`${name}${secure ? ' with TLS' : ''}`, async () => {
        await withServer({ ...network, ...(secure ? serverTls : {}) }, async (server) => {
          await letsGo(outboundTo(server, { ...network, ...(secure ? clientTls : {}) }), 'tcp');
        });
      });
    }
  }

  const rows: readonly (readonly [name: string, kind: 'tcp' | 'udp', more: object, settings?: object])[] = [
    ['Mux', 'tcp', { mux: { enabled: true } }],
    ['datagrams', 'udp', {}],
    ['datagrams in Mux', 'udp', { mux: { enabled: true } }],
    ['datagrams with XUDP', 'udp', {}, { packetEncoding: 'xudp' }],
    ['datagrams with packetaddr', 'udp', {}, { packetEncoding: 'packetaddr' }],
  ];
  for (const [name, kind, more, settings] of rows) {
    test(name, async () => {
      await withServer({ network: 'tcp' }, (server) =>
        letsGo(outboundTo(server, { network: 'tcp' }, more, settings), kind),
      );
    });
  }

  test('freedom, over TCP and UDP', async () => {
    for (const kind of ['tcp', 'udp'] as const) await letsGo(JSON.stringify({ protocol: 'freedom' }), kind);
  });

  test('ref takes it back: the program lives until the other side ends the connection', async () => {
    for (const more of [{}, { mux: { enabled: true } }]) {
      await withServer({ network: 'ws', ...serverTls }, async (server) => {
        const outbound = outboundTo(server, { network: 'ws', ...clientTls }, more);
        const child = start('program.mjs', outbound, 'tcp', `${echo.port}`, 'unref ref');
        await child.line(/echoed/);
        echo.resetAll();
        assert.deepEqual(await child.exit, { code: 0, signal: null });
        assert.equal(child.output, 'echoed\nended');
      });
    }
  });

  test('idle connections in the pools of agents and dispatchers let the program end', async () => {
    const web = createSecureServer(
      { cert: certificate.certificate, key: certificate.key },
      (_request, response) => {
        response.end('hello\n');
      },
    );
    web.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    await withServer({ network: 'tcp' }, async (server) => {
      const secure = `https://localhost:${(web.address() as AddressInfo).port}/`;
      const child = start('requests.mjs', outboundTo(server, {}), `http://localhost:${origin.port}/`, secure);
      assert.deepEqual(await child.exit, { code: 0, signal: null }, child.output);
      assert.equal(child.output, 'done');
    });
    web.closeAllConnections();
    web.close();
  });
});
