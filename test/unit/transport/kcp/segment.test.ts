import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { createPacketHeader, headerBytes } from '../../../../src/transport/datagram/packet-header.js';
import { DatagramBuffer, PacketWriter } from '../../../../src/transport/kcp/packet.js';
import { createProtection, type Protection } from '../../../../src/transport/kcp/protection.js';
import {
  SegmentReader,
  segmentCommand,
  strangerWants,
  writeAck,
  writeControl,
  writeData,
} from '../../../../src/transport/kcp/segment.js';
import { kcpHeaders, kcpLimits } from '../../../helper/kcp.js';
import { seededRandom } from '../../../helper/seeded-random.js';
import vectors from '../../../vectors/vmess.json' with { type: 'json' };

const { segments, simpleAuthenticator, seed } = vectors.mkcp;

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

function vector(name: string): Uint8Array {
  const found = segments.find((each) => each.name === name);
  assert.ok(found);
  return hex(found.wire);
}

describe('segments', () => {
  test('a ping is written and read as in the vector', () => {
    const wire = vector('ping');
    const out = new Uint8Array(16);
    const end = writeControl(out, 0, {
      conversation: 4660,
      command: segmentCommand.ping,
      option: 0,
      sendingNext: 5,
      receivingNext: 7,
      peerRto: 100,
    });
    assert.equal(end, 16);
    assert.deepEqual(out, wire);
    const reader = new SegmentReader();
    reader.reset(wire);
    assert.equal(reader.next(), true);
    const { conversation, command, option, sendingNext, receivingNext, peerRto } = reader;
    assert.deepEqual(
      { conversation, command, option, sendingNext, receivingNext, peerRto },
      { conversation: 4660, command: 3, option: 0, sendingNext: 5, receivingNext: 7, peerRto: 100 },
    );
    assert.equal(reader.next(), false);
  });

  test('data is written and read as in the vector', () => {
    const wire = vector('data');
    const out = new Uint8Array(23);
    const fields = { conversation: 4660, option: 0, timestamp: 1000, number: 0, sendingNext: 0 };
    assert.equal(writeData(out, 0, fields, Buffer.from('hello, cut off'), 5), 23);
    assert.deepEqual(out, wire);
    const reader = new SegmentReader();
    reader.reset(wire);
    assert.equal(reader.next(), true);
    const { conversation, command, option, timestamp, number, sendingNext } = reader;
    assert.deepEqual({ conversation, option, timestamp, number, sendingNext }, fields);
    assert.equal(command, segmentCommand.data);
    assert.equal(Buffer.from(reader.data()).toString(), 'hello');
  });

  test('an ack is written and read as in the vector', () => {
    const wire = vector('ack');
    const out = new Uint8Array(21);
    const fields = {
      conversation: 4660,
      option: 0,
      receivingWindow: 64,
      receivingNext: 1,
      timestamp: 1000,
    };
    assert.equal(writeAck(out, 0, fields, Uint32Array.of(0), 1), 21);
    assert.deepEqual(out, wire);
    const reader = new SegmentReader();
    reader.reset(wire);
    assert.equal(reader.next(), true);
    const { conversation, command, option, receivingWindow, receivingNext, timestamp, count } = reader;
    assert.deepEqual({ conversation, option, receivingWindow, receivingNext, timestamp }, fields);
    assert.equal(command, segmentCommand.ack);
    assert.equal(count, 1);
    assert.equal(reader.ackNumber(0), 0);
  });

  test('several segments in one datagram are read one after the other', () => {
    const reader = new SegmentReader();
    reader.reset(Buffer.concat([vector('ack'), vector('data'), vector('ping')]));
    const commands: number[] = [];
    while (reader.next()) commands.push(reader.command);
    assert.deepEqual(commands, [0, 1, 3]);
  });

  test('a segment cut off at any byte is none', () => {
    for (const name of ['ping', 'data', 'ack']) {
      const wire = vector(name);
      for (let length = 0; length < wire.length; length += 1) {
        const reader = new SegmentReader();
        reader.reset(wire.subarray(0, length));
        assert.equal(reader.next(), false, `${name} of ${length} bytes`);
      }
    }
  });

  test('data without a byte, and an ack of more than 128 numbers, are none', () => {
    const reader = new SegmentReader();
    const empty = vector('data');
    empty[17] = 0;
    reader.reset(empty);
    assert.equal(reader.next(), false);
    const long = Buffer.concat([vector('ack').subarray(0, 17), Buffer.alloc(129 * 4)]);
    long[16] = 129;
    reader.reset(long);
    assert.equal(reader.next(), false);
    long[16] = 128;
    reader.reset(long);
    assert.equal(reader.next(), true);
    assert.equal(reader.count, 128);
  });

  test('an unknown command is read as a ping', () => {
    const wire = vector('ping');
    wire[2] = 77;
    const reader = new SegmentReader();
    reader.reset(wire);
    assert.equal(reader.next(), true);
    assert.equal(reader.command, 77);
    assert.equal(reader.peerRto, 100);
  });

  test('only the first datagrams of a client open a session; later ones are strays', () => {
    assert.equal(strangerWants(vector('data')), 'open');
    const later = vector('data');
    later[15] = 1;
    assert.equal(strangerWants(later), 'stray', 'something was acknowledged before');
    assert.equal(strangerWants(vector('ack')), 'stray', 'it acknowledges what we never sent');
    assert.equal(strangerWants(vector('ack').fill(0, 8, 12)), 'nothing');
    assert.equal(strangerWants(vector('ping')), 'stray');
    const first = vector('ping').fill(0, 4, 12);
    assert.equal(strangerWants(first), 'open');
    first[2] = segmentCommand.terminate;
    assert.equal(strangerWants(first), 'nothing');
    assert.equal(strangerWants(new Uint8Array(3)), 'nothing');
  });
});

