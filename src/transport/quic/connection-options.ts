/** What a QUIC connection is made with. */
import type { Clock } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import type { EngineAddress, EngineConnection } from './engine.js';
import type { QuicLink } from './stream-link.js';

export interface ConnectionOptions {
  readonly engine: EngineConnection;
  readonly clock: Clock;
  /** Of this connection's own socket. */
  readonly local: EngineAddress;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly handshakeMs: number;
  /** What may wait to be read until `limitInput`; absent: the peer is one that we have chosen. */
  readonly inputLimitBytes?: number;
  /** So many bytes came from the peer. */
  heard?(bytes: number): void;
  /** Where the engine writes packets; undefined: none may be sent now. */
  room(): Uint8Array | undefined;
  /** Sends the packet of `length` bytes at `room()`. */
  send(length: number, to: EngineAddress): void;
  /** The handshake is done. What it throws ends the connection. */
  established(): void;
  /** The peer has opened a stream; the receiver owns its link. */
  opened?(link: QuicLink): void;
  /** There are streams that somebody needs the process for, or none any more. */
  busy?(isBusy: boolean): void;
  /** The connection is gone, its links were told. Once. */
  closed(error: TsrayError | undefined): void;
}
