/** What inbounds and outbounds have in common: the protocol chooses the schema of `settings`. */
import type { Checker } from '../check/checker.js';
import type { AnySchema } from '../check/notes.js';
import { inside, type Place, textAt } from '../check/place.js';
import type { Section } from './section.js';
import { streamSchema } from './stream.js';

/** What is known of a handler even when parts of it are wrong. */
export interface HandlerResult<THandler> {
  readonly place: Place;
  /** Undefined after an error, and for an inbound that is left out for want of support. */
  readonly settings: THandler | undefined;
}

interface AnyHandler {
  readonly protocol: string;
  readonly settings: unknown;
}

/** Protocol name → its section, for a union of handler settings. */
export type ProtocolTable<THandler extends AnyHandler> = {
  readonly [P in THandler['protocol']]: Section<Extract<THandler, { protocol: P }>['settings']>;
};

/** The two keys that the protocol decides. */
export type ProtocolPart<THandler> = THandler extends { protocol: infer P; settings: infer S }
  ? { readonly protocol: P; readonly settings: S }
  : never;

export function protocolNames<THandler extends AnyHandler>(
  table: ProtocolTable<THandler>,
): readonly THandler['protocol'][] {
  return Object.keys(table) as THandler['protocol'][];
}

/** The protocol's name in our spelling, if it is one we have. */
export function protocolAt<THandler extends AnyHandler>(
  table: ProtocolTable<THandler>,
  place: Place,
): THandler['protocol'] | undefined {
  const lower = textAt(inside(place, 'protocol'))?.toLowerCase();
  return protocolNames(table).find((name) => name === lower);
}

/** Schemas of the members that are checked on their own. */
export function handlerSiblings(section: Section<unknown> | undefined): Readonly<Record<string, AnySchema>> {
  const common = { streamSettings: streamSchema };
  return section === undefined ? common : { ...common, settings: section.schema };
}

/** Reads `settings`; undefined after an error and for an unknown protocol. */
export function readProtocol<THandler extends AnyHandler>(
  table: ProtocolTable<THandler>,
  checker: Checker,
  place: Place,
): ProtocolPart<THandler> | undefined {
  const protocol = protocolAt(table, place);
  if (protocol === undefined) return undefined;
  const settings = table[protocol].read(checker, inside(place, 'settings'));
  if (settings === undefined) return undefined;
  // The table's type ties each name to its settings; the compiler cannot follow a union through an index.
  return { protocol, settings } as unknown as ProtocolPart<THandler>;
}
