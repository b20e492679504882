/** What every encoder and decoder of VMess bodies must do, for any pairing of two implementations. */
import type { BodyCodecPair } from './body/pair.js';
import { bodyVectors } from './body/vectors.js';

export type { BodyCodecPair } from './body/pair.js';

export function bodyCodecContract(pair: BodyCodecPair): void {
  bodyVectors(pair);
}
