/** Names as DNS messages carry them. */
import { domainToASCII } from 'node:url';

/** RFC 1035: 255 bytes with the lengths of its labels, of which one is the root's. */
const maxNameLength = 253;

/** What a label may hold besides letters, digits and hyphens is in use all the same: `_dmarc`, `*`. No dots and no blanks. */
const label = /^[!-\-/-~]{1,63}$/;

/**
 * The form in which a name is asked for and compared: lower case, ASCII, without the final dot. Undefined for what cannot
 * be asked for.
 */
export function queryName(text: string): string | undefined {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  const ascii = /^[\x00-\x7f]*$/.test(bare) ? bare : domainToASCII(bare);
  if (ascii.length === 0 || ascii.length > maxNameLength) return undefined;
  return ascii.split('.').every((each) => label.test(each)) ? ascii.toLowerCase() : undefined;
}
