/** Rules that look at the requests of an HTTP client: each request of a connection goes its own way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createInstance } from '../../src/compose/instance.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { MemoryAccessLog, MemoryLogger } from '../helper/memory-log.js';

async function origin(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('attrs, and the protocol of plain requests', async () => {
  const names = ['default', 'video', 'web'];
  const servers = await Promise.all(names.map(origin));
  const { settings } = parseConfig(
    JSON.stringify({
      inbounds: [{ tag: 'in', protocol: 'http', listen: '127.0.0.1', port: 0 }],
      outbounds: names.map((tag, index) => ({
        tag,
        protocol: 'freedom',
        settings: { redirect: `127.0.0.1:${(servers[index]!.address() as AddressInfo).port}` },
      })),
      routing: {
        rules: [
          { attrs: "attrs[':path'].startswith('/video')", outboundTag: 'video' },
          { protocol: ['http'], port: 80, outboundTag: 'web' },
        ],
      },
    }),
  );
  const flags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };
  const log = {
    logger: new MemoryLogger(),
    access: new MemoryAccessLog(),
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const instance = createInstance(settings!, { flags, log });
  await instance.start();
  // One connection to the proxy for all of them.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const port = Number(instance.inbounds[0]!.addresses[0]!.split(':').at(-1));
  const ask = async (url: string): Promise<string> => {
    const asked = request({ host: '127.0.0.1', port, path: url, headers: { host: '127.0.0.9' }, agent });
    asked.end();
    const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    return text;
  };
  try {
    const taken: string[] = [];
    for (const url of ['/a', '/video/1', '/b', ':81/c', ':81/video/2']) {
      taken.push(await ask(`http://127.0.0.9${url}`));
    }
    assert.deepEqual(taken, ['web', 'video', 'web', 'default', 'video']);
  } finally {
    agent.destroy();
    await instance.stop(0);
    for (const server of servers) server.close();
  }
});
