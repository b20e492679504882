/** Half-closes pass through a tsray client and a tsray server in both directions, with every security and header. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  securities,
  socksInbound,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import { payload, payloadSha256 } from '../helper/payload.js';
import { readAll, socksConnect } from '../helper/socks-client.js';
import { startHalfCloser, startSink } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

describe('half-closes between a tsray client and a tsray server', () => {
  let server: Tsray;
  before(async () => {
    server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
  });
  after(() => server.close());

  for (const kind of headerKinds) {
    for (const security of securities) {
      describe(`${security}, ${kind} header`, () => {
        let client: Tsray;
        before(async () => {
          client = await startTsray({
            inbounds: [socksInbound(0)],
            outbounds: [vmessOutbound(server.port('vmess'), kind, security)],
          });
        });
        after(() => client.close());

        test('a client that ends first still gets the answer', async () => {
          const sink = await startSink();
          try {
            const target = { host: '127.0.0.1', port: sink.port };
            const socket = await socksConnect(client.port('socks'), target);
            socket.end(payload(50_000));
            const answer = await readAll(socket);
            assert.equal(answer.toString(), `50000 ${payloadSha256(50_000)}\n`);
          } finally {
            await sink.close();
          }
        });

        test('a target that ends first still gets the request', async () => {
          const target = await startHalfCloser('bye');
          try {
            const socket = await socksConnect(client.port('socks'), {
              host: '127.0.0.1',
              port: target.port,
            });
            assert.equal((await readAll(socket)).toString(), 'bye');
            socket.end(payload(10_000));
            assert.equal(await target.done(), 10_000);
          } finally {
            await target.close();
          }
        });
      });
    }
  }
});
