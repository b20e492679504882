/** Waits for a session's first datagrams and tells what they are; they stay where they wait. */
import type { Sniffed } from '../../contract/route-query.js';
import type { PacketSniffer } from '../../contract/sniffer.js';
import type { Clock } from '../../core/clock.js';
import type { FirstPackets } from '../../core/stream/first-packets.js';

/** Undefined: nothing that the inbound looks for, or too little came in time. Never rejects. */
export function sniffPackets(
  first: FirstPackets,
  sniffer: PacketSniffer,
  waitMs: number,
  clock: Clock,
): Promise<Sniffed | undefined> {
  return new Promise((resolve) => {
    const finish = (sniffed: Sniffed | undefined): void => {
      timer.cancel();
      stop();
      resolve(sniffed);
    };
    const look = (packet: Uint8Array): boolean => {
      const step = sniffer.push(packet);
      if (step.state === 'more') return false;
      finish(step.state === 'found' ? step.sniffed : undefined);
      return true;
    };
    const timer = clock.setTimer(waitMs, () => finish(undefined));
    const stop = first.whenNext(look);
    for (const packet of first.waiting) if (look(packet)) return;
  });
}
