/** ObservatoryService of v2ray 5 and Xray: what probes say of outbounds. */
import type { Observations } from '../../contract/observations.js';
import { encodeMessage, type MessageType } from './message.js';
import { CallError, type ServiceMethods, statusCodes } from './service.js';

const status: MessageType = {
  alive: { number: 1, type: 'bool' },
  delay: { number: 2, type: 'number' },
  reason: { number: 3, type: 'string' },
  tag: { number: 4, type: 'string' },
};
const answer: MessageType = {
  status: { number: 1, type: { status: { number: 1, type: status, repeated: true } } },
};
/** V2Ray's for an outbound that does not answer. */
const deadMs = 99_999_999;

export interface ObservatorySource {
  /** Undefined: the configuration has no observatory. */
  readonly observatory: Observations | undefined;
  outboundTags(): readonly string[];
}

export function observatoryMethods(source: ObservatorySource): ServiceMethods {
  return {
    GetOutboundStatus: {
      request: {},
      answer() {
        const { observatory } = source;
        if (observatory === undefined) throw new CallError(statusCodes.unknown, 'there is no observatory');
        const all = source.outboundTags().flatMap((tag) => {
          const seen = observatory.of(tag);
          if (seen === undefined) return [];
          const { alive, delayMs } = seen;
          const reason = alive ? '' : 'the last probe failed';
          return [{ alive, delay: alive ? Math.round(delayMs) : deadMs, reason, tag }];
        });
        return [encodeMessage(answer, { status: { status: all } })];
      },
    },
  };
}
