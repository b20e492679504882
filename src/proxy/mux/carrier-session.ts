import type { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { FlowControlled } from './flow-control.js';
import type { Waiting } from './frame-writer.js';

/** What the carrier tells a session. */
export interface CarrierSession extends FlowControlled, Waiting {
  readonly id: number;
  readonly network: 'tcp' | 'udp';
  /** Lent bytes: a piece of the stream, or one packet, with its address if it had one. */
  receive(bytes: Uint8Array, target: Destination | undefined): void;
  /** The peer has closed the session, or `aborted` it. It is no longer known to the carrier. */
  peerEnded(aborted: boolean): void;
  /** Nothing can be sent or received any more. */
  carrierGone(error: TsrayError): void;
}
