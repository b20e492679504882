/** What stands between a link's bytes and the DATA frames of its stream: nothing for http, messages for grpc. */

/** One per stream; holds the state of its reading direction. */
export interface StreamFraming {
  /** Payload bytes that fit into `room` bytes once framed; at least one. */
  fit(room: number): number;
  /** Frames `payload` (not empty) to the start of `into` and returns the length. */
  encode(payload: Uint8Array, into: Uint8Array): number;
  /** Gives each piece of payload in `bytes` to `deliver`, as views. Throws ERR_PROTOCOL or ERR_LIMIT. */
  decode(bytes: Uint8Array, deliver: (payload: Uint8Array) => void): void;
  /** The peer's END_STREAM. Throws ERR_TRUNCATED within a message. */
  finish(): void;
}
