/**
 * What every Link has to keep to (src/core/stream/link.ts), as tests to be run against each implementation: both ends
 * of a pair, in both directions.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import { TsrayError } from '../../src/core/errors.js';
import type { Link, LinkSink } from '../../src/core/stream/link.js';
import { payload, sha256 } from './payload.js';

/** What `near` has written before the test begins; the far end has not been started. */
export const firstText = 'first';

export interface LinkEnds {
  readonly near: Link;
  readonly far: Link;
  /** Closes what is below; both links are gone already. */
  close(): Promise<void>;
}

export interface LinkKind {
  readonly name: string;
  /** A connected pair: `near` has written `firstText`, neither is started. */
  open(): Promise<LinkEnds>;
  /** False: the carrier has no half-close, `end` is not seen by the peer. */
  readonly halfClose: boolean;
  /** False: `far` is a plain link that is tested elsewhere. */
  readonly bothEnds?: boolean;
  /** Reason for skipping it here. */
  readonly skip?: string | false;
}

/** A link, its sink, and what its owner has done: every breach of the contract is noted when it happens. */
class End implements LinkSink {
  readonly link: Link;
  readonly #news = new EventEmitter();
  readonly breaches: string[] = [];
  readonly chunks: Uint8Array[] = [];
  received = 0;
  ended = 0;
  closes = 0;
  drains = 0;
  error: TsrayError | undefined;
  /** A write was answered with false, and no drain has come since. */
  waiting = false;
  #paused = false;
  #ownerLeft = false;
  /** Another sink has taken over. */
  replaced = false;

