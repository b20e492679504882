/**
 * Memory for what is on its way out. node:http2 sends later than it is told to, so lent bytes have to be copied; large
 * copies go to blocks that are used again.
 */

export const blockBytes = 64 * 1024;

/** Copies shorter than this are cut from Node's own small-buffer pool. */
const smallBytes = 4 * 1024;

/** 4 MiB are kept for the next burst, the rest is left to the garbage collector. */
const keptBlocks = 64;

const free: Uint8Array[] = [];

/** Room for `byteCount` (at most 64 KiB) bytes; may be larger. */
export function takeBlock(byteCount: number): Uint8Array {
  if (byteCount <= smallBytes) return Buffer.allocUnsafe(byteCount);
  if (byteCount <= blockBytes / 4) return Buffer.allocUnsafeSlow(byteCount);
  return free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
}

/** Nobody reads `block` any more. */
export function releaseBlock(block: Uint8Array): void {
  if (block.length === blockBytes && free.length < keptBlocks) free.push(block);
}
