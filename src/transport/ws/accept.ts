/** The proof that a server speaks WebSocket (RFC 6455 section 4.2.2): its answer to the client's key. Pure. */
import type { CryptoProvider } from '../../crypto/provider.js';

const guid = Buffer.from('258EAFA5-E914-47DA-95CA-C5AB0DC85B11');

/** Value of Sec-WebSocket-Accept for that of Sec-WebSocket-Key. */
export function acceptValue(key: string, crypto: Pick<CryptoProvider, 'sha1'>): string {
  return Buffer.from(crypto.sha1(Buffer.from(key, 'latin1'), guid)).toString('base64');
}
