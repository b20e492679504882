/** A server that refuses the path, with early data asked for: the user is told of the path, not of the ID. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { eventually } from '../helper/eventually.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho } from '../helper/tcp-servers.js';
import { startTsray } from '../helper/tsray.js';

const transports: Readonly<Record<string, (path: string) => object>> = {
  ws: (path) => ({ network: 'ws', wsSettings: { path } }),
  httpupgrade: (path) => ({ network: 'httpupgrade', httpupgradeSettings: { path } }),
};

describe('a path that is refused', () => {
  for (const [name, settings] of Object.entries(transports)) {
    test(`${name}: the log names the status and what to compare`, async () => {
      const target = await startEcho();
      const server = await startTsray({
        inbounds: [{ ...vmessInbound(0), streamSettings: settings('/right') }],
        outbounds: [freedomOutbound],
      });
      const client = await startTsray({
        inbounds: [socksInbound(0)],
        outbounds: [
          {
            ...vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm'),
            streamSettings: settings('/wrong?ed=2048'),
          },
        ],
      });
      try {
        const connecting = socksConnect(client.port('socks'), { host: '127.0.0.1', port: target.port });
        // httpupgrade waits for the answer, so that the application is refused; ws sends early data and finds out late.
        const socket = name === 'ws' ? await connecting : undefined;
        if (socket === undefined) await assert.rejects(connecting, /SOCKS reply/);
        socket?.on('error', () => undefined);
        socket?.write('hello');
        const line = await eventually('the warning', () => /\[Warning\].*ERR_.*/.exec(client.log)?.[0]);
        socket?.destroy();
        assert.match(line, /ERR_UPSTREAM: .*status 404\. Hint: Compare path and host/);
        assert.doesNotMatch(client.log, /ERR_SERVER_SILENT/);
      } finally {
        await client.close();
        await server.close();
        await target.close();
      }
    });
  }
});
