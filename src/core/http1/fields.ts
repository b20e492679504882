/** Header fields of HTTP/1 messages (RFC 9110 section 5, RFC 9112 section 5). Pure. */
import { trimBlanks } from '../text/trim.js';
import { HttpSyntaxError } from './syntax-error.js';

/** A field as it was written: name in its own case, value without the blanks around it. */
export type Field = readonly [name: string, value: string];

/** RFC 9110 section 5.6.2. */
export const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Everything below a blank but the tab, and DEL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const control = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Reads the lines behind the start line as they must be. Throws HttpSyntaxError 400, which names the line, for anything
 * that two readers might take for two things: folded lines, blanks before a colon, control characters.
 */
export function strictFields(lines: readonly string[]): readonly Field[] {
  const fields: Field[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!token.test(name)) throw notField(index);
    if (control.test(line)) {
      throw new HttpSyntaxError(400, `line ${index + 1} of the head (${name}) holds a control character`);
    }
    fields.push([name, trimBlanks(line.slice(colon + 1))]);
  }
  return fields;
}

/**
 * Reads the lines behind the start line as browsers and Go's HTTP do. For messages that are written anew before anybody
 * else reads them: folded lines are joined, blanks before a colon removed (RFC 9112 section 5.1), control characters
 * turned into blanks (RFC 9110 section 5.5), and fields whose name is none are left out. Throws HttpSyntaxError 400 for
 * a line without a colon.
 */
export function lenientFields(lines: readonly string[]): readonly Field[] {
  const fields: [name: string, value: string][] = [];
  let current: [name: string, value: string] | undefined;
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    const folded = line.startsWith(' ') || line.startsWith('\t');
    if (folded && index > 1) {
      if (current !== undefined) current[1] = `${current[1]} ${lenientValue(line)}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 0 || folded) throw notField(index);
    const name = trimBlanks(line.slice(0, colon));
    current = token.test(name) ? [name, lenientValue(line.slice(colon + 1))] : undefined;
    if (current !== undefined) fields.push(current);
  }
  return fields;
}

function lenientValue(text: string): string {
  return trimBlanks(withoutControls(text));
}

/** With a blank for each control character but the tab. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return control.test(text) ? text.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]/g, ' ') : text;
}

/** `index`: from 0, the start line. The line itself may hold a secret. */
function notField(index: number): HttpSyntaxError {
  return new HttpSyntaxError(400, `line ${index + 1} of the head is not "name: value"`);
}

/** All values of the field `lowerName`, in order. */
export function fieldValues(fields: readonly Field[], lowerName: string): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value);
}

/** The values of the field `lowerName`, joined by `, `; undefined if there is none. */
export function fieldText(fields: readonly Field[], lowerName: string): string | undefined {
  const values = fieldValues(fields, lowerName);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Fields by their names in lower case; the values of a repeated name joined by `, `. */
export function joinedFields(fields: readonly Field[]): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    const earlier = joined.get(lower);
    joined.set(lower, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return joined;
}

/** The comma-separated items of a list field over all its lines, lower case, without empty ones. */
export function fieldList(fields: readonly Field[], lowerName: string): readonly string[] {
  return fieldValues(fields, lowerName)
    .flatMap((value) => value.split(','))
    .map((item) => trimBlanks(item).toLowerCase())
    .filter((item) => item !== '');
}

/** A head as bytes, with its empty line. */
export function encodeHead(startLine: string, fields: readonly Field[]): Uint8Array {
  let text = `${startLine}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}
