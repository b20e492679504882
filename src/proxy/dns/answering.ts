/** What a client's DNS message comes to: an answer of the DNS client, a refusal, silence, or a way to another server. */
import type { DnsAnswer, DnsClient } from '../../contract/dns.js';
import { type ClientQuery, decodeQuery, encodeAnswer, encodeRefusal } from '../../core/dns/client-query.js';
import { maxMessageBytes, rcodes } from '../../core/dns/packet.js';
import type { OtherQueries } from './settings.js';

export type Verdict =
  | { readonly kind: 'reply'; readonly message: Uint8Array }
  | { readonly kind: 'forward' }
  | { readonly kind: 'silence' };

export interface AnsweringOptions {
  readonly dns: Pick<DnsClient, 'ask'>;
  readonly otherQueries: OtherQueries;
  readonly blockedTypes: readonly number[];
}

/** Without EDNS (RFC 1035, section 4.2.1), and the most that is believed with it. */
const plainUdpBytes = 512;
const mostUdpBytes = 4096;

const silence: Verdict = { kind: 'silence' };
const forward: Verdict = { kind: 'forward' };

/** `message` is not kept. Never rejects: what no server answers is SERVFAIL, so that the client need not wait. */
export function answerMessage(
  message: Uint8Array,
  network: 'tcp' | 'udp',
  options: AnsweringOptions,
  signal: AbortSignal,
): Verdict | Promise<Verdict> {
  const query = decodeQuery(message);
  if (query === undefined) return replyWith(encodeRefusal(message, rcodes.formatError));
  if (options.blockedTypes.includes(query.typeNumber)) return refusal(query);
  const { type } = query;
  if (type !== undefined) return answerAddresses(query, type, limitOf(query, network), options, signal);
  switch (options.otherQueries) {
    case 'forward':
      return forward;
    case 'refuse':
      return refusal(query);
    case 'drop':
      return silence;
  }
}

async function answerAddresses(
  query: ClientQuery,
  family: 'ipv4' | 'ipv6',
  limitBytes: number,
  { dns }: AnsweringOptions,
  signal: AbortSignal,
): Promise<Verdict> {
  let answer: DnsAnswer;
  try {
    answer = await dns.ask(query.name, family, { signal, fake: true });
  } catch {
    answer = { rcode: rcodes.serverFailure, addresses: [], ttlSeconds: 0 };
  }
  return { kind: 'reply', message: encodeAnswer(query, answer, limitBytes) };
}

function limitOf({ udpBytes }: ClientQuery, network: 'tcp' | 'udp'): number {
  if (network === 'tcp') return maxMessageBytes;
  return Math.min(Math.max(udpBytes ?? plainUdpBytes, plainUdpBytes), mostUdpBytes);
}

function refusal(query: ClientQuery): Verdict {
  return { kind: 'reply', message: encodeAnswer(query, { rcode: rcodes.refused }, plainUdpBytes) };
}

function replyWith(message: Uint8Array | undefined): Verdict {
  return message === undefined ? silence : { kind: 'reply', message };
}
