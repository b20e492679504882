/** `mux` of an outbound: V2Ray's keys and Xray's. */
import * as v from 'valibot';
import type { MuxSettings } from '../../proxy/mux/settings.js';
import { flag, whole, words } from './types.js';

/** V2Ray's, for a concurrency of 0. */
const defaultConcurrency = 8;

const lowest = -0x8000_0000;
const highest = 1024;
const concurrency = whole(
  lowest,
  highest,
  `a whole number up to ${highest} (0 stands for ${defaultConcurrency}, below 0 for off)`,
);
const udpConcurrency = whole(
  lowest,
  highest,
  `a whole number up to ${highest} (0: UDP shares the connections of TCP, below 0: UDP is not muxed)`,
);

export const muxSchema = v.object(
  {
    enabled: v.optional(flag, false),
    concurrency: v.optional(concurrency, defaultConcurrency),
    xudpConcurrency: v.optional(udpConcurrency, 0),
    xudpProxyUDP443: v.optional(words(['reject', 'allow', 'skip'])),
  },
  'an object',
);

/** Undefined if it is off. */
export function buildMux(given: v.InferOutput<typeof muxSchema> | undefined): MuxSettings | undefined {
  if (given === undefined || !given.enabled) return undefined;
  const streams = given.concurrency < 0 ? undefined : given.concurrency || defaultConcurrency;
  // Zero means the carriers of TCP, and there may be none.
  const shared = given.xudpConcurrency === 0 && streams === undefined;
  const packets = given.xudpConcurrency < 0 || shared ? undefined : given.xudpConcurrency;
  if (streams === undefined && packets === undefined) return undefined;
  return { concurrency: streams, udpConcurrency: packets, udp443: given.xudpProxyUDP443 };
}
