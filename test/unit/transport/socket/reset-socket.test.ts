/** An abnormal end on one side reaches the other as a reset, so that what was cut off does not look whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import { certificateEntry, makeCertificate } from '../../../helper/certificates.js';
import { users } from '../../../helper/configs.js';
import { startTsray, type Tsray } from '../../../helper/tsray.js';

const freedom = { protocol: 'freedom' };

/** A target that keeps its connections. */
const connections: net.Socket[] = [];
const target = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.resume();
  connections.push(socket);
});
target.listen(0, '127.0.0.1');
await once(target, 'listening');
const { port: targetPort } = target.address() as net.AddressInfo;

const certificate = makeCertificate();
const serverTls = { security: 'tls', tlsSettings: { certificates: [certificateEntry(certificate)] } };
const clientTls = { security: 'tls', tlsSettings: { serverName: 'localhost', allowInsecure: true } };

/** Ways to a server. */
const carriers: Readonly<Record<string, { readonly network: string; readonly tls?: true }>> = {
  tcp: { network: 'tcp' },
  ws: { network: 'ws' },
  httpupgrade: { network: 'httpupgrade' },
  grpc: { network: 'grpc' },
  'tcp with TLS': { network: 'tcp', tls: true },
  'ws with TLS': { network: 'ws', tls: true },
  'h2 with TLS': { network: 'h2', tls: true },
  'grpc with TLS': { network: 'grpc', tls: true },
};

/** mKCP has no reset: an end of a VMess stream without its end chunk tells, once the server has sent one. */
const packets = { kcp: { network: 'kcp' }, 'kcp with TLS': { network: 'kcp', tls: true } } as const;
const all: typeof carriers = { ...carriers, ...packets };

const server = await startTsray({
  inbounds: Object.entries(all).map(([tag, { network, tls }]) => ({
    tag,
    protocol: 'vmess',
    listen: '127.0.0.1',
    port: 0,
    settings: { clients: [users.aead] },
    streamSettings: { network, ...(tls === true ? serverTls : {}) },
  })),
  outbounds: [freedom],
});
const address = { address: '127.0.0.1', port: targetPort, network: 'tcp' };
const inbounds = [
  { tag: 'socks', protocol: 'socks', listen: '127.0.0.1', port: 0 },
  { tag: 'http', protocol: 'http', listen: '127.0.0.1', port: 0 },
  { tag: 'dokodemo', protocol: 'dokodemo-door', listen: '127.0.0.1', port: 0, settings: address },
];
const direct = await startTsray({ inbounds, outbounds: [freedom] });
const throughServer = (tag: string): Promise<Tsray> => {
  const vnext = [{ address: '127.0.0.1', port: server.port(tag), users: [users.aead] }];
  const { network, tls } = all[tag]!;
  const streamSettings = { network, ...(tls === true ? clientTls : {}) };
  return startTsray({
    inbounds,
    outbounds: [{ protocol: 'vmess', settings: { vnext }, streamSettings }],
  });
};
const through = new Map<string, Tsray>();
for (const tag of Object.keys(all)) through.set(tag, await throughServer(tag));

after(async () => {
  target.close();
  for (const each of [direct, ...through.values(), server]) await each.close();
});

type Door = 'socks' | 'http' | 'dokodemo';

/** An application with its connection to the target, both ends. */
async function open(tsray: Tsray, door: Door): Promise<{ app: net.Socket; far: net.Socket }> {
  const app = net.connect({ port: tsray.port(door), host: '127.0.0.1', allowHalfOpen: true });
  app.on('error', () => undefined);
  const arrived = once(target, 'connection') as Promise<[net.Socket]>;
  if (door === 'socks') {
    app.write(Buffer.from([5, 1, 0]));
    await once(app, 'data');
    app.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, targetPort >> 8, targetPort & 255]));
    await once(app, 'data');
  } else if (door === 'http') {
    app.write(`CONNECT 127.0.0.1:${targetPort} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(app, 'data');
  }
  app.write('request');
  const [far] = await arrived;
  await once(far, 'data');
  far.write('the beginning of the answer');
  await once(app, 'data');
  app.resume();
  return { app, far };
}

/** How a socket ends. */
async function ending(socket: net.Socket): Promise<string> {
  const how = await new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve('FIN'));
  });
  socket.destroy();
  return how;
}

for (const [way, tsray] of [
  ['directly', direct],
  ...Object.keys(carriers).map((tag) => [`through a VMess server over ${tag}`, through.get(tag)!] as const),
] as const) {
  for (const door of tsray === direct ? (['socks', 'http', 'dokodemo'] as const) : (['socks'] as const)) {
    test(`${door}, ${way}: a target that resets in mid-transfer is a reset to the application`, async () => {
      const { app, far } = await open(tsray, door);
      const end = ending(app);
      far.resetAndDestroy();
      assert.equal(await end, 'ECONNRESET');
    });

    test(`${door}, ${way}: an application that resets is a reset to the target`, async () => {
      const { app, far } = await open(tsray, door);
      const end = ending(far);
      app.resetAndDestroy();
      assert.equal(await end, 'ECONNRESET');
    });

    test(`${door}, ${way}: an orderly end stays one`, async () => {
      const { app, far } = await open(tsray, door);
      const end = ending(app);
      far.end();
      assert.equal(await end, 'FIN');
      far.destroy();
    });
  }
}

for (const tag of Object.keys(packets)) {
  test(`${tag}: a target that resets is a reset to the application, once the server has ended a stream`, async () => {
    const orderly = await open(through.get(tag)!, 'socks');
    const end = ending(orderly.app);
    orderly.far.end();
    assert.equal(await end, 'FIN');
    orderly.far.destroy();

    const { app, far } = await open(through.get(tag)!, 'socks');
    const cut = ending(app);
    far.resetAndDestroy();
    assert.equal(await cut, 'ECONNRESET');
  });
}
