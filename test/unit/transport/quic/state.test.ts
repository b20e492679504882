/** The pure parts of QUIC connections: whose packet it is, which streams are new, when packets leave, what is missing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importEngine } from '../../../../src/transport/quic/engine.js';
import { Pacer } from '../../../../src/transport/quic/pacer.js';
import { readPacketIds } from '../../../../src/transport/quic/packet-ids.js';
import { PeerStreams } from '../../../../src/transport/quic/peer-streams.js';

function long(first: number, version: number, destination: number, source: number, rest = 8): Buffer {
  const head = Buffer.alloc(6);
  head[0] = first;
  head.writeUInt32BE(version, 1);
  head[5] = destination;
  return Buffer.concat([
    head,
    Buffer.alloc(destination, 0xdd),
    Buffer.of(source),
    Buffer.alloc(source, 0x55),
    Buffer.alloc(rest),
  ]);
}

describe('readPacketIds', () => {
  test('tells kinds and IDs of long and short packets', () => {
    const initial = readPacketIds(long(0xc3, 1, 8, 12));
    assert.equal(initial?.kind, 'initial');
    assert.deepEqual(Buffer.from(initial!.destination), Buffer.alloc(8, 0xdd));
    assert.deepEqual(Buffer.from(initial!.source), Buffer.alloc(12, 0x55));
    assert.equal(readPacketIds(long(0xe3, 1, 12, 12))?.kind, 'later');
    assert.equal(readPacketIds(long(0xc3, 0xff00_001d, 200, 0))?.kind, 'foreign');
    const short = readPacketIds(Buffer.concat([Buffer.of(0x41), Buffer.alloc(12, 7), Buffer.alloc(20)]));
    assert.equal(short?.kind, 'short');
    assert.deepEqual(Buffer.from(short!.destination), Buffer.alloc(12, 7));
  });

  test('refuses version negotiation, IDs that are too long, and every beginning of a packet', () => {
    assert.equal(readPacketIds(long(0xc0, 0, 8, 8)), undefined);
    assert.equal(readPacketIds(long(0xc0, 1, 21, 8)), undefined);
    assert.equal(readPacketIds(long(0xc0, 1, 8, 21)), undefined);
    const whole = long(0xc0, 1, 8, 12, 0);
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(readPacketIds(whole.subarray(0, length)), undefined, `${length} bytes`);
    }
    assert.equal(readPacketIds(Buffer.alloc(12)), undefined);
  });

  test('finds the token of an initial packet, and refuses one that is cut off', () => {
    const withToken = (length: number, bytes: number): Buffer =>
      Buffer.concat([
        long(0xc0, 1, 8, 12, 0),
        length < 0x40 ? Buffer.of(length) : Buffer.of(0x40 | (length >> 8), length & 0xff),
        Buffer.alloc(bytes, 0x77),
      ]);
    for (const length of [0, 1, 63, 64, 300]) {
      const token = readPacketIds(withToken(length, length + 20))?.token;
      assert.deepEqual(Buffer.from(token!), Buffer.alloc(length, 0x77));
      if (length > 0) assert.equal(readPacketIds(withToken(length, length - 1)), undefined);
    }
    // Lengths in four and eight bytes.
    for (const first of [0x80, 0xc0]) {
      const packet = Buffer.concat([long(0xc0, 1, 8, 12, 0), Buffer.of(first), Buffer.alloc(100)]);
      assert.equal(readPacketIds(packet), undefined);
    }
  });

  test('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const ids = readPacketIds(bytes);
        assert(ids === undefined || ids.destination.length <= 255);
      }),
    );
  });
});

test('PeerStreams knows each stream once, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(32).keys()], { minLength: 1 }), (order) => {
      const streams = new PeerStreams();
      for (const index of order) assert.equal(streams.isNew(index * 4), true);
      for (const index of order) assert.equal(streams.isNew(index * 4), false);
    }),
  );
  const streams = new PeerStreams();
  for (const id of [1, 2, 3, 5]) assert.equal(streams.isNew(id), false, `stream ${id} is not a client's`);
});

describe('Pacer', () => {
  /** Bytes that leave in `ms`, looked at every millisecond. */
  function leave(pacer: Pacer, ms: number): number {
    let bytes = 0;
    for (let nowMs = 0; nowMs < ms; nowMs += 1) {
      while (pacer.allows(nowMs) && bytes < 1e8) {
        pacer.sent(1252);
        bytes += 1252;
      }
    }
    return bytes;
  }

  test('lets a little more than a window leave in each round trip', () => {
    const pacer = new Pacer();
    pacer.measured(1_000_000, 50);
    const bytes = leave(pacer, 200);
    assert.ok(bytes > 4_000_000 && bytes < 5_300_000, `${bytes}`);
  });

  test('never sends all of a window at once', () => {
    const pacer = new Pacer();
    pacer.measured(1_000_000, 50);
    assert.ok(leave(pacer, 1) < 70_000);
  });

  test('holds nothing back on short ways, and lets slow ones have a first burst', () => {
    const fast = new Pacer();
    fast.measured(12_000, 1);
    assert.ok(leave(fast, 1) >= 1e8);
    const slow = new Pacer();
    slow.measured(12_000, 500);
    assert.ok(leave(slow, 1) >= 12_500);
  });
});

describe('a missing engine', () => {
  test('is named, with what to install', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    await assert.rejects(
      importEngine(() => Promise.reject(missing)),
      { code: 'ERR_MISSING_PACKAGE', hint: /npm install @matrixai\/quic/, cause: missing },
    );
  });

  test('that has nothing for this system is told apart', async () => {
    await assert.rejects(
      importEngine(() => Promise.reject(new Error('Unsupported architecture on Linux: riscv64'))),
      { code: 'ERR_MISSING_PACKAGE', message: /has nothing for/ },
    );
  });
});
