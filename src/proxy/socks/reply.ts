/**
 * Answers to a SOCKS request.
 *
 *     5: 5 | REP 1 | 0 | ATYP, BND.ADDR, BND.PORT
 *     4: 0 | CD 1 | port 2 | IPv4 4
 */
import { ByteWriter } from '../../core/bytes/writer.js';
import type { TsrayError } from '../../core/errors.js';
import { addressBytes } from '../../core/net/address.js';
import { type Endpoint, writeEndpoint } from './address.js';
import { type ReplyCode, reply, reply4, version5 } from './constants.js';

export type SocksVersion = 4 | 5;

const nowhere: Endpoint = { address: { kind: 'ipv4', host: '0.0.0.0' }, port: 0 };

/** `bound`: where we are reachable for the client; zeros if absent, and for SOCKS 4 if it is not IPv4. */
export function encodeReply(version: SocksVersion, code: ReplyCode, bound: Endpoint = nowhere): Uint8Array {
  const writer = new ByteWriter(32);
  if (version === 5) {
    writer.u8(version5).u8(code).u8(0);
    writeEndpoint(writer, bound);
  } else {
    const shown = bound.address.kind === 'ipv4' ? bound : nowhere;
    writer.u8(0).u8(code === reply.succeeded ? reply4.granted : reply4.rejected);
    writer.u16(shown.port).bytes(addressBytes(shown.address)!);
  }
  return writer.done();
}

/**
 * The REP that tells a client best why its target could not be opened. RFC 1928 has no code for names that do not
 * resolve (host unreachable is what other servers send) nor for a timeout: TTL expired is the nearest, as in Tor.
 */
export function replyCodeFor(error: TsrayError): ReplyCode {
  switch (error.code) {
    case 'ERR_DIAL_REFUSED':
      return reply.connectionRefused;
    case 'ERR_DIAL_UNREACHABLE':
      return causeCode(error) === 'ENETUNREACH' ? reply.networkUnreachable : reply.hostUnreachable;
    case 'ERR_DNS':
      return reply.hostUnreachable;
    case 'ERR_DIAL_TIMEOUT':
      return reply.ttlExpired;
    case 'ERR_BLOCKED':
    case 'ERR_NO_OUTBOUND':
      return reply.notAllowed;
    default:
      return reply.generalFailure;
  }
}

function causeCode(error: TsrayError): unknown {
  const { cause } = error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}
