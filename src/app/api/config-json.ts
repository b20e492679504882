/** Small parts that protobuf configurations of inbounds and outbounds share, read into V2Ray's JSON. */
import { isIP } from 'node:net';
import { HandlerFault } from './handler-fault.js';
import { decodeMessage, type Message, type MessageType, type Value } from './message.js';
import { readTyped, type Typed } from './typed.js';

export const addressMessage: MessageType = {
  ip: { number: 1, type: 'bytes' },
  domain: { number: 2, type: 'string' },
};

/** `map<string, string>`, and V2Ray's lists of `key` and `value`. */
export const pairMessage: MessageType = {
  key: { number: 1, type: 'string' },
  value: { number: 2, type: 'string' },
};

/** A number with its own message, so that 0 differs from absent. */
export const wrapped: MessageType = { value: { number: 1, type: 'number' } };

export type Json = Readonly<Record<string, unknown>>;

/** A message in its JSON; what it says beyond `type` is refused. */
export interface Reader {
  readonly type: MessageType;
  json(message: Message): Json;
}

/** Readers by message names without a family. */
export type Readers = Readonly<Record<string, Reader>>;

/** Throws a HandlerFault for a type without a reader; what `of` is for stands in the message. */
export function readWith(readers: Readers, typed: Typed, what: string): Json {
  const reader = Object.hasOwn(readers, typed.name) ? readers[typed.name] : undefined;
  if (reader === undefined) {
    throw new HandlerFault(['app/proxyman', `${what} of type ${typed.given} is not supported`]);
  }
  return reader.json(decodeMessage(reader.type, typed.value, 'refused'));
}

export function typedIn(message: Value | undefined): Typed | undefined {
  return readTyped(message as Message | undefined);
}

/** `127.0.0.1` or a name; undefined for an empty one. */
export function addressText(given: Value | undefined): string | undefined {
  if (given === undefined) return undefined;
  const { domain, ip } = given as { readonly domain: string; readonly ip: Uint8Array };
  if (domain !== '') return domain;
  if (ip.length === 0) return undefined;
  if (ip.length === 4) return ip.join('.');
  if (ip.length !== 16) throw new HandlerFault(['common/net', `an IP address of ${ip.length} bytes`]);
  const groups = Array.from({ length: 8 }, (_, at) => (ip[at * 2]! * 256 + ip[at * 2 + 1]!).toString(16));
  return groups.join(':');
}

export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** The word of an enum's number. */
export function word(words: readonly (string | undefined)[], value: Value | undefined, what: string): string {
  const found = words[value as number];
  if (found === undefined)
    throw new HandlerFault(['app/proxyman', `${what} ${String(value)} is not supported`]);
  return found;
}

/** Without the entries that are undefined. */
export function given(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));
}

export function pairs(list: Value | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (list as readonly Message[]).map(({ key, value }) => [key as string, value as string]),
  );
}

/** Undefined for the empty value of its type. */
export function unless<T extends Value>(empty: T, value: Value | undefined): T | undefined {
  return value === empty ? undefined : (value as T);
}

export function list(value: Value | undefined): readonly Value[] | undefined {
  const values = value as readonly Value[];
  return values.length === 0 ? undefined : values;
}

export function utf8(bytes: Value | undefined): string {
  return Buffer.from(bytes as Uint8Array).toString('utf8');
}
