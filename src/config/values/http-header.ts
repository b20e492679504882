/** HTTP headers as users write them: names, values, and hosts the way Go's HTTP client sends them. */
import { domainToASCII } from 'node:url';

/** RFC 9110: characters of a header's name, and of a method. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function isToken(given: string): boolean {
  return token.test(given);
}

/** One line of text: a line end in it would begin another header. */
export function isHeaderValue(given: string): boolean {
  return !/[^\t\P{Cc}]/u.test(given);
}

/** The bytes of its UTF-8 as characters, the form in which Node.js takes header values and Go sends them. */
export function headerBytes(given: string): string {
  return Buffer.from(given, 'utf8').toString('latin1');
}

/** What Go's HTTP servers take in a Host header. */
const hostCharacters = /^[!$%&'()*+,\-.:;=[\]_~0-9A-Za-z]+$/;

/**
 * A host (`name`, `name:port`) as Go's HTTP client sends it: what follows a blank or a slash goes, a name beyond ASCII
 * becomes punycode, the zone of an IPv6 address goes. Undefined: nothing is left that could be a Host header.
 */
export function cleanHost(given: string): string | undefined {
  const bare = given.trim().split(/[ \t/]/, 1)[0]!;
  const colon = bare.lastIndexOf(':');
  const hasPort = colon >= 0 && /^\d*$/.test(bare.slice(colon + 1));
  const name = withoutZone(hasPort ? bare.slice(0, colon) : bare);
  const ascii = /^[\0-\x7f]*$/.test(name) ? name : domainToASCII(name);
  const host = `${ascii}${hasPort ? bare.slice(colon) : ''}`;
  return ascii !== '' && hostCharacters.test(host) ? host : undefined;
}

/** `[fe80::1%eth0]` → `[fe80::1]` */
function withoutZone(name: string): string {
  const zone = name.startsWith('[') && name.endsWith(']') ? name.indexOf('%') : -1;
  return zone < 0 ? name : `${name.slice(0, zone)}]`;
}

/** What to do about a host that cannot be one. */
export function adviseHost(given: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(given.trim())
    ? 'Write the name alone, without scheme and path.'
    : 'It is the name of the web site, such as "example.com".';
}

/** The name that TLS asks for: punycode, without the brackets of an IPv6 address. */
export function cleanServerName(given: string): string {
  const bare = given.trim().replace(/^\[(.*)\]$/, '$1');
  if (/^[\0-\x7f]*$/.test(bare)) return bare;
  const ascii = domainToASCII(bare);
  return ascii === '' ? bare : ascii;
}
