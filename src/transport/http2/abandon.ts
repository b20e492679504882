import { constants, type Http2Stream } from 'node:http2';

/** Resets `stream`. To the peer this must not look like an end: Node would send END_STREAM first. */
export function abandon(stream: Http2Stream): void {
  stream._final = (callback) => callback();
  stream.close(constants.NGHTTP2_CANCEL);
  stream.destroy();
}
