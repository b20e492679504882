import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { QuicChannel } from '../../../../../src/app/dns/servers/quic.js';
import { encodeQuery } from '../../../../../src/core/dns/message.js';
import { encodeStreamMessage, StreamMessages } from '../../../../../src/core/dns/stream-messages.js';
import { parseAddress } from '../../../../../src/core/net/address.js';
import type { Link } from '../../../../../src/core/stream/link.js';
import { createStreamDialer } from '../../../../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../../../../src/transport/stack/stream-settings.js';
import { makeCertificate } from '../../../../helper/certificates.js';
import { loopbackOnly, replyTo } from '../../../../helper/name-server.js';
import { withoutQuic } from '../../../../helper/quic.js';
import { inline, TestListener, tlsSettings, transportDeps } from '../../../../helper/stack.js';

const certificate = makeCertificate({ names: ['localhost'] });
const quic = { security: 'none', key: '', header: 'none' } as const;

function quicWith(more: Parameters<typeof tlsSettings>[0]): StreamSettings {
  return { network: 'quic', quic, tls: tlsSettings({ alpn: ['doq'], ...more }), sockopt: plainTcp.sockopt };
}

/** Serves each accepted stream; `serve` may do it in another way. */
async function startDoq(serve: (link: Link, query: Uint8Array) => void): Promise<number> {
  const listener = await TestListener.open(quicWith({ certificates: [inline(certificate)] }));
  after(() => listener.close());
  void (async () => {
    for (;;) {
      const { link } = await listener.next();
      const messages = new StreamMessages();
      link.start({
        data: (bytes) => {
          for (const message of messages.push(bytes)) serve(link, message);
        },
        end: () => undefined,
        drain: () => undefined,
        closed: () => undefined,
      });
    }
  })();
  return listener.port;
}

function channelTo(port: number): QuicChannel {
  const trusted = inline(certificate, 'verify');
  const dialer = createStreamDialer(
    quicWith({ serverName: 'localhost', certificates: [trusted], disableSystemRoot: true }),
    transportDeps(),
  );
  const channel = new QuicChannel({
    server: { network: 'udp', address: parseAddress('127.0.0.1'), port },
    dialer,
  });
  after(() => channel.close());
  return channel;
}

function ask(channel: QuicChannel, name: string) {
  const question = { id: 0, name, type: 'ipv4' } as const;
  return channel.exchange(question, encodeQuery(question));
}

test('each question has a stream of its own, with the id 0', { skip: withoutQuic }, async () => {
  const ids: number[] = [];
  const port = await startDoq((link, query) => {
    ids.push((query[0]! << 8) | query[1]!);
    link.write(encodeStreamMessage(replyTo(query, loopbackOnly)!));
    link.end();
  });
  const channel = channelTo(port);
  const replies = await Promise.all(['a.test', 'b.test', 'c.test'].map((name) => ask(channel, name).reply));
  for (const { addresses } of replies) assert.equal(addresses[0]!.host, '127.0.0.1');
  assert.deepEqual(ids, [0, 0, 0]);
});

test('a stream that ends without a reply is a failure, and so is one that says something else', {
  skip: withoutQuic,
}, async () => {
  let answer = false;
  const port = await startDoq((link) => {
    if (answer) link.write(encodeStreamMessage(Buffer.from('no message')));
    link.end();
  });
  const channel = channelTo(port);
  await assert.rejects(ask(channel, 'a.test').reply, { code: 'ERR_TRUNCATED' });
  answer = true;
  await assert.rejects(ask(channel, 'a.test').reply, { code: 'ERR_PROTOCOL' });
});

test('a question that is dropped waits no longer, and a closed channel asks nothing', {
  skip: withoutQuic,
}, async () => {
  const port = await startDoq(() => undefined);
  const channel = channelTo(port);
  const { drop, reply } = ask(channel, 'a.test');
  setImmediate(drop);
  await assert.rejects(reply, { code: 'ERR_ABORTED' });
  channel.close();
  await assert.rejects(ask(channel, 'a.test').reply, { code: 'ERR_CLOSED' });
});
