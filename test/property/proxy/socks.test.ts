import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, ipv4FromBytes, ipv6FromBytes } from '../../../src/core/net/address.js';
import type { Handshake, HandshakeStep } from '../../../src/core/stream/handshake.js';
import type { Endpoint } from '../../../src/proxy/socks/address.js';
import { SocksClientHandshake } from '../../../src/proxy/socks/client-handshake.js';
import { decodePacket, encodePacketHeader } from '../../../src/proxy/socks/packet.js';
import { encodeReply } from '../../../src/proxy/socks/reply.js';
import { SocksServerHandshake } from '../../../src/proxy/socks/server-handshake.js';

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const label = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/);
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  bytesOf(4).map(ipv4FromBytes),
  bytesOf(16).map(ipv6FromBytes),
  fc
    .array(label, { minLength: 1, maxLength: 8 })
    .map((labels) => ({ kind: 'domain' as const, host: labels.join('.') })),
);
const endpoint: fc.Arbitrary<Endpoint> = fc
  .tuple(anyAddress, fc.integer({ min: 0, max: 65_535 }))
  .map(([address, port]) => ({ address, port }));

/** Cuts `bytes` at the given places and pushes the pieces until the decoder has decided. */
function feed<T>(handshake: Handshake<T>, bytes: Uint8Array, cuts: readonly number[]): HandshakeStep<T> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let step: HandshakeStep<T> = { kind: 'more' };
  let from = 0;
  for (const to of [...places, bytes.length]) {
    const piece = bytes.subarray(from, to);
    from = to;
    if (piece.length > 0) step = handshake.push(piece);
    if (step.kind !== 'more') break;
  }
  return step;
}

const cuts = fc.array(fc.nat(1000), { maxLength: 6 });

test('what our client asks for is what our server understands, however the bytes are cut', () => {
  const account = fc.option(
    fc.record({ user: fc.string({ maxLength: 60 }), pass: fc.string({ maxLength: 60 }) }),
    { nil: undefined },
  );
  const kind = fc.constantFrom('connect' as const, 'associate' as const);
  fc.assert(
    fc.property(
      kind,
      endpoint,
      account,
      cuts,
      fc.integer({ min: 1, max: 20 }),
      (command, target, who, at, early) => {
        const client = new SocksClientHandshake({ command, target, account: who });
        const server = new SocksServerHandshake({
          authenticate:
            who === undefined
              ? undefined
              : (user, pass) =>
                  Buffer.from(user).toString() === who.user && Buffer.from(pass).toString() === who.pass
                    ? who.user
                    : undefined,
          udp: true,
          mixed: false,
        });
        // Both talk until the server knows the request.
        let toServer: Uint8Array = client.opening;
        let seen: HandshakeStep<unknown> = { kind: 'more' };
        for (let round = 0; round < 4 && seen.kind === 'more'; round += 1) {
          let toClient = Buffer.alloc(0);
          const pieces = at.length === 0 ? [toServer] : [toServer.subarray(0, 1), toServer.subarray(1)];
          for (const piece of pieces) {
            if (piece.length === 0) continue;
            seen = server.push(piece);
            if (seen.reply !== undefined) toClient = Buffer.concat([toClient, seen.reply]);
          }
          if (seen.kind !== 'more') break;
          const step = feed(client, toClient, []);
          assert.ok(step.kind === 'more' && step.reply !== undefined);
          toServer = step.reply;
        }
        assert.ok(seen.kind === 'done');
        assert.deepEqual(seen.value, { kind: command, version: 5, target, user: who?.user });
        const answer = Buffer.concat([encodeReply(5, 0, target), Buffer.alloc(early, 'e')]);
        const last = feed(client, answer, at);
        assert.ok(last.kind === 'done');
        assert.deepEqual(last.value, target);
      },
    ),
  );
});

test('a datagram header round trips, with any payload', () => {
  fc.assert(
    fc.property(endpoint, fc.uint8Array({ maxLength: 200 }), (remote, payload) => {
      const packet = decodePacket(Buffer.concat([encodePacketHeader(remote), payload]));
      assert.deepEqual(packet?.remote, remote);
      assert.deepEqual(Buffer.from(packet.payload), Buffer.from(payload));
    }),
  );
});

/** Bytes that get past the first checks more often than chance allows. */
const plausible = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        [5, 1, 0],
        [5, 2, 0, 2],
        [5, 1, 0, 1],
        [5, 1, 0, 3],
        [5, 1, 0, 4],
        [4, 1],
        [1, 1, 97, 1, 98],
        [5, 0, 0, 1],
        [0, 0, 0, 3],
      ),
      fc.array(fc.nat(255), { maxLength: 12 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

test('no input makes a decoder throw or decide differently when it is cut elsewhere', () => {
  const outcome = (step: HandshakeStep<unknown>): unknown => {
    if (step.kind === 'failed') return [step.kind, step.error.code];
    return step.kind === 'done' ? [step.kind, step.value] : [step.kind];
  };
  const makers: readonly (() => Handshake<unknown>)[] = [
    () => new SocksServerHandshake({ authenticate: undefined, udp: true, mixed: true }),
    () => new SocksServerHandshake({ authenticate: () => 'x', udp: false, mixed: false }),
    () =>
      new SocksClientHandshake({
        command: 'connect',
        target: { address: { kind: 'domain', host: 'a' }, port: 1 },
        account: { user: 'u', pass: 'p' },
      }),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...makers), plausible, cuts, (make, bytes, at) => {
      if (bytes.length === 0) return;
      const whole = outcome(feed(make(), bytes, []));
      assert.deepEqual(outcome(feed(make(), bytes, at)), whole);
      const single = Array.from(bytes, (_, index) => index);
      assert.deepEqual(outcome(feed(make(), bytes, single)), whole);
      assert.notDeepEqual(whole, ['failed', 'ERR_INTERNAL']);
    }),
    { numRuns: 1000 },
  );
});

test('no datagram makes the decoder throw', () => {
  fc.assert(
    fc.property(plausible, (bytes) => {
      const packet = decodePacket(bytes);
      if (packet !== undefined) assert.ok(packet.payload.length < bytes.length);
    }),
    { numRuns: 1000 },
  );
});
