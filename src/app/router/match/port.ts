/** The condition on a port: in one of the spans. */
import type { PortSpan } from '../settings.js';

/** A set of ports in 8 KiB is faster than many spans one by one. */
const manySpans = 8;

export function createPortMatcher(spans: readonly PortSpan[]): (port: number) => boolean {
  if (spans.length <= manySpans) return (port) => spans.some(({ from, to }) => port >= from && port <= to);
  const bits = new Uint8Array(8192);
  for (const { from, to } of spans) {
    for (let port = from; port <= to; port += 1) bits[port >>> 3]! |= 1 << (port & 7);
  }
  return (port) => (bits[port >>> 3]! & (1 << (port & 7))) !== 0;
}
