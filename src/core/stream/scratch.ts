/**
 * The process's output buffers. Codecs encode or decode into one of them and write it to a link at once. If the
 * kernel took all of it, which is the rule, the same memory serves the next read of any connection. Only otherwise
 * does the socket keep it, and a new one is made.
 */

/** A read of 256 KiB grows by less than 2 KiB when sealed in large chunks; with a kept partial chunk (64 KiB) it still fits. */
const standardBytes = 384 * 1024;

/** Nested use (decode from one proxy, encode to the next) takes the next level; deeper than this is a defect. */
const buffers: (Uint8Array | undefined)[] = [];
let depth = 0;

/**
 * Lends a buffer of at least `minBytes` bytes of unspecified content, until `releaseScratch`. Strictly nested:
 * take, write, release within one call, in a `try … finally`.
 */
export function takeScratch(minBytes: number): Uint8Array {
  const level = depth;
  depth += 1;
  let buffer = buffers[level];
  if (buffer === undefined || buffer.length < minBytes) {
    buffer = Buffer.allocUnsafeSlow(Math.max(minBytes, standardBytes));
    if (buffer.length === standardBytes) buffers[level] = buffer;
  }
  return buffer;
}

/** Ends the most recent `takeScratch`. */
export function releaseScratch(): void {
  depth -= 1;
}

/** Whether the memory behind `bytes` is one of the standing scratch buffers. */
export function isScratch(bytes: Uint8Array): boolean {
  const memory = bytes.buffer;
  for (let level = 0; level < buffers.length; level += 1) {
    if (buffers[level]?.buffer === memory) return true;
  }
  return false;
}

/** The socket kept the scratch behind `bytes`: it is not used again. */
export function abandonScratch(bytes: Uint8Array): void {
  const memory = bytes.buffer;
  for (let level = 0; level < buffers.length; level += 1) {
    if (buffers[level]?.buffer === memory) buffers[level] = undefined;
  }
}
