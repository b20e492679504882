/** Waits for a stream's first bytes and tells what they are; the bytes stay with the link. */
import type { Sniffed } from '../../contract/route-query.js';
import type { Sniffing } from '../../contract/sniffer.js';
import type { Clock } from '../../core/clock.js';
import type { PrefixedLink } from '../../core/stream/prefixed-link.js';

/** Undefined: nothing that the inbound looks for, or too little came in time. Never rejects. */
export async function sniffStream(
  link: PrefixedLink,
  sniffing: Sniffing,
  clock: Clock,
): Promise<Sniffed | undefined> {
  const deadlineMs = clock.monotonicMs() + sniffing.waitMs;
  let seenBytes = 0;
  while (seenBytes < sniffing.limitBytes) {
    const bytes = await link.peek(seenBytes + 1, deadlineMs - clock.monotonicMs(), clock);
    if (bytes.length <= seenBytes) return undefined;
    seenBytes = bytes.length;
    const step = sniffing.stream(bytes, 'tcp');
    if (step.state === 'found') return step.sniffed;
    if (step.state === 'no') return undefined;
  }
  return undefined;
}
