/** Keeps the memory that starting needs for a moment from staying with the process. */
import v8 from 'node:v8';

/**
 * V8's young generation keeps its first size until `letYoungGenerationGrow`. Left alone it doubles its way up to 48 MB
 * while modules load and ten thousand users are read, and little is given back. V8 reads this flag whenever it
 * considers growing; a V8 that does not know it changes nothing.
 */
export function keepYoungGenerationSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}

/** Under load, room for short-lived objects saves work: V8's own rule again. */
export function letYoungGenerationGrow(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=2');
}
