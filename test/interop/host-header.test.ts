/** Which Host a client sends for odd ones in its configuration: V2Ray's and tsray's, held against each other. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { users } from '../helper/configs.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startRawServer } from '../helper/raw-http.js';
import { socksConnect } from '../helper/socks-client.js';
import { startTsrayProcess } from '../helper/tsray-process.js';
import { startV2ray } from '../helper/v2ray.js';

const hosts = ['例子.example/way', 'front.example note', 'Front.Example:8443', 'a.example,b.example'];

function clientOf(proxyPort: number, serverPort: number, host: string): object {
  const { id, alterId } = users.aead;
  return {
    inbounds: [{ protocol: 'socks', listen: '127.0.0.1', port: proxyPort }],
    outbounds: [
      {
        protocol: 'vmess',
        settings: { vnext: [{ address: '127.0.0.1', port: serverPort, users: [{ id, alterId }] }] },
        streamSettings: { network: 'ws', wsSettings: { headers: { Host: host } } },
      },
    ],
  };
}

/** The Host line of the first request that the client's server is sent. */
async function sentHost(
  start: (config: object) => Promise<{ close(): Promise<unknown> }>,
  host: string,
): Promise<string> {
  const server = await startRawServer();
  const [proxyPort] = (await freePorts(1)) as [number];
  const client = await start(clientOf(proxyPort, server.port, host));
  try {
    // V2Ray answers at once and tsray once its server has; the request comes in either case. It is never answered, and
    // both try again for a while: the application is not waited for.
    socksConnect(proxyPort, { host: '127.0.0.1', port: 9 }).then(
      (socket) => socket.on('error', () => undefined).write('x'),
      () => undefined,
    );
    const peer = await server.next();
    const head = await peer.head();
    peer.socket.destroy();
    return /^Host: (.*)$/m.exec(head)?.[1]?.trim() ?? '';
  } finally {
    await client.close();
    await server.close();
  }
}

describe('the Host header beside V2Ray', { concurrency: true, skip: skipWithout('v2ray') }, () => {
  for (const host of hosts) {
    test(JSON.stringify(host), async () => {
      const theirs = await sentHost(startV2ray, host);
      const ours = await sentHost(startTsrayProcess, host);
      assert.equal(ours, theirs);
      assert.ok(ours.length > 0);
    });
  }
});
