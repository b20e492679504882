/** Host names that come from a peer: checked before they reach a resolver or a log line. */
import type { Address } from './address.js';
import { parseAddress } from './address.js';

/** Longest name that DNS carries and that a length byte can announce. */
export const maxHostNameBytes = 255;

/** The characters V2Ray lets pass: names as DNS clients write them (international ones in punycode). */
const hostName = /^[A-Za-z0-9._-]+$/;

/** A host as a client wrote it: an IP text (brackets allowed around IPv6) or a name; undefined for anything else. */
export function hostFromText(text: string): Address | undefined {
  if (text.length === 0 || text.length > maxHostNameBytes || text.trim() !== text) return undefined;
  const address = parseAddress(text);
  if (address.kind === 'domain' && !hostName.test(address.host)) return undefined;
  return address;
}

/** The same for the bytes of a domain field. IP texts in it, which some clients send, become IP addresses. */
export function hostFromBytes(bytes: Uint8Array): Address | undefined {
  return hostFromText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
}
