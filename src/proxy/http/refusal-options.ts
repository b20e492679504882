import type { Field } from '../../core/http1/fields.js';

/** How a request is refused. */
export interface RefusalOptions {
  readonly extra?: readonly Field[];
  readonly withBody?: boolean;
  /** The client is not sending any more. */
  readonly requestRead?: boolean;
}
