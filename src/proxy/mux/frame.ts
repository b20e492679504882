/**
 * Mux.Cool and XUDP frames (docs/wire-format.md, sections 12 and 13; integers big-endian):
 *
 *     length of metadata 2 | session 2 | status 1 | options 1 | [target] | [global id 8] | [length 2 | data]
 *     target: network 1 (1 TCP, 2 UDP) | port 2 | address type 1 (1 IPv4, 2 name with length byte, 3 IPv6) | address
 *
 * The target stands in New frames, and in XUDP also in Keep frames: whom this packet goes to or comes from.
 */
import { ByteReader } from '../../core/bytes/reader.js';
import { ByteWriter } from '../../core/bytes/writer.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, addressBytes, ipv4FromBytes, ipv6FromBytes } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { hostFromBytes } from '../../core/net/host-name.js';

export type FrameStatus = 'new' | 'keep' | 'end' | 'keepAlive';

export const statusByte: Readonly<Record<FrameStatus, number>> = { new: 1, keep: 2, end: 3, keepAlive: 4 };

const option = { data: 0x01, error: 0x02 } as const;
const networkByte = { tcp: 1, udp: 2 } as const;
const typeByte = { ipv4: 1, domain: 2, ipv6: 3 } as const;

export const minMetadataBytes = 4;
/** V2Ray gives up a carrier whose metadata are longer. */
export const maxMetadataBytes = 512;
export const globalIdBytes = 8;

/** What V2Ray and Xray put into one TCP frame at most. */
export const maxStreamDataBytes = 8192;

/** Of a TCP frame without target: 2 + 4 + 2. */
export const keepHeaderBytes = 8;

/** What the metadata of a frame say. */
export interface Frame {
  readonly id: number;
  readonly status: FrameStatus;
  /** A data length and data follow. */
  readonly hasData: boolean;
  /** With End: the session broke. */
  readonly error: boolean;
  /** Of New; and of a Keep that has one. */
  readonly target?: Destination;
  /** 8 bytes: the sender's UDP source (XUDP); all zero if it does not tell. */
  readonly globalId?: Uint8Array;
}

export type FrameFields = Pick<Frame, 'id' | 'status' | 'target' | 'globalId'> & { readonly error?: boolean };

/** Metadata length and metadata, before `u16 length | data` if `hasData`. Throws ERR_LIMIT for a name over 255 bytes. */
export function encodeFrameHeader(frame: FrameFields, hasData: boolean): Uint8Array {
  const writer = new ByteWriter(48)
    .u16(0)
    .u16(frame.id)
    .u8(statusByte[frame.status])
    .u8((hasData ? option.data : 0) | (frame.error === true ? option.error : 0));
  if (frame.target !== undefined) writeTarget(writer, frame.target);
  if (frame.globalId !== undefined) writer.bytes(frame.globalId);
  const bytes = writer.done();
  const length = bytes.length - 2;
  bytes[0] = length >>> 8;
  bytes[1] = length & 0xff;
  return bytes;
}

function writeTarget(writer: ByteWriter, { network, address, port }: Destination): void {
  writer.u8(networkByte[network]).u16(port).u8(typeByte[address.kind]);
  const ip = addressBytes(address);
  if (ip !== undefined) {
    writer.bytes(ip);
    return;
  }
  const name = Buffer.from(address.host, 'utf8');
  if (name.length === 0 || name.length > 255) {
    throw new TsrayError('ERR_LIMIT', `Mux carries names of 1 to 255 bytes, this one has ${name.length}`);
  }
  writer.u8(name.length).bytes(name);
}

/** `header`, then `data` with its length; returns the offset behind. `data` has at most 65535 bytes. */
export function writeFrame(header: Uint8Array, data: Uint8Array, out: Uint8Array, offset: number): number {
  out.set(header, offset);
  return writeData(data, out, offset + header.length);
}

function writeData(data: Uint8Array, out: Uint8Array, offset: number): number {
  out[offset] = data.length >>> 8;
  out[offset + 1] = data.length & 0xff;
  out.set(data, offset + 2);
  return offset + 2 + data.length;
}

