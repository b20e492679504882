/** BitTorrent without encryption: its handshake over TCP; µTP, trackers and the distributed hash table over UDP. */
import type { Sniffer, SniffStep } from '../../contract/sniffer.js';

const handshake = Buffer.from('\x13BitTorrent protocol', 'latin1');

const found: SniffStep = { state: 'found', sniffed: { protocol: 'bittorrent' } };
const no: SniffStep = { state: 'no' };

export const sniffBittorrent: Sniffer = (bytes, network) => {
  if (network === 'udp') return isUtpSyn(bytes) || isTrackerConnect(bytes) || isDht(bytes) ? found : no;
  const length = Math.min(bytes.length, handshake.length);
  for (let at = 0; at < length; at += 1) if (bytes[at] !== handshake[at]) return no;
  return length === handshake.length ? found : { state: 'more' };
};

const utpHeadBytes = 20;
/** Type ST_SYN, version 1 (BEP 29). */
const utpSynAndVersion = 0x41;
const maxExtension = 4;

/**
 * The packet that opens a µTP connection: it has no payload, so that its extensions end where it ends, and nothing to
 * acknowledge yet. A DNS query of the same length has its class (1) where the acknowledged number is.
 */
function isUtpSyn(bytes: Uint8Array): boolean {
  if (bytes.length < utpHeadBytes || bytes[0] !== utpSynAndVersion) return false;
  const acknowledged = (bytes[18]! << 8) | bytes[19]!;
  const delayIsZero = bytes[8] === 0 && bytes[9] === 0 && bytes[10] === 0 && bytes[11] === 0;
  if (acknowledged !== 0 || !delayIsZero) return false;
  let extension = bytes[1]!;
  let at = utpHeadBytes;
  while (extension !== 0) {
    if (extension > maxExtension || at + 2 > bytes.length) return false;
    extension = bytes[at]!;
    at += 2 + bytes[at + 1]!;
  }
  return at === bytes.length;
}

/** The number that begins every connection to a tracker, and the action "connect" (BEP 15). */
const trackerConnect = Buffer.from('000004172710198000000000', 'hex');

function isTrackerConnect(bytes: Uint8Array): boolean {
  return bytes.length === 16 && trackerConnect.equals(bytes.subarray(0, trackerConnect.length));
}

/** Queries and answers of the hash table (BEP 5): dictionaries whose first entry begins with a node's id of 20 bytes. */
const dhtBeginnings = ['d1:ad2:id20:', 'd1:rd2:id20:'].map((text) => Buffer.from(text, 'latin1'));

function isDht(bytes: Uint8Array): boolean {
  return (
    bytes.length > 40 &&
    bytes[bytes.length - 1] === 0x65 &&
    dhtBeginnings.some((begin) => begin.equals(bytes.subarray(0, begin.length)))
  );
}
