/** Running in little memory: asked for with `--small`, or told by the limit of the process's cgroup. */
import { loadNative } from '../../native/load.js';
import { limitReadBuffer } from '../../transport/socket/onread.js';

/** How much is made of memory: `usual` or `small`, which comes before speed. */
export type MemoryUse = 'usual' | 'small';

/** A container or unit that may have no more than this is small. */
const smallLimitBytes = 160 * 1024 * 1024;

const smallReadBufferBytes = 64 * 1024;

/**
 * Whether the process may have so little memory that less of it comes before speed.
 * `limitBytes`: of the cgroup; 0 or a number near 2^64 where there is none.
 */
export function memoryIsShort(limitBytes: number = process.constrainedMemory()): boolean {
  return limitBytes > 0 && limitBytes <= smallLimitBytes;
}

/** To be called before the first socket is opened. */
export function useLittleMemory(): void {
  loadNative().addon?.fewArenas();
  limitReadBuffer(smallReadBufferBytes);
}
