/** tsray's mKCP dialer against V2Ray 4.34: a raw stream through its dokodemo door to a TCP echo. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/core/clock.js';
import { parseAddress } from '../../src/core/net/address.js';
import { systemRandom } from '../../src/core/random.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { createKcpDialer } from '../../src/transport/kcp/dial.js';
import { CollectSink } from '../helper/collect-sink.js';
import { freedomOutbound } from '../helper/configs.js';
import { kcpDefaults, kcpHeaders } from '../helper/kcp.js';
import { payload, sha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePortRange } from '../helper/ports.js';
import { startEcho, type TestServer } from '../helper/tcp-servers.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const variants = kcpHeaders.flatMap((header) => [
  { header, seed: undefined },
  { header, seed: `seed of ${header}` },
]);
const bytes = 300_000;

describe('a raw stream to V2Ray', { skip: skipWithout('v2ray') }, () => {
  let echo: TestServer;
  let server: V2ray;
  let firstPort: number;

  before(async () => {
    echo = await startEcho();
    firstPort = await freePortRange(variants.length);
    server = await startV2ray({
      inbounds: variants.map(({ header, seed }, index) => ({
        protocol: 'dokodemo-door',
        listen: '127.0.0.1',
        port: firstPort + index,
        settings: { address: '127.0.0.1', port: echo.port, network: 'tcp' },
        streamSettings: { network: 'kcp', kcpSettings: { header: { type: header }, seed } },
      })),
      outbounds: [freedomOutbound],
    });
  });
  after(async () => {
    await server.close();
    await echo.close();
  });

  for (const [index, { header, seed }] of variants.entries()) {
    test(`header ${header}, ${seed === undefined ? 'no seed' : 'seed'}: echoes ${bytes} bytes`, async () => {
      const dialer = createKcpDialer(
        { ...kcpDefaults, header, ...(seed === undefined ? {} : { seed }) },
        {
          clock: systemClock,
          random: systemRandom,
          crypto: defaultCrypto(),
          resolver: { resolve: () => Promise.resolve([]) },
        },
      );
      const link = await dialer.dial({
        network: 'tcp',
        address: parseAddress('127.0.0.1'),
        port: firstPort + index,
      });
      const sink = CollectSink.on(link);
      const data = payload(bytes);
      link.write(data);
      await sink.until(() => sink.bytes.length >= bytes);
      assert.equal(sha256(sink.bytes), sha256(data));
      link.close();
      await sink.until(() => sink.closes === 1);
      assert.equal(sink.error, undefined);
      await dialer.close();
    });
  }
});
