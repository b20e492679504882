/**
 * The plaintext request header ↔ its fields (docs/wire-format.md, section 3).
 *
 *     0 version(1)=1 ‖ 1 request IV(16) ‖ 17 request key(16) ‖ 33 V(1) ‖ 34 options(1)
 *     ‖ 35 padding length(4 bits) security(4 bits) ‖ 36 reserved(1) ‖ 37 command(1)
 *     ‖ [38 port(2) ‖ 40 address type(1) ‖ 41 address]   absent for mux
 *     ‖ padding ‖ FNV-1a of everything before(4)
 */
import { ByteWriter } from '../../../core/bytes/writer.js';
import { TsrayError } from '../../../core/errors.js';
import {
  type Address,
  addressBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  parseAddress,
} from '../../../core/net/address.js';
import { fnv1a32 } from '../../../crypto/pure/fnv1a32.js';
import {
  addressTypeByte,
  type Command,
  commandByte,
  muxHost,
  securityByte,
  type WireSecurity,
} from '../constants.js';

/** A request header without its padding and checksum. */
export interface RequestHeader {
  /** 16 bytes. */
  readonly requestIv: Uint8Array;
  /** 16 bytes. */
  readonly requestKey: Uint8Array;
  /** V: the byte that the response begins with. */
  readonly responseAuth: number;
  /** Option bits (`requestOption`). */
  readonly options: number;
  readonly security: WireSecurity;
  readonly command: Command;
  /** For mux `v1.mux.cool`, which is not on the wire. */
  readonly address: Address;
  /** For mux 0. */
  readonly port: number;
}

/** Bytes before port and address: enough to tell keys, options and command. */
export const fixedHeaderBytes = 38;
/** Longest padding that four bits can announce. */
export const maxHeaderPaddingBytes = 15;
export const muxAddress: Address = { kind: 'domain', host: muxHost };

const maxDomainBytes = 255;
const checksumBytes = 4;
/** With the longest name and the longest padding. */
export const longestHeaderBytes =
  fixedHeaderBytes + 2 + 1 + 1 + maxDomainBytes + maxHeaderPaddingBytes + checksumBytes;

/** The header as plaintext; `padding` is 0 to 15 random bytes. Throws ERR_LIMIT for a domain over 255 bytes. */
export function encodeRequestHeader(header: RequestHeader, padding: Uint8Array): Uint8Array {
  const writer = new ByteWriter(128)
    .u8(1)
    .bytes(header.requestIv)
    .bytes(header.requestKey)
    .u8(header.responseAuth)
    .u8(header.options)
    .u8((padding.length << 4) | securityByte[header.security])
    .u8(0)
    .u8(commandByte[header.command]);
  if (header.command !== 'mux') {
    writer.u16(header.port);
    writeAddress(writer, header.address);
  }
  writer.bytes(padding);
  return writer.u32(fnv1a32(writer.done())).done();
}

function writeAddress(writer: ByteWriter, address: Address): void {
  writer.u8(addressTypeByte[address.kind]);
  const ip = addressBytes(address);
  if (ip !== undefined) {
    writer.bytes(ip);
    return;
  }
  const domain = new TextEncoder().encode(address.host);
  if (domain.length === 0 || domain.length > maxDomainBytes) {
    throw new TsrayError(
      'ERR_LIMIT',
      `VMess carries domain names of 1 to ${maxDomainBytes} bytes, this one has ${domain.length}`,
    );
  }
  writer.u8(domain.length).bytes(domain);
}

/**
 * How long a header is, told from its first bytes: the result grows with what is known, and once it is not above
 * `plain.length` it is exact.
 */
export function requestHeaderBytes(plain: Uint8Array): number {
  if (plain.length < fixedHeaderBytes) return fixedHeaderBytes;
  const tail = (plain[35]! >>> 4) + checksumBytes;
  const command = plain[37]!;
  if (command !== commandByte.tcp && command !== commandByte.udp) return fixedHeaderBytes + tail;
  const addressStart = fixedHeaderBytes + 3;
  if (plain.length < addressStart) return addressStart;
  switch (plain[addressStart - 1]) {
    case addressTypeByte.ipv4:
      return addressStart + 4 + tail;
    case addressTypeByte.ipv6:
      return addressStart + 16 + tail;
    case addressTypeByte.domain:
      if (plain.length === addressStart) return addressStart + 1;
      return addressStart + 1 + plain[addressStart]! + tail;
    default:
      // As V2Ray: nothing is read for an unknown type, and the header fails once its checksum has been judged.
      return addressStart + tail;
  }
}