/** What `protection` makes of `payload`, behind `skip` bytes. */
function sealed(protection: Protection, payload: Uint8Array, skip = 0): Uint8Array {
  const buffer = new DatagramBuffer();
  const start = (skip + 3) & ~3;
  buffer.bytes.set(payload, start + protection.before);
  const end = protection.seal(buffer.bytes, buffer.words, start, start + protection.before + payload.length);
  return buffer.bytes.slice(start - skip, end);
}

describe('protection without a seed', () => {
  const protection = createProtection(undefined, nodeCrypto, seededRandom(1));

  for (const { name, payload, packet } of simpleAuthenticator) {
    test(`seals "${name}" as in the vector, and opens it`, () => {
      assert.equal(Buffer.from(sealed(protection, hex(payload))).toString('hex'), packet);
      assert.deepEqual(protection.open(hex(packet), 0), hex(payload));
    });
  }

  test('opens behind a header of any length, aligned or not, in memory of any alignment', () => {
    const payload = hex(simpleAuthenticator.at(-1)!.payload);
    for (let skip = 0; skip < 16; skip += 1) {
      for (let offset = 0; offset < 4; offset += 1) {
        const packet = sealed(protection, payload, skip);
        const memory = new Uint8Array(packet.length + offset);
        memory.set(packet, offset);
        assert.deepEqual(protection.open(memory.subarray(offset), skip), payload, `${skip}, ${offset}`);
      }
    }
  });

  test('refuses every changed byte and every other length', () => {
    const packet = hex(simpleAuthenticator.at(-1)!.packet);
    for (let at = 0; at < packet.length; at += 1) {
      const changed = Uint8Array.from(packet);
      changed[at]! ^= 1;
      assert.equal(protection.open(changed, 0), undefined, `byte ${at}`);
      assert.equal(protection.open(Uint8Array.from(packet.subarray(0, at)), 0), undefined, `${at} bytes`);
    }
    assert.equal(protection.open(Buffer.concat([packet, Buffer.of(0)]), 0), undefined);
  });
});

describe('protection with a seed', () => {
  for (const { seedText, nonce, payload, packet } of seed) {
    const fixed = {
      fill: <T extends Uint8Array>(into: T): T => {
        into.set(hex(nonce));
        return into;
      },
      below: () => 0,
    };
    const protection = createProtection(seedText, nodeCrypto, fixed);

    test('seals as in the vector, and opens it', () => {
      assert.equal(Buffer.from(sealed(protection, hex(payload))).toString('hex'), packet);
      assert.equal(Buffer.from(protection.open(hex(packet), 0)!).toString('hex'), payload);
    });

    test('refuses every changed byte, every other length and another seed', () => {
      const bytes = hex(packet);
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Uint8Array.from(bytes);
        changed[at]! ^= 1;
        assert.equal(protection.open(changed, 0), undefined, `byte ${at}`);
        assert.equal(protection.open(Uint8Array.from(bytes.subarray(0, at)), 0), undefined, `${at} bytes`);
      }
      const other = createProtection(`${seedText}!`, nodeCrypto, fixed);
      assert.equal(other.open(hex(packet), 0), undefined);
    });
  }
});

