/** One name server, whatever is spoken to it. */
import type { DnsAnswer } from '../../../contract/dns.js';
import type { AddressQuestion, AddressReply } from '../../../core/dns/message.js';
import { TsrayError, toTsrayError } from '../../../core/errors.js';

export interface NameServer {
  /** `name` as `queryName` gives it. Rejects with ERR_DNS within a few seconds. */
  ask(name: string, family: 'ipv4' | 'ipv6'): Promise<DnsAnswer>;
  /** Frees its connections and timers; what is under way is rejected. */
  close(): void;
}

/** One question on its way. */
export interface Exchange {
  /** Rejects with a TsrayError. */
  readonly reply: Promise<AddressReply>;
  /** Nobody waits for the reply any more. Idempotent. */
  drop(): void;
}

/** Carries messages to one server. */
export interface MessageChannel {
  /** Replies are told apart by their ids; without, each exchange has a stream of its own, and its id is 0. */
  readonly usesIds: boolean;
  exchange(question: AddressQuestion, query: Uint8Array): Exchange;
  close(): void;
}

/** Why an exchange failed, under the name of what was asked. */
export function exchangeFailed(name: string, thrown: unknown): TsrayError {
  const error = toTsrayError(thrown, 'ERR_DNS');
  if (error.code === 'ERR_DNS') return error;
  return new TsrayError('ERR_DNS', `${name} could not be resolved: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
