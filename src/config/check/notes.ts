/** What a schema says about a value beyond its shape, kept in valibot's metadata so that schemas stay plain. */
import * as v from 'valibot';
import type { Deprecation } from '../deprecation.js';

export interface Unsupported {
  /** A whole statement, such as `routing is not supported by tsray yet`. */
  readonly message: string;
  /** Whether the value asks for nothing and may pass; empty and false values always may. */
  readonly harmless?: (value: unknown) => boolean;
  /** Nothing about where connections go or what is sent depends on it: a warning, whatever the options. */
  readonly comfort?: true;
}

export interface Notes {
  /** An ID or password: messages tell its length only. */
  readonly secret?: true;
  /** What to do if the value is missing. */
  readonly missingHint?: string;
  /** What to do about a string of the right type that is wrong. */
  readonly advise?: (given: string) => string | undefined;
  /** Marks a choice of words, compared without regard to case unless `exactCase`. */
  readonly words?: {
    /** Other spellings, lower case → the word they stand for. */
    readonly aliases: Readonly<Record<string, string>>;
    readonly exactCase: boolean;
    /** Words V2Ray or its relatives know and tsray does not, lower case → statement. */
    readonly unsupported: Readonly<Record<string, string>>;
  };
  /** Nothing of this is supported. */
  readonly unsupported?: Unsupported;
  /** Going on without it would not be the same thing: the handler around it is given up. */
  readonly essential?: true;
  readonly deprecated?: Deprecation;
  /** The value is read later, against a schema that depends on its neighbours. */
  readonly opaque?: true;
}

export type AnySchema = v.GenericSchema;

export function noted<const TSchema extends v.GenericSchema>(schema: TSchema, notes: Notes) {
  return v.pipe(schema, v.metadata({ notes }));
}

/** The parts of a valibot schema object that a walk needs; valibot documents them as public. */
export interface SchemaView {
  readonly type: string;
  readonly message?: unknown;
  readonly entries?: Readonly<Record<string, SchemaView>>;
  readonly wrapped?: SchemaView;
  readonly item?: SchemaView;
  readonly value?: SchemaView;
  readonly options?: readonly unknown[];
  readonly pipe?: readonly { readonly kind: string; readonly type: string; readonly metadata?: unknown }[];
}

export function viewOf(schema: AnySchema): SchemaView {
  return schema as unknown as SchemaView;
}

const optionalTypes = new Set(['optional', 'exact_optional', 'nullish', 'undefinedable', 'nullable']);

export function isOptional(view: SchemaView): boolean {
  return optionalTypes.has(view.type);
}

/** The schema inside `optional(…)`. */
export function unwrap(view: SchemaView): SchemaView {
  let inner = view;
  while (isOptional(inner) && inner.wrapped !== undefined) inner = inner.wrapped;
  return inner;
}

const noNotes: Notes = {};
const notesBySchema = new WeakMap<SchemaView, Notes>();

/** All notes of a schema, those inside `optional(…)` included. */
export function notesOf(view: SchemaView): Notes {
  const known = notesBySchema.get(view);
  if (known !== undefined) return known;
  let notes = view.wrapped === undefined ? noNotes : notesOf(view.wrapped);
  for (const item of view.pipe ?? []) {
    const nested = item as unknown as SchemaView;
    if (item.kind === 'schema' && nested !== view && nested.pipe !== undefined) {
      notes = { ...notes, ...notesOf(nested) };
    }
    if (item.kind === 'metadata' && item.type === 'metadata') {
      notes = { ...notes, ...(item.metadata as { readonly notes?: Notes }).notes };
    }
  }
  notesBySchema.set(view, notes);
  return notes;
}

/** What the schema calls its values: its message, which by convention continues `expected …`. */
export function expectedOf(view: SchemaView): string {
  const { message } = unwrap(view);
  return typeof message === 'string' ? message : 'a value';
}
