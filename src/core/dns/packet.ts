/** What all DNS messages (RFC 1035) have in common. */
import { decode, type Packet } from 'dns-packet';
import { TsrayError } from '../errors.js';

/** Response codes by their standard names (RFC 1035, section 4.1.1). */
export const rcodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

/** Record types that are answered here. */
export const recordTypes = { ipv4: 1, ipv6: 28 } as const;

export type AddressType = keyof typeof recordTypes;

/** The longest message: its length has two bytes on a stream. */
export const maxMessageBytes = 65_535;

export const headerBytes = 12;

/** Bits of the header's second word. */
export const headerFlags = {
  response: 0x8000,
  opcode: 0x7800,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  rcode: 0x000f,
} as const;

/** The npm package dns-packet reads the records; what it throws at damaged bytes becomes ERR_PROTOCOL. */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes.length < headerBytes) throw malformed('a DNS message is shorter than its header');
  try {
    const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    // The package reads what a record lacks at the end as if it were there.
    if (decode.bytes > bytes.length) throw malformed('a DNS message ends within a record');
    return packet;
  } catch (error) {
    if (error instanceof TsrayError) throw error;
    throw new TsrayError('ERR_PROTOCOL', 'a DNS message is damaged', { cause: error });
  }
}

export function malformed(message: string): TsrayError {
  return new TsrayError('ERR_PROTOCOL', message);
}
