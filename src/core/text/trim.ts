/**
 * Text without what stands at its ends. Loops, since an expression such as `/ +$/` begins anew at each blank of a run
 * and takes the square of the run's length.
 */

const space = 0x20;
const tab = 0x09;

/** Without the blanks and tabs around it. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}

/** Without the run of one character at the end. */
export function withoutEnd(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
