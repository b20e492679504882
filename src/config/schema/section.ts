/** A part of the configuration: the shape users write, and how settings are made of it. */
import type * as v from 'valibot';
import type { Checker } from '../check/checker.js';
import type { AnySchema } from '../check/notes.js';
import { orEmptyObject, type Place } from '../check/place.js';

export interface Section<TSettings> {
  readonly schema: AnySchema;
  /** Checks what is at `place` (an empty object if nothing is) and builds; undefined after an error. */
  read(checker: Checker, place: Place): TSettings | undefined;
}

/**
 * `build` makes settings of a valid value, or returns undefined if `examine` has refused it. `examine` reports what a schema cannot express, such as two users of one
 * name; it looks at the text itself and runs even if some values are wrong, so that all problems appear together.
 */
export function section<const TSchema extends AnySchema, TSettings>(
  schema: TSchema,
  build: (value: v.InferOutput<TSchema>, place: Place, checker: Checker) => TSettings | undefined,
  examine?: (place: Place, checker: Checker) => void,
): Section<TSettings> {
  return {
    schema,
    read(checker, place) {
      const solid = orEmptyObject(place);
      const value = checker.check(schema, solid);
      examine?.(solid, checker);
      return value === undefined ? undefined : build(value, solid, checker);
    },
  };
}
