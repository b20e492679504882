import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Destination } from '../../../../src/core/net/destination.js';
import { type DataUse, FrameDecoder } from '../../../../src/proxy/mux/decoder.js';
import {
  encodeFrameHeader,
  type Frame,
  type FrameFields,
  streamWireBytes,
  writeFrame,
  writeStream,
} from '../../../../src/proxy/mux/frame.js';
import { at } from '../../../helper/fake-listen.js';
import { readVectors } from '../../../helper/project.js';
import { splits } from '../../../helper/split.js';

interface Vectors {
  readonly mux: readonly { readonly name: string; readonly wire: string }[];
  readonly xudp: readonly { readonly name: string; readonly wire: string }[];
}

const vectors = readVectors<Vectors>('vmess.json');
const wireOf = (group: 'mux' | 'xudp', name: string): string =>
  vectors[group].find((vector) => vector.name === name)!.wire;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** A frame and all its data. */
interface Seen extends Frame {
  readonly data: string;
}

/** Feeds `parts` to a decoder; by default every session is of packets. */
function decode(parts: readonly Uint8Array[], use: DataUse = 'packet', maxPacketBytes?: number) {
  const seen: { frame: Frame; data: Uint8Array[] }[] = [];
  const decoder = new FrameDecoder(
    {
      frame(frame) {
        seen.push({ frame, data: [] });
        return use;
      },
      data(piece) {
        assert.ok(piece.length > 0);
        seen.at(-1)!.data.push(Uint8Array.from(piece));
      },
    },
    maxPacketBytes,
  );
  for (const part of parts) decoder.push(part);
  const frames: Seen[] = seen.map(({ frame, data }) => ({ ...frame, data: hex(Buffer.concat(data)) }));
  return { decoder, frames, pieces: seen.map(({ data }) => data.length) };
}

function one(wire: string): Seen {
  const { frames, decoder } = decode([bytes(wire)]);
  assert.equal(decoder.failure, undefined);
  assert.equal(decoder.atBoundary, true);
  assert.equal(frames.length, 1);
  return frames[0]!;
}

const plain = { hasData: false, error: false, data: '' } as const;
const target = (host: string, port: number, network: 'tcp' | 'udp'): Destination => at(host, port, network);

/** Group, name of the vector, the fields, and the data. */
const cases: readonly (readonly ['mux' | 'xudp', string, FrameFields, string | undefined])[] = [
  [
    'mux',
    'New TCP example.com:443 with data',
    { id: 1, status: 'new', target: target('example.com', 443, 'tcp') },
    '474554',
  ],
  [
    'mux',
    'New TCP 192.0.2.1:80 without data',
    { id: 2, status: 'new', target: target('192.0.2.1', 80, 'tcp') },
    undefined,
  ],
  [
    'mux',
    'New UDP [2001:db8::1]:53 with data',
    { id: 3, status: 'new', target: target('2001:db8::1', 53, 'udp') },
    '1234',
  ],
  ['mux', 'Keep with data', { id: 1, status: 'keep' }, '68656c6c6f'],
  ['mux', 'End', { id: 1, status: 'end' }, undefined],
  ['mux', 'End with error', { id: 1, status: 'end', error: true }, undefined],
  ['mux', 'KeepAlive', { id: 0, status: 'keepAlive' }, undefined],
  [
    'xudp',
    'first packet, with global id',
    {
      id: 0,
      status: 'new',
      target: target('8.8.8.8', 53, 'udp'),
      globalId: bytes('0102030405060708'),
    },
    '1234',
  ],
  [
    'xudp',
    'first packet, sing form (no global id)',
    { id: 0, status: 'new', target: target('8.8.8.8', 53, 'udp') },
    '1234',
  ],
  ['xudp', 'later packet, same destination', { id: 0, status: 'keep' }, '5678'],
  [
    'xudp',
    'later packet or reply with per-packet address',
    { id: 0, status: 'keep', target: target('1.1.1.1', 443, 'udp') },
    '9a',
  ],
];

for (const [group, name, fields, data] of cases) {
  test(`vector, both ways: ${group}: ${name}`, () => {
    const wire = wireOf(group, name);
    const header = encodeFrameHeader(fields, data !== undefined);
    const out = new Uint8Array(wire.length / 2);
    if (data === undefined) assert.equal(hex(header), wire);
    else {
      assert.equal(writeFrame(header, bytes(data), out, 0), out.length);
      assert.equal(hex(out), wire);
    }
    const expected = { ...plain, ...fields, hasData: data !== undefined, data: data ?? '' };
    assert.deepEqual(one(wire), expected);
  });
}

const everything = bytes([...vectors.mux, ...vectors.xudp].map(({ wire }) => wire).join(''));

test('all frames in one stream read the same whole, byte by byte and at random splits', () => {
  for (const use of ['packet', 'stream'] as const) {
    const whole = decode([everything], use).frames;
    assert.equal(whole.length, vectors.mux.length + vectors.xudp.length);
    for (const parts of splits(everything)) {
      const { frames, decoder, pieces } = decode(parts, use);
      assert.deepEqual(frames, whole);
      assert.equal(decoder.atBoundary, true);
      if (use === 'packet') assert.ok(pieces.every((count) => count <= 1));
    }
  }
});

