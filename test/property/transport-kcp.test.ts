/** mKCP: what must hold for any input, any order and any network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeCrypto } from '../../src/crypto/node.js';
import { AckList, mostAcks } from '../../src/transport/kcp/ack-list.js';
import { DatagramBuffer } from '../../src/transport/kcp/packet.js';
import { createProtection } from '../../src/transport/kcp/protection.js';
import { ReceiveWindow } from '../../src/transport/kcp/receive-window.js';
import { RoundTrip } from '../../src/transport/kcp/rtt.js';
import { SegmentReader, strangerWants } from '../../src/transport/kcp/segment.js';
import { SendWindow } from '../../src/transport/kcp/send-window.js';
import { KcpSession } from '../../src/transport/kcp/session.js';
import { kcpLimits } from '../helper/kcp.js';
import { KcpNetwork } from '../helper/kcp-network.js';
import { seededRandom } from '../helper/seeded-random.js';

const bytes = fc.uint8Array({ maxLength: 200 });

test('any bytes are read as segments without an error, and every step gets on', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      const reader = new SegmentReader();
      reader.reset(input);
      let steps = 0;
      while (reader.next()) {
        steps += 1;
        assert.ok(reader.data().length <= input.length);
        for (let index = 0; index < reader.count; index += 1) reader.ackNumber(index);
      }
      assert.ok(steps <= input.length / 16);
      strangerWants(input);
    }),
    { numRuns: 2_000 },
  );
});

test('any bytes are opened or refused without an error; what was changed is refused', () => {
  for (const seed of [undefined, 'a seed']) {
    const protection = createProtection(seed, nodeCrypto, seededRandom(5));
    fc.assert(
      fc.property(bytes, fc.nat({ max: 13 }), (input, skip) => {
        assert.equal(protection.open(input.slice(), skip), undefined);
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1_400 }), fc.nat(), (payload, where) => {
        const buffer = new DatagramBuffer();
        buffer.bytes.set(payload, protection.before);
        const end = protection.seal(buffer.bytes, buffer.words, 0, protection.before + payload.length);
        // A Buffer's slice is a view, and open works in place: copies, so that the second opens what was sealed.
        const sealed = Uint8Array.from(buffer.bytes.subarray(0, end));
        assert.equal(Buffer.compare(protection.open(Uint8Array.from(sealed), 0)!, payload), 0);
        const changed = Uint8Array.from(sealed);
        changed[where % changed.length]! ^= 0x40;
        assert.equal(protection.open(changed, 0), undefined);
      }),
    );
  }
});

test('a session takes any datagrams at any time without an error and never sends more than it should', () => {
  const limits = kcpLimits();
  const room = new Uint8Array(2_048);
  const segment = fc.record({
    command: fc.constantFrom(0, 1, 2, 3, 9),
    option: fc.constantFrom(0, 1, 255),
    fields: fc.array(fc.constantFrom(0, 1, 2, 100, 0x7fff_ffff, 0xffff_ffff), {
      minLength: 6,
      maxLength: 6,
    }),
    afterMs: fc.constantFrom(0, 1, 60, 3_000),
  });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 60 }), (segments) => {
      let sent = 0;
      const session = new KcpSession({
        conversation: 1,
        limits,
        nowMs: 0,
        writer: {
          room,
          start: 0,
          finish: () => {
            sent += 1;
          },
        },
      });
      session.write(new Uint8Array(20_000));
      let nowMs = 0;
      const into = new Uint8Array(4_096);
      for (const { command, option, fields, afterMs } of segments) {
        nowMs += afterMs;
        const datagram = Buffer.alloc(40);
        datagram.writeUInt16BE(1, 0);
        datagram[2] = command;
        datagram[3] = option;
        for (const [index, value] of fields.entries()) datagram.writeUInt32BE(value, 4 + index * 4);
        if (command === 1) datagram.writeUInt16BE(8, 16);
        if (command === 0) datagram[16] = 3;
        session.input(datagram, nowMs);
        session.read(into);
        for (let flushes = 0; session.wantsFlush(nowMs); flushes += 1) {
          assert.ok(flushes < 20, 'it does not come to rest');
          session.flush(nowMs);
        }
        session.flush(nowMs);
        assert.ok(session.nextFlushMs >= 1);
      }
      assert.ok(sent <= (segments.length + 1) * 60, `${sent} datagrams`);
    }),
    { numRuns: 500 },
  );
});

test('the send window agrees with a plain list', () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), size: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ kind: fc.constant('send' as const), limit: fc.nat({ max: 8 }) }),
    fc.record({ kind: fc.constant('ack' as const), number: fc.nat({ max: 120 }) }),
    fc.record({ kind: fc.constant('ackBefore' as const), number: fc.nat({ max: 120 }) }),
    fc.record({ kind: fc.constant('time' as const), ms: fc.nat({ max: 150 }) }),
    fc.record({ kind: fc.constant('hurry' as const), number: fc.nat({ max: 120 }) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const window = new SendWindow(10);
      const missing = new Set<number>();
      const contents: string[] = [];
      let written = '';
      let nowMs = 0;
      const take = (number: number, data: Uint8Array, length: number): void => {
        const text = Buffer.from(data.subarray(0, length)).toString();
        if (contents[number] === undefined) {
          assert.equal(number, contents.length);
          contents.push(text);
          missing.add(number);
        } else {
          assert.equal(contents[number], text);
          assert.ok(missing.has(number), 'acknowledged segments are not sent again');
        }
      };
      for (const each of commands) {
        if (each.kind === 'push') {
          const text = String.fromCharCode(97 + (written.length % 26)).repeat(each.size);
          written += text;
          window.push(Buffer.from(text));
        } else if (each.kind === 'send') {
          window.sendNew(each.limit, 1_000, nowMs, 100, take);
        } else if (each.kind === 'ack') {
          assert.equal(window.acknowledge(each.number), missing.delete(each.number));
        } else if (each.kind === 'ackBefore') {
          const known = each.number <= window.unsent;
          const news = [...missing].filter((number) => known && number < each.number);
          assert.equal(window.acknowledgeBefore(each.number), news.length);
          for (const number of news) missing.delete(number);
        } else if (each.kind === 'time') {
          nowMs += each.ms;
          window.sendDue(1_000, 1_000, nowMs, 100, false, take);
        } else {
          window.hurry(each.number, nowMs, new RoundTrip(50));
        }
        assert.equal(window.inFlight, missing.size);
        assert.equal(window.first, missing.size === 0 ? window.unsent : Math.min(...missing));
        assert.equal(window.length, window.next - window.first);
      }
      window.sendNew(10_000, 10_000, nowMs, 100, take);
      assert.equal(contents.join(''), written);
    }),
    { numRuns: 500 },
  );
});

test('the receive window delivers each segment once and in order, whatever the order of arrival', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 120 }), fc.boolean()), { maxLength: 400 }),
      fc.integer({ min: 1, max: 100 }),
      (arrivals, size) => {
        const window = new ReceiveWindow(size);
        const into = new Uint8Array(1_000);
        let read = 0;
        for (const [number, reads] of arrivals) {
          const expected = number >= read && number < read + size;
          assert.equal(window.put(number, Uint8Array.of(number)), expected);
          if (!reads) continue;
          const count = window.read(into);
          for (let index = 0; index < count; index += 1) assert.equal(into[index], read + index);
          read += count;
          assert.equal(window.next, read);
        }
      },
    ),
  );
});

test('every number is acknowledged at least once, and again until the peer knows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 500 }), { maxLength: 400 }),
      fc.nat({ max: 500 }),
      (numbers, known) => {
        const list = new AckList(mostAcks);
        for (const number of numbers) list.add(number, number + 7);
        const told = new Set<number>();
        const tell = (out: Uint32Array, count: number): void => {
          assert.ok(count >= 1 && count <= 128);
          for (const number of out.subarray(0, count)) told.add(number);
        };
        list.flush(1, 100, tell);
        assert.deepEqual(told, new Set(numbers));
        told.clear();
        list.flush(2, 100, tell);
        assert.equal(told.size, 0);
        list.forgetBefore(known);
        list.settle();
        list.flush(1_000, 100, tell);
        assert.deepEqual(told, new Set(numbers.filter((number) => number >= known)));
        assert.equal(list.isEmpty, told.size === 0);
      },
    ),
  );
});

test('any network that lets something through delivers everything, in order', () => {
  fc.assert(
    fc.property(
      fc.record({
        loss: fc.constantFrom(0, 0.01, 0.1, 0.3),
        delayMs: fc.integer({ min: 0, max: 300 }),
        jitterMs: fc.constantFrom(0, 5, 100),
        duplicates: fc.constantFrom(0, 0.1),
        rate: fc.constantFrom(undefined, 300, 3_000),
        seed: fc.integer({ min: 1, max: 1_000_000 }),
        ttiMs: fc.constantFrom(10, 50, 100),
        mtu: fc.constantFrom(576, 1350),
        capacity: fc.constantFrom(0, 5, 100),
        congestion: fc.boolean(),
        bytes: fc.integer({ min: 1, max: 400_000 }),
      }),
      ({ loss, delayMs, jitterMs, duplicates, rate, seed, ttiMs, mtu, capacity, congestion, ...rest }) => {
        const settings = { ttiMs, mtu, uplinkCapacity: capacity, downlinkCapacity: capacity, congestion };
        const limits = kcpLimits(settings);
        const more = rate === undefined ? {} : { rate };
        const network = new KcpNetwork({ loss, delayMs, jitterMs, duplicates, seed, ...more }, limits);
        const { client, server } = network;
        const data = seededRandom(seed).fill(new Uint8Array(rest.bytes));
        client.session.write(data);
        const all = (): boolean => server.receivedBytes === data.length;
        assert.ok(network.run(all, 300_000), `${server.receivedBytes} of ${data.length}`);
        assert.equal(Buffer.compare(Buffer.concat(server.received), data), 0);
        client.session.close(network.nowMs);
        const over = (): boolean =>
          client.session.state === 'terminated' && server.session.state === 'terminated';
        assert.ok(network.run(over, 60_000), `${client.session.state}, ${server.session.state}`);
      },
    ),
    { numRuns: 60 },
  );
});
