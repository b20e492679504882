/** Sizes and times of HTTP/2, for clients and servers alike. */
import type { SessionOptions, Settings } from 'node:http2';

/** What a peer may send on one stream before we ask for more: 4 MiB carries 40 MB/s over 100 ms. Go's value. */
export const streamWindowBytes = 4 * 1024 * 1024;

/** The same for all streams of a connection together. They are told of it as they read, each for itself. */
export const connectionWindowBytes = 64 * 1024 * 1024;

/** HTTP/2's own window, which no setting may undercut here: a smaller one only slows. */
export const smallestWindowBytes = 65_535;

/** DATA frames we take. Go keeps a buffer of this size for each request, so not more than pays off. */
const frameBytes = 64 * 1024;

/** Requests and responses of these transports have a handful of short fields. */
const headerListBytes = 32 * 1024;

/** Streams a client may have open on one connection of ours. */
export const serverStreams = 4096;

export function localSettings(initialWindowBytes: number, more: Settings = {}): Settings {
  return {
    initialWindowSize: initialWindowBytes,
    maxFrameSize: frameBytes,
    maxHeaderListSize: headerListBytes,
    ...more,
  };
}

export const sessionOptions: SessionOptions = {
  // Megabytes. Node refuses new streams above it (10 if unset); what streams may queue is bounded by each of them.
  maxSessionMemory: 4096,
  maxOutstandingPings: 10,
};

/**
 * V2Ray's clients end every connection with a reset, browsers' many at once. nghttp2 takes so many at once and so many a
 * second for an attack: the client is told to make a new connection (GOAWAY), and what it has open goes on. Before Node 22
 * the limits are nghttp2's own, 1,000 and 33.
 */
export const serverSessionOptions = { ...sessionOptions, streamResetBurst: 1_000, streamResetRate: 100 };

/** Bytes a link queues for a slow peer before its writer is asked to wait. */
export const linkHighWaterBytes = 256 * 1024;
