import type { TsrayError } from '../../core/errors.js';
import type { PingResult } from '../../library/ping.js';

/** How a try of a server ended. */
export type Probed = { readonly result: PingResult } | { readonly error: TsrayError };
