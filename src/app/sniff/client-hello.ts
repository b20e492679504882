/** TLS's ClientHello, as it lies in TLS records and in QUIC's CRYPTO frames: only the server name is looked for. */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';

/** Of a handshake message: type and length. */
export const handshakeHeadBytes = 4;
/** Real ones have about 2 KB; with everything that browsers add, hardly 8. */
export const maxHelloBytes = 65_536;

const clientHello = 1;
const extensionServerName = 0;
const hostNameType = 0;

export type HelloVerdict =
  | { readonly state: 'more' }
  | { readonly state: 'no' }
  | { readonly state: 'found'; readonly serverName: string };

/**
 * `bytes`: the handshake messages so far, from the first one on. `no`: it is no ClientHello, or one without a server
 * name, or with one that TLS does not allow (a dot at the end).
 */
export function serverNameOf(bytes: Uint8Array): HelloVerdict {
  if (bytes.length > 0 && bytes[0] !== clientHello) return { state: 'no' };
  if (bytes.length < handshakeHeadBytes) return { state: 'more' };
  const length = (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  if (length > maxHelloBytes) return { state: 'no' };
  if (bytes.length < handshakeHeadBytes + length) return { state: 'more' };
  try {
    const name = readHello(new ByteReader(bytes.subarray(handshakeHeadBytes, handshakeHeadBytes + length)));
    return name === undefined || name === '' || name.endsWith('.')
      ? { state: 'no' }
      : { state: 'found', serverName: name };
  } catch (error) {
    if (error instanceof ShortInput) return { state: 'no' };
    throw error;
  }
}

function readHello(hello: ByteReader): string | undefined {
  // legacy_version, random, session id, cipher suites, compression methods (RFC 8446, 4.1.2).
  hello.take(2 + 32);
  hello.take(hello.u8());
  hello.take(hello.u16());
  hello.take(hello.u8());
  const extensions = new ByteReader(hello.take(hello.u16()));
  while (extensions.remaining > 0) {
    const type = extensions.u16();
    const body = extensions.take(extensions.u16());
    if (type === extensionServerName) return readServerName(new ByteReader(body));
  }
  return undefined;
}

function readServerName(extension: ByteReader): string | undefined {
  const list = new ByteReader(extension.take(extension.u16()));
  while (list.remaining > 0) {
    const type = list.u8();
    const name = list.take(list.u16());
    if (type === hostNameType)
      return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
  }
  return undefined;
}
