/** The library's client and server over every transport, and what `ping` says of each. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient, createServer, generateId, type StreamObject } from '../../../src/index.js';
import { certificateEntry, makeCertificate } from '../../helper/certificates.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { countResources, nothingLeft } from '../../helper/leaks.js';
import { payloadSha256, sha256 } from '../../helper/payload.js';

const tls = makeCertificate({ names: ['server.example'] });
const security = {
  server: { security: 'tls', tlsSettings: { certificates: [certificateEntry(tls)] } },
  client: {
    security: 'tls',
    tlsSettings: { serverName: 'server.example', certificates: [certificateEntry(tls, 'verify')] },
  },
} as const;

const networks: readonly StreamObject[] = [
  { network: 'tcp' },
  { network: 'ws', wsSettings: { path: '/chat' } },
  { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } },
  { network: 'http', httpSettings: { path: '/h2', host: ['server.example'] } },
  { network: 'grpc', grpcSettings: { serviceName: 'tunnel' } },
  { network: 'kcp' },
];

describe('library over transports', () => {
  let origin: HttpOrigin;
  before(async () => {
    origin = await startHttpOrigin();
  });
  after(() => origin.close());

  for (const network of networks) {
    for (const secure of network.network === 'http' ? [true] : [false, true]) {
      test(`${network.network}${secure ? ' with TLS' : ''}`, async () => {
        const before = countResources();
        const id = generateId();
        const server = createServer({
          users: [{ id }],
          listen: { host: '127.0.0.1', port: 0 },
          stream: { ...network, ...(secure ? security.server : {}) },
        });
        await server.start();
        const stream = { ...network, ...(secure ? security.client : {}) };
        const client = createClient({ host: '127.0.0.1', port: server.port, id, stream });
        const result = await client.ping({ url: `http://localhost:${origin.port}/` });
        assert.equal(result.status, 200);
        // mKCP has no connection to wait for; with TLS or a framing there is a handshake.
        assert.equal(result.dialMs > 0, network.network !== 'kcp', JSON.stringify(result));
        if (secure || network.network === 'ws') assert.ok(result.handshakeMs > 0, JSON.stringify(result));
        const answer = await client.fetch(`http://localhost:${origin.port}/bytes/300000`);
        assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), payloadSha256(300_000));
        await client.close();
        await server.close();
        await nothingLeft(before);
      });
    }
  }
});