  constructor(link: Link) {
    this.link = link;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  start(): this {
    this.link.start(this);
    return this;
  }

  write(bytes: Uint8Array): boolean {
    const lent = Uint8Array.from(bytes);
    const open = this.link.write(lent);
    lent.fill(0xee);
    if (this.waiting && open) this.breaches.push('a write before the drain was answered with true');
    if (!open) this.waiting = true;
    return open;
  }

  /** From the next turn on nothing may be delivered. */
  async pause(): Promise<void> {
    this.link.pause();
    await turns(1);
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.link.resume();
  }

  close(): void {
    this.link.close();
    this.#ownerLeft = true;
  }

  destroy(error?: TsrayError): void {
    this.link.destroy(error);
    this.#ownerLeft = true;
  }

  data(bytes: Uint8Array): void {
    this.#check('data', bytes.length === 0 ? 'no bytes' : undefined);
    if (this.ended > 0) this.breaches.push('data after the end');
    this.chunks.push(Uint8Array.from(bytes));
    this.received += bytes.length;
    this.#news.emit('news');
  }

  end(): void {
    this.#check('end', this.ended > 0 ? 'twice' : undefined);
    this.ended += 1;
    this.#news.emit('news');
  }

  drain(): void {
    if (this.closes > 0) this.breaches.push('drain after closed');
    if (!this.waiting) this.breaches.push('a drain that nobody waits for');
    this.waiting = false;
    this.drains += 1;
    this.#news.emit('news');
  }

  closed(error: TsrayError | undefined): void {
    if (this.closes > 0) this.breaches.push('closed twice');
    this.closes += 1;
    this.error = error;
    this.#news.emit('news');
  }

  async until(condition: (end: this) => boolean): Promise<void> {
    while (!condition(this)) await once(this.#news, 'news');
  }

  #check(what: string, more: string | undefined): void {
    if (more !== undefined) this.breaches.push(`${what}: ${more}`);
    if (this.closes > 0) this.breaches.push(`${what} after closed`);
    if (this.#ownerLeft) this.breaches.push(`${what} after its owner closed it`);
    if (this.#paused) this.breaches.push(`${what} while paused`);
    if (this.replaced) this.breaches.push(`${what} to a sink that was replaced`);
  }
}

/** Lets what is under way arrive. */
async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

interface Pair {
  readonly near: End;
  readonly far: End;
}

/** Both ends started, and the first bytes read. At the end everything is closed, and no breach was seen. */
async function withPair(kind: LinkKind, use: (pair: Pair) => Promise<void>): Promise<void> {
  const ends = await kind.open();
  const near = new End(ends.near).start();
  const far = new End(ends.far).start();
  await far.until((end) => end.bytes.toString('latin1') === firstText);
  far.chunks.length = 0;
  far.received = 0;
  try {
    await use({ near, far });
    near.destroy();
    far.destroy();
    await near.until((end) => end.closes === 1);
    await far.until((end) => end.closes === 1);
    await turns();
    assert.deepEqual([...near.breaches, ...far.breaches], []);
  } finally {
    ends.near.destroy();
    ends.far.destroy();
    await ends.close();
  }
}

/** Each direction in turn. */
async function eachWay(pair: Pair, use: (from: End, to: End) => Promise<void>): Promise<void> {
  await use(pair.near, pair.far);
  await use(pair.far, pair.near);
}

/** Fills what is between the two until the writer is asked to wait. Returns the number of bytes. */
async function fill(from: End, to: End): Promise<number> {
  await to.pause();
  const block = Buffer.alloc(16 * 1024, 1);
  for (let count = 1; ; count += 1) {
    assert.ok(count < 8192, 'the writer is never asked to wait');
    if (!from.write(block)) return count * block.length;
    if (count % 8 === 0) await turns(1);
  }
}

const options = { timeout: 20_000 };

/** Runs the tests of the contract. */
export function testLinkContract(kind: LinkKind): void {
  const closers = kind.bothEnds === false ? (['near'] as const) : (['near', 'far'] as const);
  const other = { near: 'far', far: 'near' } as const;

  describe(`the Link contract: ${kind.name}`, { skip: kind.skip ?? false }, () => {
    test('delivers nothing before it is started, and everything then', options, async () => {
      const ends = await kind.open();
      await turns();
      ends.near.write(Buffer.from(' second'));
      const near = new End(ends.near).start();
      await turns();
      const far = new End(ends.far).start();
      await far.until((end) => end.bytes.toString('latin1') === `${firstText} second`);
      ends.near.destroy();
      ends.far.destroy();
      await near.until((end) => end.closes === 1);
      await far.until((end) => end.closes === 1);
      assert.deepEqual([...near.breaches, ...far.breaches], []);
      await ends.close();
    });

    test('paused before it is started, it waits for resume', options, async () => {
      const ends = await kind.open();
      const near = new End(ends.near).start();
      const far = new End(ends.far);
      await far.pause();
      far.start();
      await turns();
      assert.equal(far.received, 0);
      far.resume();
      await far.until((end) => end.bytes.toString('latin1') === firstText);
      near.destroy();
      far.destroy();
      await near.until((end) => end.closes === 1);
      await far.until((end) => end.closes === 1);
      await ends.close();
    });

    test('carries pieces of any length in order, from memory that is lent', options, async () => {
      await withPair(kind, async (pair) => {
        await eachWay(pair, async (from, to) => {
          const all = payload(1_500_000);
          const lengths = [0, 1, 2, 15, 125, 126, 4095, 4096, 16_384, 65_535, 65_536, 70_000, 300_000];
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const length = lengths[turn % lengths.length]!;
            if (!from.write(all.subarray(at, at + length))) await from.until((end) => !end.waiting);
            at += length;
          }
          await to.until((end) => end.received === all.length);
          assert.equal(sha256(to.bytes), sha256(all));
          to.chunks.length = 0;
          to.received = 0;
        });
      });
    });

    test('delivers neither data nor end while paused', options, async () => {
      await withPair(kind, async (pair) => {
        await eachWay(pair, async (from, to) => {
          await to.pause();
          from.write(Buffer.from('held'));
          if (kind.halfClose) from.link.end();
          await turns();
          assert.deepEqual([to.received, to.ended], [0, 0]);
          to.resume();
          await to.until((end) => end.received === 4 && end.ended === (kind.halfClose ? 1 : 0));
        });
      });
    });

    test('paused while the peer closes, it delivers what came before on resume', options, async () => {
      for (const closer of closers) {
        await withPair(kind, async (pair) => {
          const from = pair[closer];
          const to = pair[other[closer]];
          await to.pause();
          const all = payload(40_000);
          from.write(all);
          from.close();
          await turns();
          assert.deepEqual([to.received, to.ended], [0, 0]);
          to.resume();
          await to.until((end) => end.received === all.length);
          await to.until((end) => end.ended === 1);
          to.close();
          await to.until((end) => end.closes === 1);
          assert.equal(to.error, undefined);
        });
      }
    });

    test('asks a fast writer to wait, and tells it once to go on', options, async () => {
      await withPair(kind, async (pair) => {
        await eachWay(pair, async (from, to) => {
          for (let round = 1; round <= 2; round += 1) {
            const sent = await fill(from, to);
            assert.equal(from.drains, round - 1);
            to.resume();
            await to.until((end) => end.received === sent);
            await from.until((end) => !end.waiting);
            await turns();
            assert.equal(from.drains, round);
            to.chunks.length = 0;
            to.received = 0;
          }
        });
      });
    });

    test('keeps its promise to a writer that wrote on all the same', options, async () => {
      await withPair(kind, async (pair) => {
        await eachWay(pair, async (from, to) => {
          let sent = await fill(from, to);
          to.resume();
          // While room is made, and again after the reader has stopped once more.
          for (let count = 0; from.waiting && count < 2000; count += 1) {
            from.write(Buffer.from('x'));
            sent += 1;
            await turns(1);
          }
          await from.until((end) => !end.waiting);
          await to.until((end) => end.received === sent);
          assert.equal(from.drains, 1);
        });
      });
    });

    test('an end comes once, behind the data, and drops what is written after it', options, async () => {
      await withPair(kind, async ({ near, far }) => {
        const all = payload(400_000);
        for (let at = 0; at < all.length; at += 100_000) {
          if (!near.write(all.subarray(at, at + 100_000))) await near.until((end) => !end.waiting);
        }
        near.link.end();
        near.link.end();
        assert.ok(near.link.write(Buffer.from('too late')));
        await far.until((end) => end.received === all.length);
        if (kind.halfClose) await far.until((end) => end.ended === 1);
        // The other direction goes on.
        far.write(Buffer.from('answer'));
        await near.until((end) => end.bytes.toString() === 'answer');
        far.link.end();
        if (kind.halfClose) {
          await near.until((end) => end.ended === 1);
          // Closed by itself, or by its owner, who has no more use for it.
          near.close();
          far.close();
        } else {
          near.close();
          await far.until((end) => end.ended === 1 || end.closes === 1);
          far.close();
        }
        await near.until((end) => end.closes === 1);
        await far.until((end) => end.closes === 1);
        assert.equal(sha256(far.bytes), sha256(all));
        assert.deepEqual([near.error, far.error], [undefined, undefined]);
      });
    });

    for (const closer of closers) {
      test(`${closer} closes: everything written arrives`, options, async () => {
        await withPair(kind, async (pair) => {
          const own = pair[closer];
          const peer = pair[other[closer]];
          const all = payload(1_000_000);
          own.write(all);
          own.close();
          own.close();
          assert.ok(own.link.write(Buffer.from('dropped')));
          await peer.until((end) => end.received === all.length);
          await peer.until((end) => end.ended === 1 || end.closes === 1);
          peer.close();
          await peer.until((end) => end.closes === 1);
          await own.until((end) => end.closes === 1);
          assert.equal(sha256(peer.bytes), sha256(all));
          assert.equal(own.error, undefined);
        });
      });

      test(
        `${closer} closes with a full queue: that arrives, what comes meanwhile is dropped`,
        options,
        async () => {
          await withPair(kind, async (pair) => {
            const own = pair[closer];
            const peer = pair[other[closer]];
            const sent = await fill(own, peer);
            own.close();
            peer.write(Buffer.from('unread'));
            await turns();
            peer.resume();
            await peer.until((end) => end.received === sent);
            await peer.until((end) => end.ended === 1 || end.closes === 1);
            peer.close();
            await peer.until((end) => end.closes === 1);
            await own.until((end) => end.closes === 1);
            assert.equal(own.error, undefined);
          });
        },
      );

      test(
        `${closer} is destroyed: its sink hears the reason, the peer that it is over`,
        options,
        async () => {
          await withPair(kind, async (pair) => {
            const own = pair[closer];
            const peer = pair[other[closer]];
            const error = new TsrayError('ERR_ABORTED', 'given up');
            own.destroy(error);
            own.destroy(new TsrayError('ERR_INTERNAL', 'too late'));
            own.close();
            await own.until((end) => end.closes === 1);
            assert.equal(own.error, error);
            peer.write(Buffer.from('into the void'));
            await peer.until((end) => end.ended === 1 || end.closes === 1);
          });
        },
      );

      test(`${closer} is destroyed while it has a full queue`, options, async () => {
        await withPair(kind, async (pair) => {
          const own = pair[closer];
          const peer = pair[other[closer]];
          await fill(own, peer);
          own.destroy();
          await own.until((end) => end.closes === 1);
          assert.equal(own.error, undefined);
          peer.resume();
          peer.destroy();
          await peer.until((end) => end.closes === 1);
        });
      });

      test(`${closer} is gone: every call is harmless, and a new sink is told`, options, async () => {
        await withPair(kind, async (pair) => {
          const own = pair[closer];
          own.destroy();
          await own.until((end) => end.closes === 1);
          const { link } = own;
          assert.ok(link.write(Buffer.from('dropped')));
          link.limitQueue(1000);
          link.unref();
          link.ref();
          assert.ok(link.remainingChunks() > 0);
          link.pause();
          link.resume();
          link.end();
          link.close();
          link.destroy(new TsrayError('ERR_INTERNAL', 'too late'));
          own.replaced = true;
          const late = new End(link).start();
          assert.equal(late.closes, 0, 'not from within start');
          await late.until((end) => end.closes === 1);
          await turns();
          assert.deepEqual(late.breaches, []);
        });
      });
    }

    test('a new sink takes over', options, async () => {
      await withPair(kind, async (pair) => {
        await eachWay(pair, async (from, to) => {
          from.write(Buffer.from('old'));
          await to.until((end) => end.received === 3);
          to.replaced = true;
          const next = new End(to.link).start();
          from.write(Buffer.from('new'));
          await next.until((end) => end.received === 3);
          to.replaced = false;
          to.start();
          from.write(Buffer.from('!'));
          await to.until((end) => end.received === 4);
          assert.deepEqual(next.breaches, []);
        });
      });
    });
  });
}
