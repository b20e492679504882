/**
 * Whose packet it is: the part of QUIC's packets that all its versions share (RFC 8999). Pure.
 *
 *     long    1 kind ‖ u32 version ‖ length ‖ destination ID ‖ length ‖ source ID ‖ …
 *     initial … ‖ varint length ‖ token ‖ …
 *     short   0 … ‖ destination ID ‖ …
 */
import { connectionIdBytes } from './limits.js';

/** `initial` and `later`: of version 1. `foreign`: of another one. */
export interface PacketIds {
  readonly kind: 'short' | 'initial' | 'later' | 'foreign';
  /** Views of the packet. */
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  /** Of an initial packet: what the client was given to show; mostly empty. */
  readonly token: Uint8Array;
}

export const version1 = 1;
const maxIdBytes = 20;
const none = new Uint8Array(0);

/** Undefined for what is no packet that a client sends. */
export function readPacketIds(packet: Uint8Array): PacketIds | undefined {
  const first = packet[0] ?? 0;
  if ((first & 0x80) === 0) {
    if (packet.length <= connectionIdBytes) return undefined;
    return {
      kind: 'short',
      destination: packet.subarray(1, 1 + connectionIdBytes),
      source: none,
      token: none,
    };
  }
  const length = packet[5];
  if (length === undefined) return undefined;
  const version = ((packet[1]! << 24) | (packet[2]! << 16) | (packet[3]! << 8) | packet[4]!) >>> 0;
  const sourceLength = packet[6 + length];
  // Version 0 stands for Version Negotiation, which servers send.
  if (sourceLength === undefined || version === 0) return undefined;
  const sourceAt = 7 + length;
  if (packet.length < sourceAt + sourceLength) return undefined;
  if (version === version1 && (length > maxIdBytes || sourceLength > maxIdBytes)) return undefined;
  const kind = version !== version1 ? 'foreign' : (first & 0x30) === 0 ? 'initial' : 'later';
  const token = kind === 'initial' ? readToken(packet, sourceAt + sourceLength) : none;
  if (token === undefined) return undefined;
  return {
    kind,
    destination: packet.subarray(6, 6 + length),
    source: packet.subarray(sourceAt, sourceAt + sourceLength),
    token,
  };
}

/** A token with its length in front. No token of ours takes more than two bytes for that. */
function readToken(packet: Uint8Array, at: number): Uint8Array | undefined {
  const first = packet[at];
  const second = packet[at + 1];
  if (first === undefined || second === undefined || first >= 0x80) return undefined;
  const start = first < 0x40 ? at + 1 : at + 2;
  const end = start + (first < 0x40 ? first : ((first & 0x3f) << 8) | second);
  return end <= packet.length ? packet.subarray(start, end) : undefined;
}
