/** Questions of clients, and the replies that they are given (RFC 1035, RFC 6891). Pure. */
import type { OptAnswer, Packet } from 'dns-packet';
import { ByteWriter } from '../bytes/writer.js';
import { type Address, addressBytes } from '../net/address.js';
import { type AddressType, decodePacket, headerBytes, headerFlags, recordTypes } from './packet.js';

/** A client's question. */
export interface ClientQuery {
  readonly id: number;
  readonly flags: number;
  /** As the client wrote it. */
  readonly name: string;
  readonly typeNumber: number;
  /** The type, if it is one of those that are answered here. */
  readonly type: AddressType | undefined;
  /** The question's bytes, which a reply repeats. */
  readonly question: Uint8Array;
  /** The largest UDP reply that the client takes, if it has told so by EDNS (RFC 6891). */
  readonly udpBytes: number | undefined;
}

const classIn = 1;

/** Undefined: no query of the usual kind with one question. */
export function decodeQuery(bytes: Uint8Array): ClientQuery | undefined {
  let packet: Packet;
  try {
    packet = decodePacket(bytes);
  } catch {
    return undefined;
  }
  const [question, ...more] = packet.questions ?? [];
  const { flags = 0, id = 0 } = packet;
  const usual = packet.type === 'query' && (flags & headerFlags.opcode) === 0;
  if (!usual || question === undefined || more.length > 0) return undefined;
  const edns = packet.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  // The first name of a message is not compressed: there is nothing before it to point to.
  let end = headerBytes;
  while (bytes[end] !== 0) end += bytes[end]! + 1;
  const typeNumber = (bytes[end + 1]! << 8) | bytes[end + 2]!;
  const isIn = ((bytes[end + 3]! << 8) | bytes[end + 4]!) === classIn;
  return {
    id,
    flags,
    name: question.name,
    typeNumber,
    type: isIn ? addressTypes.get(typeNumber) : undefined,
    question: bytes.slice(headerBytes, end + 5),
    udpBytes: edns?.udpPayloadSize,
  };
}

const addressTypes: ReadonlyMap<number, AddressType> = new Map([
  [recordTypes.ipv4, 'ipv4'],
  [recordTypes.ipv6, 'ipv6'],
]);

export interface GivenAnswer {
  readonly rcode: number;
  readonly addresses?: readonly Address[];
  readonly ttlSeconds?: number;
}

/** DNS flag day 2020: what passes every network in one piece. */
export const ednsUdpBytes = 1232;

const optType = 41;
/** Points to the question's name, right behind the header. */
const questionPointer = 0xc000 | headerBytes;

/**
 * The reply to a client: header, its question, records that point to the question's name, and EDNS if it has it. One over
 * `limitBytes` is cut to its question, with the flag that sends the client to TCP.
 */
export function encodeAnswer(query: ClientQuery, answer: GivenAnswer, limitBytes: number): Uint8Array {
  const records = (answer.addresses ?? []).flatMap((address) => addressBytes(address) ?? []);
  const whole = encodeReply(query, answer, records, 0);
  return whole.length <= limitBytes ? whole : encodeReply(query, answer, [], headerFlags.truncated);
}

function encodeReply(
  { flags, id, question, typeNumber, udpBytes }: ClientQuery,
  { rcode, ttlSeconds = 0 }: GivenAnswer,
  records: readonly Uint8Array[],
  more: number,
): Uint8Array {
  const writer = new ByteWriter(512);
  writer.u16(id);
  writer.u16(
    headerFlags.response |
      headerFlags.recursionAvailable |
      (flags & headerFlags.recursionDesired) |
      more |
      rcode,
  );
  writer.u16(1);
  writer.u16(records.length);
  writer.u16(0);
  writer.u16(udpBytes === undefined ? 0 : 1);
  writer.bytes(question);
  for (const record of records) {
    writer.u16(questionPointer);
    writer.u16(typeNumber);
    writer.u16(classIn);
    writer.u32(ttlSeconds);
    writer.u16(record.length);
    writer.bytes(record);
  }
  if (udpBytes !== undefined) {
    // The root's name, type, size, extended code and version, flags, no options.
    writer.u8(0);
    writer.u16(optType);
    writer.u16(ednsUdpBytes);
    writer.u32(0);
    writer.u16(0);
  }
  return writer.done();
}

/**
 * A reply without records to a query that could not be read: its header alone. Undefined if not even that is there, or
 * it is no query.
 */
export function encodeRefusal(query: Uint8Array, rcode: number): Uint8Array | undefined {
  const isQuery = query.length >= headerBytes && (query[2]! & 0x80) === 0;
  if (!isQuery) return undefined;
  const reply = new Uint8Array(headerBytes);
  reply.set(query.subarray(0, 2));
  reply[2] = 0x80 | (query[2]! & 0x79);
  reply[3] = 0x80 | rcode;
  return reply;
}
