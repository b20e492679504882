/** Targets that a program serves, reached by V2Ray 4.34 as client: over TCP and UDP, alone and in Mux. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createServer } from '../../src/index.js';
import { socksInbound, users, vmessOutbound } from '../helper/configs.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { readAll, socksAssociate, socksConnect } from '../helper/socks-client.js';
import { startV2ray } from '../helper/v2ray.js';

describe('handlers and V2Ray', { skip: skipWithout('v2ray') }, () => {
  for (const mux of [false, true]) {
    test(mux ? 'in Mux' : 'each in a connection of its own', async () => {
      await using server = createServer({
        users: [{ id: users.aead.id, email: 'ann' }],
        listen: { host: '127.0.0.1', port: 0 },
        handler({ host, port }, stream, { user }) {
          stream.resume();
          stream.end(`${user} ${host}:${port}`);
        },
        datagramHandler({ host, port }, datagrams, { user }) {
          datagrams.on('message', (message) => datagrams.send(`${message} ${user} ${host}:${port}`));
        },
      });
      await server.start();
      const [socksPort = 0] = await freePorts(1);
      const client = await startV2ray({
        inbounds: [socksInbound(socksPort)],
        outbounds: [{ ...vmessOutbound(server.port, 'aead', 'auto'), mux: { enabled: mux } }],
      });
      try {
        const socket = await socksConnect(socksPort, { host: 'hello.internal', port: 80 });
        socket.write('x');
        assert.equal(String(await readAll(socket)), 'ann hello.internal:80');
        const association = await socksAssociate(socksPort);
        for (const [host, port] of [
          ['clock.internal', 37],
          ['127.0.0.1', 9],
        ] as const) {
          association.send({ host, port }, Buffer.from('time'));
          assert.equal(String(await association.receive()), `time ann ${host}:${port}`);
        }
        association.close();
      } finally {
        await client.close();
      }
    });
  }
});
