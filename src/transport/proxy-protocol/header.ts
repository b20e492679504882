/**
 * PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): how a load balancer tells whose connection it
 * passes on. Pure.
 *
 * | version 1 | `PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n`, at most 107 bytes                                  |
 * | version 2 | signature (12) ‖ version and command (1) ‖ family and protocol (1) ‖ u16 length ‖ addresses ‖ TLVs |
 */
import { isIPv4, isIPv6 } from 'node:net';
import { ByteQueue } from '../../core/bytes/queue.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, ipv4FromBytes, ipv6FromBytes, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';

/** Undefined: the balancer speaks for itself (a health check), or did not know. The socket's own addresses count. */
export interface ProxiedAddresses {
  readonly source: Destination;
  readonly local: Destination;
}

export type ProxyHeader = ProxiedAddresses | undefined;

const maxTextBytes = 107;
/** Addresses and TLVs; what balancers send has a few hundred bytes. */
const maxBinaryBytes = 4096;
const binaryHeadBytes = 16;
const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const textStart = Buffer.from('PROXY ', 'latin1');

export class ProxyHeaderDecoder implements Handshake<ProxyHeader> {
  readonly #held = new ByteQueue(maxBinaryBytes + 1024 * 1024);

  push(bytes: Uint8Array): HandshakeStep<ProxyHeader> {
    this.#held.append(bytes);
    const held = this.#held.peek();
    if (held[0] === signature[0]) return this.#binary(held);
    if (held[0] === textStart[0]) return this.#text(held);
    return failed('neither version 1 nor 2 of it');
  }

  #text(held: Uint8Array): HandshakeStep<ProxyHeader> {
    if (!startsAlike(held, textStart)) return failed('neither version 1 nor 2 of it');
    const end = Buffer.from(held.buffer, held.byteOffset, held.length).indexOf('\r\n');
    if (end < 0 ? held.length > maxTextBytes : end + 2 > maxTextBytes)
      return failed('a line that is too long');
    if (end < 0) return { kind: 'more' };
    const [, family, from, to, fromPort, toPort, ...more] = Buffer.from(held.subarray(0, end))
      .toString('latin1')
      .split(' ');
    const rest = held.slice(end + 2);
    if (family === 'UNKNOWN') return { kind: 'done', value: undefined, rest };
    const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
    const ports = [fromPort, toPort].map(parsePort);
    const [sourcePort, localPort] = ports;
    if (
      isAddress === undefined ||
      more.length > 0 ||
      !isAddress(from ?? '') ||
      !isAddress(to ?? '') ||
      sourcePort === undefined ||
      localPort === undefined
    ) {
      return failed('a line that cannot be understood');
    }
    const value = {
      source: tcp(parseAddress(from!), sourcePort),
      local: tcp(parseAddress(to!), localPort),
    };
    return { kind: 'done', value, rest };
  }

  #binary(held: Uint8Array): HandshakeStep<ProxyHeader> {
    if (!startsAlike(held, signature)) return failed('neither version 1 nor 2 of it');
    if (held.length < binaryHeadBytes) return { kind: 'more' };
    const version = held[12]! >> 4;
    const command = held[12]! & 0x0f;
    const family = held[13]!;
    const length = (held[14]! << 8) | held[15]!;
    if (version !== 2 || command > 1) return failed('an unknown version or command');
    if (length > maxBinaryBytes) return failed('a header that is too long');
    if (held.length < binaryHeadBytes + length) return { kind: 'more' };
    const body = held.subarray(binaryHeadBytes, binaryHeadBytes + length);
    const rest = held.slice(binaryHeadBytes + length);
    const isLocal = command === 0;
    const bytes = { 17: 4, 33: 16 }[family];
    // Unix sockets, UDP and what is not specified come without addresses that mean anything here.
    if (isLocal || bytes === undefined) return { kind: 'done', value: undefined, rest };
    if (length < bytes * 2 + 4) return failed('addresses that are cut short');
    const address = (at: number): Address =>
      bytes === 4 ? ipv4FromBytes(body.subarray(at, at + 4)) : ipv6FromBytes(body.subarray(at, at + 16));
    const port = (at: number): number => (body[at]! << 8) | body[at + 1]!;
    const value = {
      source: tcp(address(0), port(bytes * 2)),
      local: tcp(address(bytes), port(bytes * 2 + 2)),
    };
    return { kind: 'done', value, rest };
  }
}

function tcp(address: Address, port: number): Destination {
  return { network: 'tcp', address, port };
}

function startsAlike(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let i = 0; i < length; i += 1) if (bytes[i] !== start[i]) return false;
  return true;
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 0xffff ? port : undefined;
}

function failed(what: string): HandshakeStep<never> {
  return {
    kind: 'failed',
    error: new TsrayError('ERR_PROTOCOL', `expected a PROXY protocol header, found ${what}`, {
      hint: 'With acceptProxyProtocol every connection must come through a balancer that sends one.',
    }),
  };
}
