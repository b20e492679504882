/** Mux: frames survive any split, nothing unexpected is thrown, and sessions get exactly what was sent to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLevelPolicy } from '../../../src/contract/policy.js';
import { parseAddress } from '../../../src/core/net/address.js';
import { systemRandom } from '../../../src/core/random.js';
import type { Link } from '../../../src/core/stream/link.js';
import { createPipe } from '../../../src/core/stream/pipe.js';
import { nodeCrypto } from '../../../src/crypto/node.js';
import { MuxClient } from '../../../src/proxy/mux/client.js';
import { FrameDecoder } from '../../../src/proxy/mux/decoder.js';
import {
  encodeFrameHeader,
  type FrameFields,
  streamWireBytes,
  writeFrame,
  writeStream,
} from '../../../src/proxy/mux/frame.js';
import { GlobalIds } from '../../../src/proxy/mux/global-id.js';
import { MuxServer } from '../../../src/proxy/mux/server.js';
import { CollectSink } from '../../helper/collect-sink.js';
import { contextFor } from '../../helper/contexts.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { FakeDispatcher } from '../../helper/fake-dispatcher.js';
import { at } from '../../helper/fake-listen.js';
import { MemoryLogger } from '../../helper/memory-log.js';

const address = fc.oneof(
  fc.ipV4().map(parseAddress),
  fc.ipV6().map(parseAddress),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,40}\.[a-z]{2,5}$/).map(parseAddress),
);
const port = fc.integer({ min: 0, max: 65_535 });
const id = fc.integer({ min: 0, max: 65_535 });
const data = fc.uint8Array({ minLength: 1, maxLength: 3_000 });
const plain = { noNullPrototype: true } as const;
const udp = fc.record({ network: fc.constant('udp' as const), address, port }, plain);
const tcp = fc.record({ network: fc.constant('tcp' as const), address, port }, plain);
const globalId = fc.uint8Array({ minLength: 8, maxLength: 8 });

interface Sent {
  readonly fields: FrameFields;
  readonly data: Uint8Array | undefined;
}

const frame: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({
    fields: fc.record({ id, status: fc.constant('new' as const), target: fc.oneof(tcp, udp) }),
    data: fc.option(data, { nil: undefined }),
  }),
  fc.record({
    fields: fc.record({ id, status: fc.constant('new' as const), target: udp, globalId }),
    data,
  }),
  fc.record({ fields: fc.record({ id, status: fc.constant('keep' as const) }), data }),
  fc.record({ fields: fc.record({ id, status: fc.constant('keep' as const), target: udp }), data }),
  fc.record({
    fields: fc.record({ id, status: fc.constant('end' as const), error: fc.boolean() }),
    data: fc.constant(undefined),
  }),
  fc.record({
    fields: fc.record({ id, status: fc.constant('keepAlive' as const) }),
    data: fc.option(data, { nil: undefined }),
  }),
);

function wireOf({ fields, data: payload }: Sent): Uint8Array {
  const header = encodeFrameHeader(fields, payload !== undefined);
  if (payload === undefined) return header;
  const out = new Uint8Array(header.length + 2 + payload.length);
  writeFrame(header, payload, out, 0);
  return out;
}

/** `bytes` cut at `cuts` (any numbers). */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...places, bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

test('what is encoded is decoded, at any split', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
      const wire = Buffer.concat(frames.map(wireOf));
      const seen: { fields: unknown; data: Buffer }[] = [];
      const decoder = new FrameDecoder({
        frame({ id: session, status, error, target, globalId: global }) {
          seen.push({ fields: { id: session, status, error, target, global }, data: Buffer.alloc(0) });
          return 'packet';
        },
        data(bytes) {
          seen.at(-1)!.data = Buffer.from(bytes);
        },
      });
      for (const part of split(wire, cuts)) decoder.push(part);
      assert.equal(decoder.failure, undefined);
      assert.equal(decoder.atBoundary, true);
      assert.deepEqual(
        seen,
        frames.map(({ fields, data: payload }) => ({
          fields: {
            id: fields.id,
            status: fields.status,
            error: fields.error ?? false,
            target: fields.target,
            global: fields.globalId,
          },
          data: Buffer.from(payload ?? []),
        })),
      );
    }),
    { numRuns: 300 },
  );
});

