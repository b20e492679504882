/** Bounds V8's heap to what brings something: room for garbage beyond that only stays with the process. */
import v8 from 'node:v8';

/**
 * Both halves of the young generation together. A new connection costs the same with 2 MB and with 64 MB, measured with
 * Node 24; V8 alone would go to 48 MB within seconds of load and give none of it back.
 */
const boundBytes = 8 * 1024 * 1024;

/**
 * By how much the old generation may grow over what was alive after the last full collection. V8 alone lets it double and
 * more, which keeps two heaps of 10,000 users in memory.
 */
const growingPercent = { usual: 50, small: 20 } as const;

/**
 * V8's young generation keeps its first size until `letYoungGenerationGrow`: otherwise it doubles its way up while modules
 * load and ten thousand users are read. V8 reads these flags whenever it considers growing; a V8 that does not know them
 * changes nothing.
 */
export function keepYoungGenerationSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}

/** Under load, room for short-lived objects saves work. To be called again now and then: it stops at the bound. */
export function letYoungGenerationGrow(): void {
  const young = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const grows = young === undefined || young.space_size < boundBytes;
  v8.setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
}

/** Starting is over; from now on most of what is old is garbage of connections. */
export function boundOldGeneration(size: keyof typeof growingPercent): void {
  v8.setFlagsFromString(`--heap-growing-percent=${growingPercent[size]}`);
}
