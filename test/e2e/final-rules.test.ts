/** `finalRules` on a server: who comes by VMess, muxed or not, reaches no private address that no rule allows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { socksInbound, users } from '../helper/configs.js';
import { echoOn } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { socksAssociate, socksConnect } from '../helper/socks-client.js';
import { startEcho, startUdpEcho } from '../helper/tcp-servers.js';
import { startTsray } from '../helper/tsray.js';

async function startPair(finalRules: readonly object[] | undefined, mux: boolean) {
  const { id } = users.aead;
  const server = await startTsray({
    inbounds: [{ protocol: 'vmess', tag: 'in', listen: '127.0.0.1', port: 0, settings: { users: [{ id }] } }],
    outbounds: [{ protocol: 'direct', settings: finalRules === undefined ? {} : { finalRules } }],
  });
  const client = await startTsray({
    inbounds: [socksInbound(0)],
    outbounds: [
      {
        protocol: 'vmess',
        settings: { address: '127.0.0.1', port: server.port('in'), id },
        mux: { enabled: mux },
      },
    ],
  });
  const close = async (): Promise<void> => {
    await client.close();
    await server.close();
  };
  return { port: client.port('socks'), close };
}

for (const mux of [false, true]) {
  describe(mux ? 'muxed' : 'a connection each', () => {
    test('without rules everything is reached, as in V2Ray', async () => {
      const target = await startEcho();
      const pair = await startPair(undefined, mux);
      const socket = await socksConnect(pair.port, { host: '127.0.0.1', port: target.port });
      await echoOn(socket, payload(100));
      socket.destroy();
      await pair.close();
      await target.close();
    });

    test('with rules what none allows is not reached', async () => {
      const [open, shut] = [await startEcho(), await startEcho()];
      const pair = await startPair(
        [{ action: 'allow', network: 'tcp', ip: ['127.0.0.1'], port: open.port }],
        mux,
      );
      const allowed = await socksConnect(pair.port, { host: '127.0.0.1', port: open.port });
      await echoOn(allowed, payload(100));
      const blocked = await socksConnect(pair.port, { host: '127.0.0.1', port: shut.port });
      blocked.on('error', () => undefined);
      blocked.write('anybody?');
      blocked.resume();
      // An end or a reset: `once` of node:events would reject with the latter.
      await new Promise<void>((resolve) => {
        blocked.once('end', resolve);
        blocked.once('close', () => resolve());
      });
      blocked.destroy();
      assert.equal(open.accepted, 1);
      assert.equal(shut.accepted, 0);
      allowed.destroy();
      await pair.close();
      await open.close();
      await shut.close();
    });

    test('the same for datagrams', async () => {
      const [open, shut] = [await startUdpEcho(), await startUdpEcho()];
      const pair = await startPair([{ action: 'allow', network: 'udp', port: open.port }], mux);
      const association = await socksAssociate(pair.port);
      association.send({ host: '127.0.0.1', port: shut.port }, Buffer.from('shut'));
      association.send({ host: '127.0.0.1', port: open.port }, Buffer.from('open'));
      const answer = await association.receive();
      assert.equal(answer.toString(), 'open');
      assert.equal(shut.accepted, 0);
      association.close();
      await pair.close();
      await open.close();
      await shut.close();
    });
  });
}
