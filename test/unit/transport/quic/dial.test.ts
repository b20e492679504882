/** The QUIC dialer where a name has several addresses. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { parseAddress } from '../../../../src/core/net/address.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { echoLink, startTransportServer, transportDeps, transportDialer } from '../../../helper/transport.js';

const settings: StreamSettings = {
  network: 'quic',
  quic: { security: 'none', key: '', header: 'none' },
  sockopt: { acceptProxyProtocol: false },
};

describe('several addresses for a name', () => {
  for (const first of ['refuses', 'is silent'] as const) {
    test(`the first one ${first}: the second is used`, async () => {
      const server = await startTransportServer(settings, transportDeps(), echoLink);
      const silent = dgram.createSocket('udp4');
      if (first === 'is silent') {
        silent.bind(server.port, '127.0.0.5');
        await once(silent, 'listening');
      }
      const dialer = transportDialer(
        settings,
        transportDeps({
          resolver: {
            resolve: () => Promise.resolve([parseAddress('127.0.0.5'), parseAddress('127.0.0.1')]),
          },
        }),
      );
      const link = await dialer.dial({
        network: 'tcp',
        address: parseAddress('server.example'),
        port: server.port,
      });
      const sink = CollectSink.on(link);
      link.write(Buffer.from('hello'));
      await sink.until((each) => each.text === 'hello');
      link.destroy();
      await dialer.close();
      await server.listener.close();
      silent.close();
    });
  }

  test('none that answers is an error that names them', async () => {
    const dialer = transportDialer(
      settings,
      transportDeps({
        resolver: {
          resolve: () => Promise.resolve([parseAddress('127.0.0.5'), parseAddress('127.0.0.6')]),
        },
      }),
    );
    const port = 9;
    const dial = dialer.dial({ network: 'tcp', address: parseAddress('server.example'), port });
    await assert.rejects(dial, {
      code: 'ERR_DIAL_REFUSED',
      message: /^server\.example:9: 127\.0\.0\.5:9 .*; 127\.0\.0\.6:9/,
    });
    await dialer.close();
  });
});
