/** An exception in what one connection's links deliver to ends that connection, on every transport, and no other. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Accepted } from '../../../../src/contract/transport.js';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Link, LinkSink } from '../../../../src/core/stream/link.js';
import { createStreamDialer, createStreamListen } from '../../../../src/transport/stack/stack.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { type Defects, watchDefects } from '../../../helper/defects.js';
import { loopback, transportDeps } from '../../../helper/stack.js';
import { type TransportKind, transportKinds } from '../../../helper/transport-kinds.js';

let defects: Defects;
before(() => {
  defects = watchDefects();
});
after(() => defects.stop());

type Callback = 'data' | 'end' | 'closed';

/** Throws where it is told to, in the way defects do. */
class ThrowingSink extends CollectSink implements LinkSink {
  readonly #where: Callback;

  constructor(where: Callback) {
    super();
    this.#where = where;
  }

  override data(bytes: Uint8Array): void {
    super.data(bytes);
    this.#throw('data');
  }

  override end(): void {
    super.end();
    this.#throw('end');
  }

  override closed(error: Parameters<LinkSink['closed']>[0]): void {
    super.closed(error);
    this.#throw('closed');
  }

  #throw(at: Callback): void {
    if (at === this.#where) throw new TypeError(`a defect in ${at}`);
  }
}

/** The far side answers every connection, unless its first byte tells that it shall fail. */
async function withServer(
  { settings }: TransportKind,
  accept: (accepted: Accepted) => void,
  run: (dial: () => Promise<Link>) => Promise<void>,
): Promise<void> {
  const listener = await createStreamListen(settings, transportDeps())('127.0.0.1', 0, accept);
  const dialer = createStreamDialer(settings, transportDeps());
  try {
    await run(() => dialer.dial(loopback(listener.port)));
  } finally {
    await dialer.close();
    await listener.close();
  }
}

function echo({ link }: Accepted): void {
  link.start({
    data: (bytes) => link.write(bytes),
    end: () => link.close(),
    drain() {},
    closed() {},
  });
}

async function assertLives(link: Link, sink: CollectSink, text: string): Promise<void> {
  const wanted = sink.received + text.length;
  link.write(Buffer.from(text));
  await sink.until((one) => one.received >= wanted || one.closes > 0);
  assert.equal(sink.closes, 0, 'the other connection lives');
  assert.ok(sink.text.endsWith(text));
}

for (const kind of transportKinds) {
  describe(kind.name, { timeout: 20_000 }, () => {
    for (const where of kind.halfClose
      ? (['data', 'end', 'closed'] as const)
      : (['data', 'closed'] as const)) {
      test(`a server's sink that throws in ${where} ends its connection alone`, async () => {
        let accepted = 0;
        let ending: () => void = () => undefined;
        let arrive: (sink: ThrowingSink) => void = () => undefined;
        const arrived = new Promise<ThrowingSink>((resolve) => {
          arrive = resolve;
        });
        const accept = (connection: Accepted): void => {
          accepted += 1;
          if (accepted === 1) echo(connection);
          else {
            const sink = new ThrowingSink(where);
            connection.link.start(sink);
            ending = () => connection.link.destroy();
            arrive(sink);
          }
        };
        await withServer(kind, accept, async (dial) => {
          const other = await dial();
          const otherSink = CollectSink.on(other);
          await assertLives(other, otherSink, 'before');
          const one = await dial();
          CollectSink.on(one);
          one.write(Buffer.from('x'));
          const failing = await arrived;
          if (where === 'end') one.end();
          if (where === 'closed') {
            await failing.until((sink) => sink.received > 0);
            ending();
          }
          await failing.until((sink) => sink.closes > 0);
          if (where !== 'closed') assert.equal(failing.error?.code, 'ERR_INTERNAL');
          await assertLives(other, otherSink, 'after');
          one.destroy();
        });
      });
    }

    test("a client's sink that throws ends its connection alone", async () => {
      await withServer(kind, echo, async (dial) => {
        const other = await dial();
        const otherSink = CollectSink.on(other);
        await assertLives(other, otherSink, 'before');
        const one = await dial();
        const sink = new ThrowingSink('data');
        one.start(sink);
        one.write(Buffer.from('x'));
        await sink.until((each) => each.closes > 0);
        assert.equal(sink.error?.code, 'ERR_INTERNAL');
        await assertLives(other, otherSink, 'after');
      });
    });

    test('an inbound that throws as it accepts costs that connection alone', async () => {
      let accepted = 0;
      const accept = (connection: Accepted): void => {
        accepted += 1;
        if (accepted === 2) throw new TypeError('a defect in accept');
        echo(connection);
      };
      await withServer(kind, accept, async (dial) => {
        const other = await dial();
        const otherSink = CollectSink.on(other);
        await assertLives(other, otherSink, 'before');
        try {
          const one = await dial();
          const sink = CollectSink.on(one);
          one.write(Buffer.from('x'));
          await sink.until((each) => each.closes > 0 || each.ended > 0);
        } catch (error) {
          // Reset before the client's own side had noticed that it was connected.
          assert.ok(error instanceof TsrayError);
        }
        assert.equal(accepted, 2);
        await assertLives(other, otherSink, 'after');
      });
    });
  });
}

test('each defect was reported once with its stack, and no more than ten a minute', () => {
  assert.ok(defects.messages.length > 0 && defects.messages.length <= 10);
  assert.match(defects.messages[0] ?? '', /one connection was ended by a defect: a defect in/);
});
