/**
 * Datagrams between a SOCKS 5 client and server (RFC 1928 section 7):
 *
 *     RSV 2 | FRAG 1 | ATYP, address, port | payload
 */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';
import { ByteWriter } from '../../core/bytes/writer.js';
import { TsrayError } from '../../core/errors.js';
import { type Endpoint, readEndpoint, writeEndpoint } from './address.js';

export interface SocksPacket {
  readonly remote: Endpoint;
  /** A view of the datagram. */
  readonly payload: Uint8Array;
}

/** Undefined for what a relay must drop: fragments (which we do not join, as the RFC allows), and malformed ones. */
export function decodePacket(datagram: Uint8Array): SocksPacket | undefined {
  const reader = new ByteReader(datagram);
  try {
    reader.u16();
    if (reader.u8() !== 0) return undefined;
    const remote = readEndpoint(reader);
    return { remote, payload: reader.rest() };
  } catch (thrown) {
    if (thrown instanceof ShortInput || thrown instanceof TsrayError) return undefined;
    throw thrown;
  }
}

/** The header of a datagram from or to `remote`. Throws ERR_PROTOCOL for a name of over 255 bytes. */
export function encodePacketHeader(remote: Endpoint): Uint8Array {
  const writer = new ByteWriter(32).u16(0).u8(0);
  writeEndpoint(writer, remote);
  return writer.done();
}