/** Upper bound of what `writeStream` writes. */
export function streamWireBytes(dataBytes: number, opening: Uint8Array | undefined): number {
  const frames = Math.ceil(dataBytes / maxStreamDataBytes);
  return dataBytes + frames * keepHeaderBytes + (opening?.length ?? 0);
}

/**
 * `data` (at least one byte) of a TCP session, cut into frames; the first has `opening` (the header of a New frame with
 * data) in place of Keep. Returns the offset behind.
 */
export function writeStream(
  id: number,
  opening: Uint8Array | undefined,
  data: Uint8Array,
  out: Uint8Array,
  offset: number,
): number {
  let end = offset;
  for (let at = 0; at < data.length; at += maxStreamDataBytes) {
    if (at === 0 && opening !== undefined) {
      out.set(opening, end);
      end += opening.length;
    } else {
      out[end] = 0;
      out[end + 1] = minMetadataBytes;
      out[end + 2] = id >>> 8;
      out[end + 3] = id & 0xff;
      out[end + 4] = statusByte.keep;
      out[end + 5] = option.data;
      end += 6;
    }
    end = writeData(data.subarray(at, at + maxStreamDataBytes), out, end);
  }
  return end;
}

/**
 * Metadata without their length. Bytes behind the known fields are ignored, and so is a Keep's target that does not
 * parse: V2Ray looks at neither. Throws ERR_PROTOCOL, or ShortInput if New ends early.
 */
export function decodeMetadata(metadata: Uint8Array): Frame {
  const reader = new ByteReader(metadata);
  const id = reader.u16();
  const status = statusOf(reader.u8());
  const options = reader.u8();
  const hasData = (options & option.data) !== 0;
  const frame = { id, status, hasData, error: (options & option.error) !== 0 };
  if (status === 'new') {
    const target = readTarget(reader);
    const globalId = hasData && target.network === 'udp' ? readGlobalId(reader) : undefined;
    return globalId === undefined ? { ...frame, target } : { ...frame, target, globalId };
  }
  if (status !== 'keep' || reader.remaining === 0) return frame;
  try {
    const target = readTarget(reader);
    return target.network === 'udp' ? { ...frame, target } : frame;
  } catch {
    return frame;
  }
}

function statusOf(byte: number): FrameStatus {
  switch (byte) {
    case statusByte.new:
      return 'new';
    case statusByte.keep:
      return 'keep';
    case statusByte.end:
      return 'end';
    case statusByte.keepAlive:
      return 'keepAlive';
    default:
      throw new TsrayError('ERR_PROTOCOL', `Mux: unknown frame status ${byte}, expected 1 to 4`);
  }
}

function readTarget(reader: ByteReader): Destination {
  const network = reader.u8();
  if (network !== networkByte.tcp && network !== networkByte.udp) {
    throw new TsrayError('ERR_PROTOCOL', `Mux: unknown network ${network}, expected 1 or 2`);
  }
  const port = reader.u16();
  return { network: network === networkByte.tcp ? 'tcp' : 'udp', address: readAddress(reader), port };
}

function readAddress(reader: ByteReader): Address {
  const type = reader.u8();
  switch (type) {
    case typeByte.ipv4:
      return ipv4FromBytes(reader.take(4));
    case typeByte.ipv6:
      return ipv6FromBytes(reader.take(16));
    case typeByte.domain: {
      const address = hostFromBytes(reader.take(reader.u8()));
      if (address === undefined) {
        throw new TsrayError('ERR_PROTOCOL', 'Mux: the name holds characters a host name cannot have');
      }
      return address;
    }
    default:
      throw new TsrayError('ERR_PROTOCOL', `Mux: unknown address type ${type}, expected 1, 2 or 3`);
  }
}

function readGlobalId(reader: ByteReader): Uint8Array | undefined {
  return reader.remaining < globalIdBytes ? undefined : new Uint8Array(reader.take(globalIdBytes));
}
