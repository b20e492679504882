/** An abnormal end on one side reaches the other as a reset, so that what was cut off does not look whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
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

const server = await startTsray({
  inbounds: [
    { tag: 'vmess', protocol: 'vmess', listen: '127.0.0.1', port: 0, settings: { clients: [users.aead] } },
    {
      tag: 'ws',
      protocol: 'vmess',
      listen: '127.0.0.1',
      port: 0,
      settings: { clients: [users.aead] },
      streamSettings: { network: 'ws' },
    },
  ],
  outbounds: [freedom],
});
const address = { address: '127.0.0.1', port: targetPort, network: 'tcp' };
const inbounds = [
  { tag: 'socks', protocol: 'socks', listen: '127.0.0.1', port: 0 },
  { tag: 'http', protocol: 'http', listen: '127.0.0.1', port: 0 },
  { tag: 'dokodemo', protocol: 'dokodemo-door', listen: '127.0.0.1', port: 0, settings: address },
];
const direct = await startTsray({ inbounds, outbounds: [freedom] });
const throughServer = (tag: string, network: string): Promise<Tsray> => {
  const vnext = [{ address: '127.0.0.1', port: server.port(tag), users: [users.aead] }];
  const outbound = { protocol: 'vmess', settings: { vnext }, streamSettings: { network } };
  return startTsray({ inbounds, outbounds: [outbound] });
};
const through = await throughServer('vmess', 'tcp');
const throughWs = await throughServer('ws', 'ws');

after(async () => {
  target.close();
  for (const each of [direct, through, throughWs, server]) await each.close();
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
  ['through a VMess server', through],
  ['through a VMess server over ws', throughWs],
] as const) {
  for (const door of ['socks', 'http', 'dokodemo'] as const) {
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
