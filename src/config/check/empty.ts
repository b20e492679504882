/** Whether a value asks for nothing. */

/** Null, false, 0, empty text, and lists and objects of such values only. */
export function deepEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.every(deepEmpty);
  return typeof value === 'object' && Object.values(value).every(deepEmpty);
}

/** The members of an object by key in lower case; undefined for other values. */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item as unknown]));
}

/** An object of which `harmless` accepts every member, given the key in lower case. False for other values. */
export function everyMember(value: unknown, harmless: (key: string, item: unknown) => boolean): boolean {
  const members = membersOf(value);
  return members !== undefined && [...members].every(([key, item]) => harmless(key, item));
}

/** An object whose `enabled` is not set, whatever else it says. */
export function switchedOff(value: unknown): boolean {
  const members = membersOf(value);
  return members !== undefined && deepEmpty(members.get('enabled'));
}