/** Why a header was refused. */
export type HeaderFault = 'short' | 'checksum' | 'address' | 'security';

export type DecodedRequestHeader =
  | { readonly ok: true; readonly header: RequestHeader }
  | { readonly ok: false; readonly fault: HeaderFault; readonly error: TsrayError };

/**
 * Reads a header; bytes behind it are ignored. Judges in V2Ray's order: length, checksum, address, security. The
 * version byte is not looked at (V2Ray does not either). The result owns its bytes.
 */
export function decodeRequestHeader(plain: Uint8Array): DecodedRequestHeader {
  const length = requestHeaderBytes(plain);
  if (length > plain.length) {
    return refuse('short', `request header of ${plain.length} bytes ends before its checksum`);
  }
  const end = length - checksumBytes;
  const sum =
    ((plain[end]! << 24) | (plain[end + 1]! << 16) | (plain[end + 2]! << 8) | plain[end + 3]!) >>> 0;
  if (fnv1a32(plain.subarray(0, end)) !== sum) return refuse('checksum', 'request header checksum is wrong');
  const command = commandOf(plain[37]!);
  if (command === undefined) return refuse('address', `unknown request command ${plain[37]}`);
  const address = command === 'mux' ? muxAddress : readAddress(plain);
  if (address === undefined) return refuse('address', 'request header has no valid address');
  const security = securityOf(plain[35]! & 0x0f);
  if (security === undefined) {
    return refuse('security', `request security ${plain[35]! & 0x0f} names no body format`);
  }
  return {
    ok: true,
    header: {
      // `slice` of a Buffer would share its memory.
      requestIv: new Uint8Array(plain.subarray(1, 17)),
      requestKey: new Uint8Array(plain.subarray(17, 33)),
      responseAuth: plain[33]!,
      options: plain[34]!,
      security,
      command,
      address,
      port: command === 'mux' ? 0 : (plain[38]! << 8) | plain[39]!,
    },
  };
}

function refuse(fault: HeaderFault, message: string): DecodedRequestHeader {
  const code = fault === 'checksum' ? 'ERR_INTEGRITY' : 'ERR_PROTOCOL';
  return { ok: false, fault, error: new TsrayError(code, message) };
}

function commandOf(byte: number): Command | undefined {
  if (byte === commandByte.tcp) return 'tcp';
  if (byte === commandByte.udp) return 'udp';
  return byte === commandByte.mux ? 'mux' : undefined;
}

/** 0 counts as aes-128-cfb, for old clients (V2Ray's parseSecurityType); 2 (auto) and 6 (zero) are never sent. */
function securityOf(byte: number): WireSecurity | undefined {
  switch (byte) {
    case securityByte.unknown:
    case securityByte['aes-128-cfb']:
      return 'aes-128-cfb';
    case securityByte['aes-128-gcm']:
      return 'aes-128-gcm';
    case securityByte['chacha20-poly1305']:
      return 'chacha20-poly1305';
    case securityByte.none:
      return 'none';
    default:
      return undefined;
  }
}

/** The address at byte 40 of a header that is known to be whole. */
function readAddress(plain: Uint8Array): Address | undefined {
  switch (plain[40]) {
    case addressTypeByte.ipv4:
      return ipv4FromBytes(plain.subarray(41, 45));
    case addressTypeByte.ipv6:
      return unmapped(plain.subarray(41, 57));
    case addressTypeByte.domain:
      return readDomain(plain.subarray(42, 42 + plain[41]!));
    default:
      return undefined;
  }
}

/** V2Ray's rule: text that may be an IP is tried as one first; a name has letters, digits, `-`, `.` and `_` only. */
function readDomain(bytes: Uint8Array): Address | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (/^[0-9[]/.test(text)) {
    const address = parseAddress(text);
    if (address.kind === 'ipv4') return address;
    if (address.kind === 'ipv6') return unmapped(addressBytes(address)!);
  }
  return /^[0-9A-Za-z._-]+$/.test(text) ? { kind: 'domain', host: text } : undefined;
}

/** V2Ray takes IPv4 inside IPv6 (::ffff:0:0/96) for IPv4; so rules about addresses see the real one. */
function unmapped(bytes: Uint8Array): Address {
  for (let i = 0; i < 10; i += 1) if (bytes[i] !== 0) return ipv6FromBytes(bytes);
  return bytes[10] === 0xff && bytes[11] === 0xff ? ipv4FromBytes(bytes.subarray(12)) : ipv6FromBytes(bytes);
}
