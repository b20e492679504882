/** TLS: the server name of a ClientHello, which may be spread over several records. */
import type { Sniffer } from '../../contract/sniffer.js';
import { serverNameOf } from './client-hello.js';
import { sniffedAs } from './found-name.js';

const recordHeadBytes = 5;
const handshakeRecord = 0x16;
const majorVersion = 3;
/** RFC 8446, 5.1: a plaintext record's fragment. */
const maxFragmentBytes = 16_384;

export const sniffTls: Sniffer = (bytes, network) => {
  if (network !== 'tcp') return { state: 'no' };
  const fragments: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== handshakeRecord) return { state: 'no' };
    if (bytes.length - at >= 2 && bytes[at + 1] !== majorVersion) return { state: 'no' };
    if (bytes.length - at < recordHeadBytes) break;
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (length === 0 || length > maxFragmentBytes) return { state: 'no' };
    fragments.push(bytes.subarray(at + recordHeadBytes, at + recordHeadBytes + length));
    at += recordHeadBytes + length;
    const verdict = serverNameOf(joined(fragments));
    if (verdict.state === 'found') return { state: 'found', sniffed: sniffedAs('tls', verdict.serverName) };
    if (verdict.state === 'no') return verdict;
  }
  return { state: 'more' };
};

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
