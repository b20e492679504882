/** Finds values that must be unique. */
import type { Checker } from './checker.js';
import type { Place } from './place.js';

/**
 * Calls `report` for every place whose key was seen at an earlier one, with that one's path from `within` on. Keys that
 * are undefined or empty are free. Returns key → index of its first place.
 */
export function eachDuplicate(
  checker: Checker,
  places: readonly Place[],
  keyOf: (place: Place) => string | undefined,
  report: (place: Place, earlierPath: string) => void,
): Map<string, number> {
  const first = new Map<string, number>();
  places.forEach((place, index) => {
    const key = keyOf(place);
    if (key === undefined || key === '') return;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else report(place, checker.problems.pathText(places[earlier]!.path));
  });
  return first;
}
