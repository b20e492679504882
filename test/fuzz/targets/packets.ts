/** Frames and packets: Mux, XUDP, packetaddr, SOCKS, mKCP, QUIC, gun, PROXY protocol, what sniffers look at, geo files. */
import { decodeMessage, type MessageType } from '../../../src/app/api/message.js';
import { decodeAddresses } from '../../../src/app/geo/geoip.js';
import { decodeSite } from '../../../src/app/geo/geosite.js';
import { createPacketSniffer, sniffStream } from '../../../src/app/sniff/sniffing.js';
import { MalformedMessage } from '../../../src/core/protobuf.js';
import { nodeCrypto } from '../../../src/crypto/node.js';
import { FrameDecoder } from '../../../src/proxy/mux/decoder.js';
import { decodePacketAddr, SegmentDecoder } from '../../../src/proxy/packet-addr/codec.js';
import { decodePacket } from '../../../src/proxy/socks/packet.js';
import { GunFraming } from '../../../src/transport/grpc/frame.js';
import { createProtection } from '../../../src/transport/kcp/protection.js';
import { SegmentReader, strangerWants } from '../../../src/transport/kcp/segment.js';
import { readPacketIds } from '../../../src/transport/quic/packet-ids.js';
import { readVectors } from '../../helper/project.js';
import { seededRandom } from '../../helper/seeded-random.js';
import { assertTyped, type FuzzTarget, fromHex, packetTarget } from '../target.js';

interface Wire {
  readonly wire: string;
}

const vectors = readVectors<{
  readonly mux: readonly Wire[];
  readonly xudp: readonly Wire[];
  readonly packetAddr: readonly Wire[];
  readonly packetAddrStream: readonly Wire[];
  readonly mkcp: {
    readonly segments: readonly Wire[];
    readonly simpleAuthenticator: readonly { readonly packet: string }[];
  };
}>('vmess.json');
const quic = readVectors<{ readonly packets: readonly { readonly packet?: string }[] }>('quic-packets.json');
const quicPackets = quic.packets.flatMap(({ packet }) =>
  packet === undefined ? [] : [Uint8Array.from(Buffer.from(packet, 'base64'))],
);
const wires = (list: readonly Wire[]): readonly Uint8Array[] => list.map(({ wire }) => fromHex(wire));

const frames: FuzzTarget = {
  name: 'Mux and XUDP frames',
  seeds: [...wires(vectors.mux), ...wires(vectors.xudp)].map((seed) => Uint8Array.of(...seed, ...seed)),
  throws: 'nothing',
  run(parts) {
    let uses = 0;
    const decoder = new FrameDecoder({
      frame: () => (['stream', 'packet', 'discard'] as const)[uses++ % 3]!,
      data: () => {},
    });
    for (const part of parts) decoder.push(part);
    if (decoder.failure !== undefined) assertTyped(decoder.failure);
  },
};

const segments: FuzzTarget = {
  name: 'packetaddr over streams',
  seeds: wires(vectors.packetAddrStream),
  throws: 'typed',
  run(parts) {
    const decoder = new SegmentDecoder();
    for (const part of parts) decoder.push(part, () => {});
  },
};

const gun: FuzzTarget = {
  name: 'gun messages',
  seeds: [
    fromHex('0000000007 0a05 68656c6c6f'.replaceAll(' ', '')),
    fromHex('000000000c 0a05 68656c6c6f 1203 616263'.replaceAll(' ', '')),
    fromHex('0000000000'),
  ],
  throws: 'typed',
  run(parts) {
    const framing = new GunFraming();
    for (const part of parts) framing.decode(part, () => {});
    framing.finish();
  },
};

function protectionTarget(seed: string | undefined): FuzzTarget {
  const protection = createProtection(seed, nodeCrypto, seededRandom(5));
  return packetTarget(
    `mKCP datagrams, ${seed === undefined ? 'plain' : 'with a seed'}`,
    [...vectors.mkcp.simpleAuthenticator.map(({ packet }) => fromHex(packet)), new Uint8Array(60)],
    'nothing',
    (packet) => {
      protection.open(packet.slice(), 0);
      protection.open(packet.slice(), 13);
    },
  );
}

/** Fields 2 of a list: an address with its prefix, a name with its type. */
const geoip = fromHex('0a024145 1208 0a04 0a000000 1008'.replaceAll(' ', ''));
const geosite = fromHex('0a024145 120f 0802 120b 6578616d706c652e636f6d'.replaceAll(' ', ''));

/** What reads protobuf refuses in one way. */
function protobufTarget(name: string, seed: Uint8Array, decode: (bytes: Uint8Array) => unknown): FuzzTarget {
  return packetTarget(name, [seed, Uint8Array.of(...seed, ...seed)], 'nothing', (bytes) => {
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
  });
}

/** A list of messages with a text and a flag. */
const apiCall = fromHex('0a07 0a03616263 1001 2a0161'.replaceAll(' ', ''));
const callType: MessageType = {
  list: {
    number: 1,
    type: { name: { number: 1, type: 'string' }, flag: { number: 2, type: 'bool' } },
    repeated: true,
  },
  raw: { number: 5, type: 'bytes' },
};

const clientHello = fromHex(
  '16030100410100003d0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000002130101000012000000' +
    '0e000c0000096c6f63616c686f7374',
);

export const packetTargets: readonly FuzzTarget[] = [
  frames,
  segments,
  gun,
  packetTarget('packetaddr', wires(vectors.packetAddr), 'typed', (packet) => decodePacketAddr(packet)),
  packetTarget(
    'SOCKS datagrams',
    [fromHex('0000000101020304003501'), fromHex('00000003036162630035')],
    'typed',
    (packet) => decodePacket(packet),
  ),
  packetTarget('mKCP segments', wires(vectors.mkcp.segments), 'nothing', (packet) => {
    const reader = new SegmentReader();
    reader.reset(packet);
    while (reader.next()) {
      reader.data();
      for (let index = 0; index < reader.count; index += 1) reader.ackNumber(index);
    }
    strangerWants(packet);
  }),
  protectionTarget(undefined),
  protectionTarget('a seed'),
  packetTarget('QUIC connection IDs', [...quicPackets, new Uint8Array(40)], 'nothing', (packet) =>
    readPacketIds(packet),
  ),
  packetTarget('sniffed datagrams', [...quicPackets, new Uint8Array(40)], 'nothing', (packet) => {
    const sniffer = createPacketSniffer(nodeCrypto);
    sniffer.push(packet);
    sniffer.push(packet);
  }),
  packetTarget(
    'sniffed streams',
    [
      clientHello,
      Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'),
      Buffer.from('\x13BitTorrent protocol', 'latin1'),
    ],
    'nothing',
    (bytes) => sniffStream(bytes, 'tcp'),
  ),
  protobufTarget('geoip lists', geoip, (bytes) => decodeAddresses(bytes)),
  protobufTarget('geosite lists', geosite, (bytes) => decodeSite(bytes, [])),
  protobufTarget('API calls', apiCall, (bytes) => decodeMessage(callType, bytes)),
];
