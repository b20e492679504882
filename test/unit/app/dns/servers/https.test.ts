import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { HttpsChannel } from '../../../../../src/app/dns/servers/https.js';
import { systemClock } from '../../../../../src/core/clock.js';
import { type AddressReply, encodeQuery } from '../../../../../src/core/dns/message.js';
import { TsrayError } from '../../../../../src/core/errors.js';
import { parseAddress } from '../../../../../src/core/net/address.js';
import { createTcpDialer } from '../../../../../src/transport/tcp/dial.js';
import { makeCertificate } from '../../../../helper/certificates.js';
import { loopbackOnly, replyTo } from '../../../../helper/name-server.js';

const certificate = makeCertificate({ names: ['localhost', '127.0.0.1'] });

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly version: string;
}

/** A DoH server; `respond` may answer in its place. */
async function startDoh(
  options: {
    readonly respond?: (response: http2.Http2ServerResponse) => boolean;
    readonly http1?: boolean;
  } = {},
) {
  const seen: Seen[] = [];
  let connections = 0;
  const { certificate: cert, key } = certificate;
  const server =
    options.http1 === true
      ? (https.createServer({ cert, key }) as unknown as http2.Http2SecureServer)
      : http2.createSecureServer({ cert, key });
  server.on('secureConnection', () => {
    connections += 1;
  });
  server.on('sessionError', () => undefined);
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method,
        path: request.url,
        type: String(request.headers['content-type']),
        version: request.httpVersion,
      });
      if (options.respond?.(response) === true) return;
      response.setHeader('content-type', 'application/dns-message');
      response.end(replyTo(Buffer.concat(chunks), loopbackOnly)!);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    get connections() {
      return connections;
    },
  };
}

function channelTo(port: number, trusted: string | undefined = certificate.certificate): HttpsChannel {
  const dialer = createTcpDialer({ clock: systemClock });
  const channel = new HttpsChannel({
    server: { network: 'tcp', address: parseAddress('localhost'), port },
    path: '/dns-query?x=1',
    clock: systemClock,
    trusted,
    way: {
      openStream: (destination) => dialer.dial({ ...destination, address: parseAddress('127.0.0.1') }),
      openPackets: () => Promise.reject(new TsrayError('ERR_INTERNAL', 'no packets')),
    },
  });
  after(() => channel.close());
  return channel;
}

function ask(channel: HttpsChannel, name = 'a.test'): Promise<AddressReply> {
  const question = { id: 0, name, type: 'ipv4' } as const;
  return channel.exchange(question, encodeQuery(question)).reply;
}

test('questions are posted on one HTTP/2 connection', async () => {
  const server = await startDoh();
  const channel = channelTo(server.port);
  const replies = await Promise.all(['a.test', 'b.test', 'c.test'].map((name) => ask(channel, name)));
  for (const reply of replies) assert.equal(reply.addresses[0]!.host, '127.0.0.1');
  await ask(channel);
  assert.equal(server.connections, 1);
  assert.deepEqual(server.seen[0], {
    method: 'POST',
    path: '/dns-query?x=1',
    type: 'application/dns-message',
    version: '2.0',
  });
});

test('a server without HTTP/2 is asked by HTTP/1.1', async () => {
  const server = await startDoh({ http1: true });
  const channel = channelTo(server.port);
  for (const reply of await Promise.all([ask(channel), ask(channel, 'b.test')])) {
    assert.equal(reply.addresses[0]!.host, '127.0.0.1');
  }
  assert.equal(server.seen[0]!.version, '1.1');
});

test('another status than 200 is a failure, and the connection goes on', async () => {
  let status = 503;
  const server = await startDoh({
    respond(response) {
      if (status === 200) return false;
      response.statusCode = status;
      response.end('no');
      return true;
    },
  });
  const channel = channelTo(server.port);
  await assert.rejects(ask(channel), { code: 'ERR_UPSTREAM', message: /status 503/ });
  status = 200;
  assert.equal((await ask(channel)).addresses.length, 1);
  assert.equal(server.connections, 1);
});

test('an answer that is longer than a message can be is cut off', async () => {
  const server = await startDoh({
    respond(response) {
      response.end(Buffer.alloc(1 << 20));
      return true;
    },
  });
  const channel = channelTo(server.port);
  await assert.rejects(ask(channel), { code: 'ERR_LIMIT' });
});

test('an answer that is no DNS message is a failure', async () => {
  const server = await startDoh({
    respond(response) {
      response.end('<html>');
      return true;
    },
  });
  const channel = channelTo(server.port);
  await assert.rejects(ask(channel), { code: 'ERR_PROTOCOL' });
});

test('a connection that is lost is replaced with the next question', async () => {
  let drop = true;
  const server = await startDoh({
    respond(response) {
      if (!drop) return false;
      drop = false;
      response.stream.session?.destroy();
      return true;
    },
  });
  const channel = channelTo(server.port);
  await assert.rejects(ask(channel));
  assert.equal((await ask(channel)).addresses.length, 1);
  assert.equal(server.connections, 2);
});

test('a certificate that nobody vouches for is refused', async () => {
  const server = await startDoh();
  const channel = channelTo(server.port, '');
  await assert.rejects(ask(channel), { code: 'ERR_TLS' });
});

test('a question that is dropped, or a channel that is closed, waits no longer', async () => {
  const server = await startDoh({ respond: () => true });
  const channel = channelTo(server.port);
  const question = { id: 0, name: 'a.test', type: 'ipv4' } as const;
  const dropped = channel.exchange(question, encodeQuery(question));
  dropped.drop();
  await assert.rejects(dropped.reply);
  const waiting = ask(channel);
  channel.close();
  await assert.rejects(waiting);
  await assert.rejects(ask(channel), { code: 'ERR_CLOSED' });
});
