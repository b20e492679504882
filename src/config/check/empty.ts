/** Whether a value asks for nothing: null, false, 0, empty text, and lists and objects of such values only. */
export function deepEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.every(deepEmpty);
  return typeof value === 'object' && Object.values(value).every(deepEmpty);
}
