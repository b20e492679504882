/** mKCP servers that go away in the middle of a transfer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { echoOn } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { freePorts } from '../helper/ports.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho, startSource, type TestServer } from '../helper/tcp-servers.js';
import { startTsray } from '../helper/tsray.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

const streamSettings = { network: 'kcp', kcpSettings: { seed: 'a seed', header: { type: 'srtp' } } };

describe('an mKCP server that is killed in the middle of a transfer', () => {
  let source: TestServer;
  let echo: TestServer;
  before(async () => {
    source = await startSource(512 * 1024 * 1024);
    echo = await startEcho();
  });
  after(async () => {
    await source.close();
    await echo.close();
  });

  for (const pauseMs of [0, 1_000]) {
    const when = pauseMs === 0 ? 'at once' : `after ${pauseMs} ms`;
    test(`comes back ${when}: the old connection ends, the next one works`, async () => {
      const [serverPort = 0] = await freePorts(1);
      const serverConfig = {
        inbounds: [{ ...vmessInbound(serverPort), streamSettings }],
        outbounds: [freedomOutbound],
      };
      const first = await startTsrayProcess(serverConfig);
      const client = await startTsray({
        inbounds: [socksInbound(0)],
        outbounds: [{ ...vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), streamSettings }],
      });
      try {
        const socket = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: source.port });
        await once(socket, 'data');
        socket.on('error', () => undefined);
        const closed = once(socket, 'end').catch(() => undefined);
        socket.resume();
        first.process.kill('SIGKILL');
        await first.process.exit;
        if (pauseMs > 0) await closed;
        const second = await startTsrayProcess(serverConfig);
        const startMs = performance.now();
        await closed;
        assert.ok(performance.now() - startMs < 10_000, 'well before 30 s of silence');
        socket.destroy();
        const again = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: echo.port });
        await echoOn(again, payload(100_000));
        again.destroy();
        await second.close();
      } finally {
        await client.close();
        await first.close();
      }
    });
  }
});
