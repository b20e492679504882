/**
 * SOCKS 5 addresses (RFC 1928 section 5):
 *
 *     ATYP 1 | address: 4, 16, or length byte and name | port 2
 */
import type { ByteReader } from '../../core/bytes/reader.js';
import type { ByteWriter } from '../../core/bytes/writer.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, addressBytes, ipv4FromBytes, ipv6FromBytes } from '../../core/net/address.js';
import { hostFromBytes } from '../../core/net/host-name.js';
import { addressType } from './constants.js';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** Thrown for an ATYP that RFC 1928 does not have: a server answers it with its own reply code. */
export class UnknownAddressType extends TsrayError {
  constructor(type: number) {
    super('ERR_PROTOCOL', `SOCKS: unknown address type ${type}, expected 1, 3 or 4`);
  }
}

/** Throws ShortInput, UnknownAddressType, or ERR_PROTOCOL for a name that cannot be one. */
export function readEndpoint(reader: ByteReader): Endpoint {
  const type = reader.u8();
  const address = readAddress(reader, type);
  return { address, port: reader.u16() };
}

function readAddress(reader: ByteReader, type: number): Address {
  switch (type) {
    case addressType.ipv4:
      return ipv4FromBytes(reader.take(4));
    case addressType.ipv6:
      return ipv6FromBytes(reader.take(16));
    case addressType.domain: {
      const address = hostFromBytes(reader.take(reader.u8()));
      if (address === undefined) {
        throw new TsrayError('ERR_PROTOCOL', 'SOCKS: the domain holds characters a host name cannot have');
      }
      return address;
    }
    default:
      throw new UnknownAddressType(type);
  }
}

/** Throws ERR_PROTOCOL for a name of over 255 bytes. */
export function writeEndpoint(writer: ByteWriter, endpoint: Endpoint): void {
  const { address, port } = endpoint;
  const bytes = addressBytes(address);
  if (bytes !== undefined) {
    writer.u8(address.kind === 'ipv4' ? addressType.ipv4 : addressType.ipv6).bytes(bytes);
  } else {
    const name = Buffer.from(address.host, 'utf8');
    if (name.length > 255) {
      throw new TsrayError(
        'ERR_PROTOCOL',
        `a host name of ${name.length} bytes does not fit SOCKS, the limit is 255`,
      );
    }
    writer.u8(addressType.domain).u8(name.length).bytes(name);
  }
  writer.u16(port);
}

export function isLoopback(address: Address): boolean {
  return address.host === '::1' || (address.kind === 'ipv4' && address.host.startsWith('127.'));
}
