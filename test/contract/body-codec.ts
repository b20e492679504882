/** What every encoder and decoder of VMess bodies must do, for any pairing of two implementations. */
import { bodyFaults } from './body/fault.js';
import { bodyLimits } from './body/limits.js';
import type { BodyCodecPair } from './body/pair.js';
import { bodyStream } from './body/stream.js';
import { bodyVectors } from './body/vectors.js';

export type { BodyCodecPair } from './body/pair.js';

export function bodyCodecContract(pair: BodyCodecPair): void {
  bodyVectors(pair);
  bodyStream(pair);
  bodyLimits(pair);
  bodyFaults(pair);
}
