import type { Clock } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link } from '../../core/stream/link.js';
import type { CarrierSession } from './carrier-session.js';
import type { Frame } from './frame.js';

export interface CarrierOptions {
  readonly link: Link;
  readonly clock: Clock;
  /** What a session may hold for a slow reader. */
  readonly bufferBytes: number;
  /** How long the carrier waits for a reader that does not move and has it for itself. */
  readonly aloneStallMs: number;
  /** A New frame (server): the session, or undefined if it is refused, which has been answered. */
  readonly opened?: (frame: Frame) => CarrierSession | undefined;
  /** A session is gone. */
  readonly sessionEnded?: () => void;
  /** The carrier paused or resumed reading, for a session that is behind. */
  readonly held?: (holding: boolean) => void;
  /** Bytes moved, either way. */
  readonly moved?: () => void;
  /** The carrier is gone; without an error after an orderly end. */
  readonly gone: (error: TsrayError | undefined) => void;
}
