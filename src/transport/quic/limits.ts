/** Sizes and times of QUIC connections. */
import type { EngineConfig } from './engine.js';

/** quic-go's first size. With header and seal a datagram still fits through tunnels. */
const sendPacketBytes = 1252;

/** Of what peers may send: more than any path carries without fragments. */
const receivePacketBytes = 1500;

/**
 * What a peer may send on a stream before it hears from us. quiche grows the window from here with what is read, faster
 * than its congestion control grows; from any other size it would first shrink it.
 */
const firstStreamWindowBytes = 32 * 1024;

/** What may wait to be read: as with HTTP/2. */
const streamWindowBytes = 4 * 1024 * 1024;
const connectionWindowBytes = 64 * 1024 * 1024;

/**
 * After so much, either way, a client takes another connection for new streams. quiche sends an update of the
 * connection's window again only if something was read since: a peer that has used up its window waits for ever when the
 * update is lost. So the first window is as large as it may ever be, and with many small streams never used up.
 */
export const connectionBytes = connectionWindowBytes / 2;

/** V2Ray's. */
export const connectionIdBytes = 12;
export const serverStreams = 32;
export const clientIdleMs = 30_000;
export const serverIdleMs = 45_000;

export function setLimits(config: EngineConfig, side: 'client' | 'server', alpn: readonly string[]): void {
  config.setApplicationProtos([...alpn]);
  config.setMaxIdleTimeout(side === 'client' ? clientIdleMs : serverIdleMs);
  config.setMaxSendUdpPayloadSize(sendPacketBytes);
  config.setMaxRecvUdpPayloadSize(receivePacketBytes);
  config.setInitialMaxData(connectionWindowBytes);
  config.setInitialMaxStreamDataBidiLocal(firstStreamWindowBytes);
  config.setInitialMaxStreamDataBidiRemote(firstStreamWindowBytes);
  config.setMaxStreamWindow(streamWindowBytes);
  config.setMaxConnectionWindow(connectionWindowBytes);
  // Only clients open streams.
  config.setInitialMaxStreamsBidi(side === 'server' ? serverStreams : 0);
  config.setInitialMaxStreamsUni(0);
  // It would need the time at which each packet may leave: see pacer.ts.
  config.enablePacing(false);
  // CUBIC stops at the first losses; on paths that lose a little BBR carries many times as much.
  config.setCcAlgorithmName('bbr');
}