test('stream data of any length come out as they went in, in frames of at most 8192 bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40_000 }),
      id,
      fc.boolean(),
      (payload, session, isNew) => {
        const opening = isNew
          ? encodeFrameHeader({ id: session, status: 'new', target: at('example.com', 80) }, true)
          : undefined;
        const out = new Uint8Array(streamWireBytes(payload.length, opening));
        const length = writeStream(session, opening, payload, out, 0);
        const pieces: Uint8Array[] = [];
        const decoder = new FrameDecoder({
          frame: () => 'packet',
          data: (bytes) => pieces.push(Uint8Array.from(bytes)),
        });
        decoder.push(out.subarray(0, length));
        assert.deepEqual(Buffer.concat(pieces), Buffer.from(payload));
        assert.ok(pieces.every((piece) => piece.length <= 8192));
      },
    ),
    { numRuns: 200 },
  );
});

test('random bytes end in a typed failure or in waiting, never in an exception, and are judged alike at any split', () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // A good frame with some bytes changed.
    fc
      .tuple(frame, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
      .map(([sent, changes]) => {
        const wire = Uint8Array.from(wireOf(sent));
        for (const [place, value] of changes) wire[place % wire.length] = value;
        return wire;
      }),
  );
  fc.assert(
    fc.property(garbage, fc.array(fc.nat(), { maxLength: 20 }), (wire, cuts) => {
      const outcome = (parts: readonly Uint8Array[]): unknown => {
        let frames = 0;
        const decoder = new FrameDecoder({
          frame() {
            frames += 1;
            return 'packet';
          },
          data: () => undefined,
        });
        for (const part of parts) decoder.push(part);
        return [frames, decoder.failure?.message, decoder.failure?.code];
      };
      const whole = outcome([wire]);
      assert.deepEqual(outcome(split(wire, cuts)), whole);
      const code = (whole as unknown[])[2];
      assert.ok(code === undefined || code === 'ERR_PROTOCOL');
    }),
    { numRuns: 1_000 },
  );
});

/** Steps of a conversation: who writes, how much, or who stops and goes on reading. */
const step = fc.record({
  session: fc.nat({ max: 4 }),
  side: fc.constantFrom('client', 'server'),
  act: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
    fc.constantFrom('pause' as const, 'resume' as const),
  ),
});

test('every session gets exactly what its other end wrote, whatever the others do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new FakeClock();
      const dispatcher = new FakeDispatcher();
      const policy = { forLevel: () => defaultLevelPolicy };
      const server = new MuxServer({ clock, policy, nextId: () => 1 });
      const carriers: Link[] = [];
      const client = new MuxClient({
        outbound: {
          tag: '',
          open: (context) => {
            const [near, far] = createPipe();
            carriers.push(near);
            void server.serve(context, far, dispatcher);
            return Promise.resolve(near);
          },
          openPackets: () => Promise.reject(new Error('not used')),
          close: () => Promise.resolve(),
        },
        clock,
        log: new MemoryLogger(),
        nextId: () => 1,
        bufferBytes: () => 512 * 1024,
        globalIds: new GlobalIds(nodeCrypto, systemRandom),
        settings: { concurrency: 3, udpConcurrency: 0, udp443: undefined },
        xudp: false,
      });
      const pass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      const ends = [];
      for (let index = 0; index < 5; index += 1) {
        const near = await client.open(contextFor(at(`host-${index}.example`, 80)));
        const nearSink = CollectSink.on(near);
        near.write(Buffer.from([index]));
        await pass();
        const opening = dispatcher.opens.find(
          ({ context }) => context.destination.address.host === `host-${index}.example`,
        );
        const route = opening!.accept();
        await pass();
        ends.push({
          client: { link: near, sink: nearSink, wrote: [Buffer.from([index])] },
          server: { link: route.link!, sink: route.sink!, wrote: [] as Buffer[] },
        });
      }
      for (const [index, { session, side, act }] of steps.entries()) {
        const end = ends[session]![side as 'client' | 'server'];
        if (act === 'pause') end.link.pause();
        else if (act === 'resume') end.link.resume();
        else {
          const bytes = Buffer.alloc(act, index + 1);
          end.wrote.push(bytes);
          end.link.write(bytes);
        }
        if (index % 3 === 0) await pass();
      }
      for (const end of ends.flatMap((both) => [both.client, both.server])) end.link.resume();
      for (let round = 0; round < 5; round += 1) await pass();
      for (const both of ends) {
        assert.deepEqual(both.client.sink.bytes, Buffer.concat(both.server.wrote));
        assert.deepEqual(both.server.sink.bytes, Buffer.concat(both.client.wrote));
      }
      await client.close();
      server.close();
      for (let round = 0; round < 5; round += 1) await pass();
      assert.equal(clock.pendingTimers, 0);
      assert.ok(ends.every((both) => both.client.sink.closes === 1 && both.server.sink.closes === 1));
    }),
    { numRuns: 60 },
  );
});
