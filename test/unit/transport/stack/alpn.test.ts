/** What clients offer and servers choose as ALPN, whatever is configured. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import { createStreamDialer } from '../../../../src/transport/stack/stack.js';
import type { StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { makeCertificate } from '../../../helper/certificates.js';
import { outboundOf } from '../../../helper/config.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { inline, loopback, TestListener, transportDeps } from '../../../helper/stack.js';

const own = makeCertificate({ names: ['a.example', '127.0.0.1'] });

function streamOf(network: string, alpn: unknown): StreamSettings {
  const tlsSettings = { allowInsecure: true, serverName: 'a.example', alpn };
  return outboundOf({ protocol: 'freedom', streamSettings: { network, security: 'tls', tlsSettings } })
    .stream;
}

/** What a client's ClientHello offers. */
async function offered(stream: StreamSettings, log: MemoryLogger): Promise<readonly string[]> {
  let protocols: readonly string[] = [];
  const server = tls.createServer({
    cert: own.certificate,
    key: own.key,
    ALPNCallback: (given: { protocols: string[] }) => {
      protocols = given.protocols;
      return undefined;
    },
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await assert.rejects(createStreamDialer(stream, transportDeps({ log })).dial(loopback(port)), {
    code: 'ERR_TLS',
    message: /it speaks none of the protocols offered \(ALPN\)$/,
  });
  server.close();
  return protocols;
}

test('clients offer what their transport speaks, and say so in a debug line', async () => {
  const expected: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['ws', ['h2'], ['http/1.1']],
    ['ws', ['h2', 'http/1.1'], ['http/1.1']],
    ['ws', 'http/1.1,h2', ['http/1.1']],
    ['ws', ['h3'], ['http/1.1']],
    ['httpupgrade', ['h3', 'h2'], ['http/1.1']],
    ['grpc', ['http/1.1'], ['h2']],
    ['h2', ['h2', 'http/1.1'], ['h2', 'http/1.1']],
    ['tcp', ['h3', 'x'], ['h3', 'x']],
  ];
  for (const [network, alpn, wanted] of expected) {
    const log = new MemoryLogger();
    assert.deepEqual(await offered(streamOf(network, alpn), log), wanted, `${network} ${String(alpn)}`);
    const told = log.lines.filter((line) => line.startsWith('[debug]') && line.includes('ALPN'));
    const changed = String([alpn].flat().join(',')) !== wanted.join(',');
    assert.equal(told.length, changed ? 1 : 0, `${network} ${String(alpn)}`);
  }
});

test('servers of ws and httpupgrade choose http/1.1, and take clients that offer only what is configured', async () => {
  for (const network of ['ws', 'httpupgrade']) {
    const stream = streamOf(network, ['h2', 'http/1.1']);
    assert.ok(stream.tls !== undefined);
    const settings: StreamSettings = { ...stream, tls: { ...stream.tls, certificates: [inline(own)] } };
    const listener = await TestListener.open(settings);
    for (const [given, chosen] of [
      [['h2', 'http/1.1'], 'http/1.1'],
      [['http/1.1'], 'http/1.1'],
      [['h2'], 'h2'],
    ] as const) {
      const client = tls.connect({
        port: listener.port,
        ALPNProtocols: [...given],
        rejectUnauthorized: false,
      });
      await once(client, 'secureConnect');
      assert.equal(client.alpnProtocol, chosen);
      client.destroy();
    }
    await listener.close();
  }
});
