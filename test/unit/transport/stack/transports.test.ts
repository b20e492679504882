/** Adding a transport is a folder and a line in a table: here a toy one goes through the same table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Accepted, Dialer, Listen } from '../../../../src/contract/transport.js';
import type { Link, LinkSink } from '../../../../src/core/stream/link.js';
import { createStreamDialer, createStreamListen } from '../../../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { type Transport, type Transports, transports } from '../../../../src/transport/stack/transports.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { loopback, transportDeps } from '../../../helper/stack.js';

const inverted = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);

/** Everything travels with its bits inverted. */
function invertedLink(link: Link): Link {
  return {
    start: (sink: LinkSink) =>
      link.start({
        data: (bytes) => sink.data(inverted(bytes)),
        end: () => sink.end(),
        drain: () => sink.drain(),
        closed: (error) => sink.closed(error),
      }),
    write: (bytes) => link.write(inverted(bytes)),
    pause: () => link.pause(),
    resume: () => link.resume(),
    limitQueue: (bytes) => link.limitQueue(bytes),
    remainingChunks: () => link.remainingChunks(),
    ref: () => link.ref(),
    unref: () => link.unref(),
    end: () => link.end(),
    close: () => link.close(),
    destroy: (error) => link.destroy(error),
  };
}

const invert: Transport<unknown> = {
  alpn: [],
  dial: (_settings, { links }): Dialer => ({
    dial: async (destination, options) => invertedLink(await links.dial(destination, options)),
    close: () => links.close(),
  }),
  listen:
    (_settings, { links }): Listen =>
    (host, port, accept) =>
      links(host, port, (accepted) =>
        accept(Object.create(accepted, { link: { value: invertedLink(accepted.link) } }) as Accepted),
      ),
};

const table: Transports & { readonly invert: Transport<unknown> } = { ...transports, invert };
const settings = { ...plainTcp, network: 'invert' } as unknown as StreamSettings;

test('a toy transport is one line in the table of transports', async () => {
  const server = new CollectSink();
  const listener = await createStreamListen(settings, transportDeps(), table)('127.0.0.1', 0, ({ link }) => {
    link.start({
      data: (bytes) => {
        server.data(bytes);
        link.write(Buffer.from('pong'));
        link.close();
      },
      end: () => server.end(),
      drain: () => server.drain(),
      closed: (error) => server.closed(error),
    });
  });
  const dialer = createStreamDialer(settings, transportDeps(), table);
  const link = await dialer.dial(loopback(listener.port));
  let answered!: () => void;
  const over = new Promise<void>((resolve) => {
    answered = resolve;
  });
  let answer = '';
  link.start({
    data: (bytes) => {
      answer += Buffer.from(bytes).toString('latin1');
    },
    end: answered,
    drain: () => undefined,
    closed: answered,
  });
  link.write(Buffer.from('ping'));
  await over;
  link.close();
  assert.equal(server.text, 'ping');
  assert.equal(answer, 'pong');
  await dialer.close();
  await listener.close();
});

test('on the wire, a toy transport is not plain TCP', async () => {
  let read!: (text: string) => void;
  const text = new Promise<string>((resolve) => {
    read = resolve;
  });
  const listener = await createStreamListen(plainTcp, transportDeps())('127.0.0.1', 0, ({ link }) => {
    link.start({
      data: (bytes) => {
        read(Buffer.from(bytes).toString('hex'));
        link.close();
      },
      end: () => undefined,
      drain: () => undefined,
      closed: () => undefined,
    });
  });
  const dialer = createStreamDialer(settings, transportDeps(), table);
  const link = await dialer.dial(loopback(listener.port));
  link.start(new CollectSink());
  link.write(Buffer.from([0x00, 0x0f]));
  assert.equal(await text, 'fff0');
  link.close();
  await dialer.close();
  await listener.close();
});
