/** What asking for a name comes to, and in which words it is told. */
import type { AddressFamily } from '../../contract/dns.js';
import { TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';

export type Outcome =
  /** At least one address. */
  | { readonly kind: 'found'; readonly addresses: readonly Address[] }
  /** An answer: there is no such name, or it has no address of the family. */
  | { readonly kind: 'missing'; readonly cause?: unknown }
  /** No answer. */
  | { readonly kind: 'failed'; readonly error: TsrayError };

/** A question under way. An AbortSignal for each would cost more than all the rest. */
export interface Query {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Nobody reads the outcome any more. Idempotent. */
  drop(): void;
}

/** Asks for one family of a name. */
export type AskFamily = (name: string, family: 'ipv4' | 'ipv6') => Query;

/** Those of `addresses` that are of `family`. */
export function ofFamily(addresses: readonly Address[], family: AddressFamily): Outcome {
  const wanted = family === 'any' ? addresses : addresses.filter(({ kind }) => kind === family);
  return wanted.length === 0 ? { kind: 'missing' } : { kind: 'found', addresses: wanted };
}

/** A name in a message: long ones are cut. */
export function shown(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}

const networkHint = 'Is the network up, and does its DNS server answer?';

export function noAddress(name: string, family: AddressFamily, cause?: unknown): TsrayError {
  const kind = { any: '', ipv4: ' IPv4', ipv6: ' IPv6' }[family];
  return new TsrayError('ERR_DNS', `the name ${shown(name)} has no${kind} address`, {
    hint: 'Check the spelling of the name.',
    cause,
  });
}

export function noServer(name: string, cause: unknown): TsrayError {
  return new TsrayError('ERR_DNS', `the name ${shown(name)} could not be resolved: no DNS server answers`, {
    hint: networkHint,
    cause,
  });
}

export function serverFailed(name: string, cause: unknown): TsrayError {
  return new TsrayError('ERR_DNS', `the name ${shown(name)} could not be resolved: its DNS server failed`, {
    hint: 'The DNS server answers with an error of its own: does it work for other names?',
    cause,
  });
}

export function noAnswerWithin(name: string, timeoutMs: number): TsrayError {
  return new TsrayError('ERR_DNS', `the name ${shown(name)} was not resolved within ${timeoutMs / 1000} s`, {
    hint: networkHint,
  });
}

export function tooManyLookups(name: string, limit: number): TsrayError {
  return new TsrayError('ERR_DNS', `${shown(name)} was not looked up: ${limit} others are waiting`);
}

export function lookupGivenUp(name: string): TsrayError {
  return new TsrayError('ERR_ABORTED', `resolving ${shown(name)} was given up`);
}
