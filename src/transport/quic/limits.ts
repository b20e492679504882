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

/** What may wait to be read on a stream: as with HTTP/2. */
const streamWindowBytes = 4 * 1024 * 1024;

/** What may wait to be read on all streams of a connection: as much as 32 streams may hold. */
export const connectionInputBytes = 128 * 1024 * 1024;

/** The same of a client that was not let in. The first packet of a stream is enough to show that it may be here. */
export const strangerInputBytes = 64 * 1024;

/**
 * The streams' windows are the bound. That of the connection is never used up: quiche sends its update again only if
 * something was read since, so that a peer at its end would wait for ever when the update is lost; and it counts what
 * was in flight on a stream that was reset as never read.
 */
const connectionWindowBytes = 2 ** 50;

/** V2Ray's. */
export const connectionIdBytes = 12;

/** V2Ray's servers allow 32, and other clients open more without asking: sing-box puts everything on one connection. */
export const serverStreams = 1024;

/** V2Ray's. */
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
  // Only clients open streams.
  config.setInitialMaxStreamsBidi(side === 'server' ? serverStreams : 0);
  config.setInitialMaxStreamsUni(0);
  // It would need the time at which each packet may leave: see pacer.ts.
  config.enablePacing(false);
  // CUBIC stops at the first losses; on paths that lose a little BBR carries many times as much.
  config.setCcAlgorithmName('bbr');
}
