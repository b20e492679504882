/** What follows from the settings: sizes of segments and windows. */
import { headerBytes } from '../datagram/packet-header.js';
import { maxDatagramBytes } from './packet.js';
import type { Protection } from './protection.js';
import { dataOverheadBytes } from './segment.js';
import type { KcpSettings } from './settings.js';

export interface KcpLimits {
  /** Most data in a segment. */
  readonly segmentBytes: number;
  readonly ttiMs: number;
  readonly congestion: boolean;
  /** Segments that the uplink carries in one tti. */
  readonly sendingBase: number;
  /** Segments taken ahead of the one that is read next. */
  readonly receiveWindow: number;
  /** The same of a client that was not let in. */
  readonly strangerWindow: number;
  /** Segments waiting to be sent or acknowledged at which a writer has to wait. */
  readonly sendQueue: number;
}

const minWindow = 8;

/** Each segment keeps its datagram: 64 KiB. V2Ray's clients send as many before they hear from us. */
const strangerWindow = (64 * 1024) / maxDatagramBytes;

const bytesPerMegabyte = 1_048_576;

export function limitsOf(settings: KcpSettings, protection: Protection): KcpLimits {
  const { mtu, ttiMs } = settings;
  const perTti = (capacity: number): number =>
    Math.max(
      minWindow,
      Math.floor(Math.floor((capacity * bytesPerMegabyte) / mtu) / Math.floor(1000 / ttiMs)),
    );
  return {
    segmentBytes: mtu - headerBytes[settings.header] - protection.overheadBytes - dataOverheadBytes,
    ttiMs,
    congestion: settings.congestion,
    sendingBase: perTti(settings.uplinkCapacity),
    // V2Ray counts the capacity alone. On long paths that lose a little, a larger window carries twice as much.
    receiveWindow: Math.max(perTti(settings.downlinkCapacity), Math.floor(settings.readBufferBytes / mtu)),
    strangerWindow,
    sendQueue: Math.max(minWindow, Math.floor(settings.writeBufferBytes / mtu)),
  };
}