describe('packet headers', () => {
  const expected: Record<(typeof kcpHeaders)[number], readonly string[]> = {
    none: ['', '', ''],
    srtp: ['b5e81235', 'b5e81236', 'b5e81237'],
    utp: ['12340100', '12340100', '12340100'],
    'wechat-video': [
      'a1080000123500101118302230',
      'a1080000123600101118302230',
      'a1080000123700101118302230',
    ],
    dtls: ['17fefd12340000000000000011', '17fefd12340000000000010022', '17fefd12340000000000020033'],
    wireguard: ['04000000', '04000000', '04000000'],
  };
  const random = { fill: <T extends Uint8Array>(into: T): T => into, below: () => 0x1234 };

  for (const type of kcpHeaders) {
    test(`${type}: the first three`, () => {
      const header = createPacketHeader(type, random);
      const found = [0, 1, 2].map(() => {
        const out = new Uint8Array(headerBytes[type]);
        header.write(out, 0);
        return Buffer.from(out).toString('hex');
      });
      assert.deepEqual(found, expected[type]);
    });
  }

  test("dtls's length goes 17, 34, 51, 68, 85, then 52 for 102", () => {
    const header = createPacketHeader('dtls', random);
    const out = new Uint8Array(13);
    const lengths = [0, 1, 2, 3, 4, 5].map(() => {
      header.write(out, 0);
      return out[12];
    });
    assert.deepEqual(lengths, [17, 34, 51, 68, 85, 52]);
  });

  test('counters wrap', () => {
    const header = createPacketHeader('srtp', { ...random, below: () => 0xffff });
    const out = new Uint8Array(4);
    header.write(out, 0);
    assert.equal(Buffer.from(out).toString('hex'), 'b5e80000');
  });
});

describe('datagrams', () => {
  for (const type of kcpHeaders) {
    for (const seedText of [undefined, 'a seed']) {
      test(`${type}, ${seedText === undefined ? 'no seed' : 'seed'}: what is written is read`, () => {
        const random = seededRandom(3);
        const protection = createProtection(seedText, nodeCrypto, random);
        const sent: Uint8Array[] = [];
        const writer = new PacketWriter(
          type,
          createPacketHeader(type, random),
          protection,
          new DatagramBuffer(),
          (datagram) => sent.push(datagram.slice()),
        );
        const limits = kcpLimits({ header: type, ...(seedText === undefined ? {} : { seed: seedText }) });
        const data = random.fill(new Uint8Array(limits.segmentBytes));
        const fields = { conversation: 1, option: 0, timestamp: 2, number: 3, sendingNext: 4 };
        writer.finish(writeData(writer.room, writer.start, fields, data, data.length));
        // With a seed V2Ray does not count the nonce.
        assert.equal(sent[0]!.length, 1350 + (seedText === undefined ? 0 : 12));
        const reader = new SegmentReader();
        reader.reset(protection.open(sent[0]!, headerBytes[type])!);
        assert.equal(reader.next(), true);
        assert.equal(Buffer.compare(reader.data(), data), 0);
      });
    }
  }

  test('windows and segment sizes of the default settings', () => {
    assert.deepEqual(kcpLimits(), {
      segmentBytes: 1350 - 6 - 18,
      ttiMs: 50,
      congestion: false,
      sendingBase: 194,
      receiveWindow: 1553,
      sendQueue: 1553,
      strangerWindow: 32,
    });
    assert.equal(kcpLimits({ readBufferBytes: 0 }).receiveWindow, 776);
    assert.equal(kcpLimits({ seed: 'x', header: 'dtls' }).segmentBytes, 1350 - 13 - 16 - 18);
    assert.equal(kcpLimits({ uplinkCapacity: 0 }).sendingBase, 8);
  });
});