test('a long write is cut into frames of 8192 bytes, the first of them New', () => {
  const data = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
  const opening = encodeFrameHeader({ id: 7, status: 'new', target: at('192.0.2.1', 80) }, true);
  const out = new Uint8Array(streamWireBytes(data.length, opening));
  const length = writeStream(7, opening, data, out, 0);
  assert.ok(length <= out.length);
  const { frames } = decode([out.subarray(0, length)], 'stream');
  assert.deepEqual(
    frames.map(({ id, status, data: part }) => [id, status, part.length / 2]),
    [
      [7, 'new', 8192],
      [7, 'keep', 8192],
      [7, 'keep', 3616],
    ],
  );
  assert.equal(frames.map(({ data: part }) => part).join(''), hex(data));
});

test('stream data is given on as it comes, without waiting for the frame', () => {
  const frame = bytes('000400010201000568656c6c6f');
  const { pieces, frames } = decode([frame.subarray(0, 10), frame.subarray(10)], 'stream');
  assert.deepEqual(pieces, [2]);
  assert.equal(frames[0]?.data, '68656c6c6f');
});

test('data length 0 is no packet', () => {
  const { pieces, decoder } = decode([bytes('0004000102010000')]);
  assert.deepEqual(pieces, [0]);
  assert.equal(decoder.atBoundary, true);
});

test('a packet that is too large is thrown away exactly, and counted', () => {
  const large = Buffer.concat([bytes('0004000102010005'), Buffer.from('large')]);
  const small = bytes('0004000102010002abcd');
  for (const parts of splits(Buffer.concat([large, small]))) {
    const { frames, decoder } = decode(parts, 'packet', 4);
    assert.deepEqual(
      frames.map(({ data }) => data),
      ['', 'abcd'],
    );
    assert.equal(decoder.oversizePackets, 1);
  }
});

test('any data length is taken for a stream', () => {
  const wire = Buffer.concat([bytes('000400010201ffff'), Buffer.alloc(0xffff, 7)]);
  for (const parts of splits(wire)) {
    const { frames, decoder } = decode(parts, 'stream');
    assert.equal(frames[0]?.data.length, 0xffff * 2);
    assert.equal(decoder.atBoundary, true);
  }
});

test('bytes behind the known metadata are ignored', () => {
  assert.equal(one('0006000103000bad').status, 'end');
  // Keep: a target that does not parse; a TCP target; a good one with more behind it.
  assert.deepEqual(one('00080001020109010203000112'), {
    ...plain,
    id: 1,
    status: 'keep',
    hasData: true,
    data: '12',
  });
  assert.deepEqual(one('000c0001020101005001c0000201000112').target, undefined);
  assert.deepEqual(one('000e000102010200350108080808ffff000112').target, at('8.8.8.8', 53, 'udp'));
  // New: a Global ID that is cut short, and one of a TCP session.
  assert.equal(one('00130000010102003501080808080102030405060700021234').globalId, undefined);
  assert.equal(one('0014000001010100350108080808010203040506070800021234').globalId, undefined);
});

test('a Global ID of zeros is told as it stands', () => {
  const { globalId } = one('0014000001010200350108080808000000000000000000021234');
  assert.deepEqual(globalId, new Uint8Array(8));
});

test('an IP written as a name is an IP', () => {
  assert.deepEqual(one('00120001010001005002093132372e302e302e31').target, at('127.0.0.1', 80));
});

for (const [name, wire, message] of [
  ['metadata of 3 bytes', '0003000103', /metadata of 3 bytes/],
  ['metadata of 513 bytes', '0201', /metadata of 513 bytes/],
  ['status 0', '000400010000', /status 0/],
  ['status 5', '000400010500', /status 5/],
  ['network 3', '000c0002010003005001c0000201', /network 3/],
  ['address type 4', '000c0002010001005004c0000201', /address type 4/],
  ['New without an address', '000400010100', /end within an address/],
  ['a cut address', '000b0002010001005001c00002', /end within an address/],
  ['a cut name', '000a000201000100500205aa', /end within an address/],
  ['a name with a space', '000b000201000100500202612000', /characters/],
] as const) {
  test(`refused: ${name}`, () => {
    const garbage = Buffer.concat([bytes(wire), Buffer.alloc(600)]);
    for (const parts of splits(garbage)) {
      const { decoder, frames } = decode(parts);
      assert.equal(decoder.failure?.code, 'ERR_PROTOCOL');
      assert.match(decoder.failure.message, message);
      assert.equal(frames.length, 0);
    }
  });
}

test('nothing is told after stop, not even the rest of the same read', () => {
  let frames = 0;
  const decoder = new FrameDecoder({
    frame() {
      frames += 1;
      decoder.stop();
      return 'stream';
    },
    data: () => assert.fail('data after stop'),
  });
  decoder.push(everything);
  assert.equal(frames, 1);
});

test('a name of more than 255 bytes cannot be sent', () => {
  const long = at(`${'a'.repeat(256)}`, 80);
  assert.throws(() => encodeFrameHeader({ id: 1, status: 'new', target: long }, false), {
    code: 'ERR_LIMIT',
  });
});
